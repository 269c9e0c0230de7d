"""What can be made to go wrong at a simulated resident-ID reader."""

from dataclasses import dataclass, fields, replace
from typing import Any, Final

from cardsvc.devices.idcard.frames import BAUD_RATES, Command, Sw
from cardsvc.errors import InvalidInput

# condition → (at which commands, what the SAM says)
CONDITIONS: Final[dict[str, tuple[frozenset[Command], Sw]]] = {
    "none": (frozenset(), Sw.OK),
    "half": (frozenset({Command.READ, Command.READ_FINGERPRINT}), Sw.READ_FAILED),
    "select": (frozenset({Command.SELECT}), Sw.SELECT_FAILED),
    "refused": (frozenset({Command.SELECT}), Sw.CARD_REFUSES_SAM),
    "random": (frozenset({Command.SELECT}), Sw.RANDOM_NUMBER),
    "wrong": (frozenset({Command.SELECT}), Sw.UNKNOWN_TYPE),
    "suspect": (frozenset({Command.READ, Command.READ_FINGERPRINT}), Sw.SAM_REFUSES_CARD),
    "damaged": (frozenset({Command.READ, Command.READ_FINGERPRINT}), Sw.INFORMATION_CHECK),
    "selftest": (frozenset(Command), Sw.SELF_TEST),
    "unauthorised": (frozenset(Command), Sw.UNAUTHORISED),
}


@dataclass(frozen=True, slots=True)
class SimFaults:
    """What goes wrong, and how often; the counts run down with each reply they spoil."""

    condition: str = "none"  # one of CONDITIONS
    condition_times: int = -1  # how often the condition shows, -1 = always
    at: str = ""  # the counts below spoil only replies to this Command (by name), "" = to any
    drop: int = 0  # replies never sent
    late: int = 0  # replies sent late_seconds after they were due
    late_seconds: float = 0.0
    corrupt: int = 0  # replies with one byte flipped
    cut: int = 0  # replies broken off in the middle
    wrong_shape: int = 0  # replies that belong to another command
    garbage: bytes = b""  # sent before every reply
    chunk: int = 0  # bytes per write, 0 = all at once
    baud: int = 0  # 0 = any rate and no pacing; else the client must talk at it, and replies take their time
    latency: float = 0.0  # seconds before each reply
    lift_at: str = ""  # the card is taken away when this Command (by name) arrives
    unplug_at: str = ""  # the reader is unplugged when this Command (by name) arrives
    repeat: bool = True  # whether a card that was read and still lies there is found again
    address_prefixed: bool = False  # the newest address comes behind its length

    def changed(self, given: dict[str, object]) -> "SimFaults":
        """Return the faults with the values of a JSON object; raise InvalidInput."""
        kinds = {entry.name: type(getattr(self, entry.name)) for entry in fields(self)}
        values: dict[str, Any] = {}
        for key, value in given.items():
            if key == "garbage" and isinstance(value, str):
                values[key] = bytes.fromhex(value) if _is_hex(value) else value.encode()
            elif key not in kinds:
                raise InvalidInput(field=key, reason="unknown fault")
            elif kinds[key] is float and isinstance(value, int | float):
                values[key] = float(value)
            elif type(value) is not kinds[key]:
                raise InvalidInput(field=key, reason=f"not {kinds[key].__name__}")
            else:
                values[key] = value
        if values.get("condition", "none") not in CONDITIONS:
            raise InvalidInput(field="condition", reason="one of " + ", ".join(CONDITIONS))
        if values.get("baud", 0) not in {0, *BAUD_RATES}:
            raise InvalidInput(field="baud", reason="0 or one of " + ", ".join(map(str, BAUD_RATES)))
        for key in ("at", "lift_at", "unplug_at"):
            if values.get(key) and values[key] not in Command.__members__:
                raise InvalidInput(field=key, reason="one of " + ", ".join(Command.__members__))
        return replace(self, **values)


def _is_hex(text: str) -> bool:
    try:
        bytes.fromhex(text)
    except ValueError:
        return False
    return True
