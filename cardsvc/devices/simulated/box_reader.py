"""A reader without PC/SC: the card box's socket as transport, for machines where no PC/SC service can run."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from cardsvc.devices.base import ReaderMissing
from cardsvc.devices.smartcard.faults import CardPulled, NoCard
from cardsvc.devices.smartcard.keys import KeyService
from cardsvc.devices.smartcard.reader import DEADLINE, ConnectedReader
from cardsvc.devices.smartcard.sscard import SocialSecurityCard

_PATIENCE: Final = 10.0


class BoxCardReader(ConnectedReader):
    """Talks to a ``CardBox`` in whatever process it lives."""

    def __init__(self, control: Path, *, keys: KeyService, deadline: float = DEADLINE) -> None:
        super().__init__(deadline=deadline)
        self.name = "simulated card box"
        self._control = control
        self._keys = keys

    def probe(self) -> str:
        """Return the name where the box answers; raise ReaderMissing."""
        ask(self._control, state=True)
        return self.name

    @contextmanager
    def connection(self) -> Iterator[SocialSecurityCard]:
        """Power the card in the box up."""
        with _Line(self._control) as line:
            atr = line.ask(power=True).get("atr")
            if not isinstance(atr, str):
                raise NoCard
            yield SocialSecurityCard(line, self._keys, atr=bytes.fromhex(atr))


class _Line:
    """One connection to the box's socket; a transport once the card is powered."""

    def __init__(self, control: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_PATIENCE)
        try:
            self._socket.connect(str(control))
        except OSError:
            self._socket.close()
            raise ReaderMissing(reader="card box") from None
        self._file = self._socket.makefile("rwb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def ask(self, **request: object) -> dict[str, Any]:
        try:
            self._file.write(json.dumps(request).encode() + b"\n")
            self._file.flush()
            line = self._file.readline()
        except OSError:
            raise ReaderMissing(reader="card box") from None
        if not line:
            raise ReaderMissing(reader="card box")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        reply = self.ask(apdu=apdu.hex())
        if "response" not in reply:
            raise CardPulled
        answer = bytes.fromhex(reply["response"])
        return answer[:-2], int.from_bytes(answer[-2:], "big")


def ask(control: Path, **request: object) -> dict[str, Any]:
    """Send one request to a box and return its reply; raise ReaderMissing."""
    with _Line(control) as line:
        return line.ask(**request)
