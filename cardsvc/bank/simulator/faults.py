"""How the simulated bank misbehaves, on command and by chance from a seed (numbers of the fault catalogue)."""

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from flask import Response

# What happens to the answer; "before" faults leave the bank's books as they were.
BEFORE: Final = {
    "F01": "connection dropped before commit",
    "F03": "500 before commit",
    "F05": "a proxy's 502 with an HTML body",
    "F06": "429 with Retry-After",
    "F23": "409 in progress",
}
AFTER: Final = {
    "F02": "connection dropped after commit",
    "F04": "500 after commit",
    "F07": "answer cut in the middle after commit",
    "F10": "commit, then stall past the time-out",
    "F11": "garbage instead of JSON after commit",
    "F13": "the answer to another order",
    "F14": "unsigned answer",
}
EVENTS: Final = {"F19": "events sent twice", "F20": "the event before the answer"}
KNOWN: Final = BEFORE | AFTER | EVENTS


@dataclass(slots=True)
class Faults:
    """Rates by fault, and scripted faults for the next requests; thread-safe."""

    rates: dict[str, float] = field(default_factory=dict)
    seed: int = 0
    script: list[str] = field(default_factory=list)
    stall_seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Seed the dice."""
        self._rng = random.Random(self.seed)  # noqa: S311 - chance on purpose, repeatable

    def draw(self) -> str:
        """Return the fault of the next request, "" for none."""
        with self._lock:
            if self.script:
                return self.script.pop(0)
            for name, rate in self.rates.items():
                if name not in EVENTS and self._rng.random() < rate:
                    return name
            return ""

    def of_events(self, name: str) -> bool:
        """Return whether an event fault strikes now."""
        with self._lock:
            return self._rng.random() < self.rates.get(name, 0.0)


def before(name: str) -> Response | None:
    """Return the answer of a fault that strikes before the books are touched, None for any other."""
    if name == "F01":
        return cut(b"", 200)
    if name == "F03":
        return Response("", 500)
    if name == "F05":
        return Response("<html><h1>502 Bad Gateway</h1></html>", 502, content_type="text/html")
    if name == "F06":
        return Response("", 429, {"Retry-After": "1"})
    if name == "F23":
        return Response("", 409)
    return None


def after(name: str, answer: Response) -> Response:
    """Return what becomes of a right answer."""
    body = answer.get_data()
    if name in {"F02", "F07"}:
        return cut(body[: len(body) // 2] if name == "F07" else b"", answer.status_code)
    if name == "F04":
        return Response("", 500)
    if name == "F11":
        return Response(b"\xff{not json", 200, content_type="application/json; charset=gbk")
    return answer


def cut(part: bytes, status: int) -> Response:
    """Return an answer that promises more than comes; the server closes the connection."""

    def pieces() -> Iterator[bytes]:
        yield part
        raise ConnectionAbortedError

    return Response(pieces(), status, {"Content-Length": str(len(part) + 64), "Content-Type": "application/json"})
