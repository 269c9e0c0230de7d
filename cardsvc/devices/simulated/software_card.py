"""A social-security card in software: files, records, security state, and what can go wrong, at APDU level.

What is written is saved at once (``path``), so that a card pulled midway keeps what it had got.
"""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cardsvc.devices.smartcard import layout
from cardsvc.devices.smartcard.apdu import SW
from cardsvc.devices.smartcard.keys import CHALLENGE, CIPHER, FACTOR, test_cipher

_BLANK_CODE_SUFFIX: Final = "00FFFF"
_SELECT, _READ, _UPDATE, _CHALLENGE, _AUTHENTICATE, _MORE = 0xA4, 0xB2, 0xDC, 0x84, 0x82, 0xC0
_BY_NAME: Final = 0x04
_EFS: Final = {layout.EF05, layout.EF06}
_ITEMS: Final = {(item.ef, item.record): item for item in layout.ALL_ITEMS}


class Torn(Exception):
    """The card left the reader in the middle of a command."""


@dataclass(slots=True)
class SoftwareCard:
    """One card. ``application`` is ssse, bank (PBOC only) or none."""

    identification_code: str
    version: str = "3.00"
    application: str = "ssse"
    path: Path | None = None
    records: dict[str, str] = field(default_factory=dict)
    tear_after: int | None = None  # the card is torn away after so many further commands have been carried out
    chain: bool = False  # answer data with 61xx as T=0 cards do
    _authenticated: set[int] = field(default_factory=set)
    _challenge: bytes = b""
    _file: int = 0
    _selected: bool = False
    _pending: bytes = b""

    @property
    def atr(self) -> bytes:
        """3B 6D 00 00 and thirteen historical bytes."""
        return bytes.fromhex("3B6D0000008144") + bytes.fromhex(self.identification_code)[:10]

    def reset(self) -> None:
        """Power up: nothing is selected, nobody has proved a key."""
        self._authenticated.clear()
        self._challenge, self._file, self._selected, self._pending = b"", 0, False, b""

    def apdu(self, command: bytes) -> bytes:
        """Carry out one command and return data and status word; raise Torn."""
        data, sw = self._execute(command)
        if self.tear_after is not None:
            if self.tear_after <= 0:
                self.tear_after = None
                raise Torn
            self.tear_after -= 1
        if self.chain and data and sw == SW.OK and command[1] != _MORE:
            self._pending = data
            return bytes([0x61, len(data) & 0xFF])
        return data + sw.to_bytes(2, "big")

    def save(self) -> None:
        """Write the card's state to its file."""
        if self.path is not None:
            told = {
                "identification_code": self.identification_code,
                "version": self.version,
                "application": self.application,
                "records": self.records,
            }
            part = self.path.with_suffix(".part")
            part.write_text(json.dumps(told))
            part.replace(self.path)

    def _execute(self, command: bytes) -> tuple[bytes, int]:
        if len(command) < 4:  # noqa: PLR2004 - CLA INS P1 P2
            return b"", SW.WRONG_LENGTH
        _cla, ins, p1, p2 = command[:4]
        body = command[5 : 5 + command[4]] if len(command) > 5 else b""  # noqa: PLR2004 - header and Lc
        if ins == _SELECT:
            return self._select(p1, body)
        if ins == _MORE:
            data, self._pending = self._pending, b""
            return data, SW.OK
        if not self._selected:
            return b"", SW.CONDITIONS_NOT_SATISFIED
        if ins == _CHALLENGE:
            self._challenge = secrets.token_bytes(CHALLENGE)
            return self._challenge, SW.OK
        if ins == _AUTHENTICATE:
            return self._authenticate(p2, body)
        if ins == _READ:
            return self._read(p1)
        if ins == _UPDATE:
            return self._update(p1, body)
        return b"", SW.INS_NOT_SUPPORTED

    def _select(self, p1: int, body: bytes) -> tuple[bytes, int]:
        if p1 == _BY_NAME:
            names = {"ssse": layout.SSSE, "bank": layout.PBOC}
            found = names.get(self.application) == body
            self._selected = found and self.application == "ssse"
            self._file = 0
            return b"", SW.OK if found else SW.FILE_NOT_FOUND
        if p1 in {0x00, 0x02} and self._selected:
            ef = int.from_bytes(body, "big")
            if ef in _EFS:
                self._file = ef
                return b"", SW.OK
        return b"", SW.FILE_NOT_FOUND

    def _authenticate(self, kid: int, body: bytes) -> tuple[bytes, int]:
        challenge, self._challenge = self._challenge, b""
        if not challenge or len(body) < CIPHER + FACTOR:
            return b"", SW.CONDITIONS_NOT_SATISFIED
        cipher, factor = body[:CIPHER], body[CIPHER : CIPHER + FACTOR]
        if not secrets.compare_digest(cipher, test_cipher(kid, self.identification_code, challenge, factor)):
            return b"", SW.AUTH_FAILED
        self._authenticated.add(kid)
        return b"", SW.OK

    def _read(self, record: int) -> tuple[bytes, int]:
        item = _ITEMS.get((self._file, record))
        if item is None:
            return b"", SW.RECORD_NOT_FOUND
        if item.ef == layout.EF06 and layout.KID_READ not in self._authenticated:
            return b"", SW.SECURITY_NOT_SATISFIED
        if item is layout.IDENTIFICATION_CODE:
            return layout.encode(item, self.identification_code), SW.OK
        if item is layout.VERSION:
            return layout.encode(item, self.version), SW.OK
        stored = self.records.get(f"{item.tag:02X}")
        if stored is None:
            return bytes([item.tag, item.length]) + b"\0" * item.length, SW.OK
        return bytes.fromhex(stored), SW.OK

    def _update(self, record: int, body: bytes) -> tuple[bytes, int]:
        item = _ITEMS.get((self._file, record))
        if item is None or item in {layout.IDENTIFICATION_CODE, layout.VERSION}:
            return b"", SW.RECORD_NOT_FOUND
        needed = layout.KID_WRITE_HOLDER if item.ef == layout.EF06 else layout.KID_WRITE_CARD
        if needed not in self._authenticated:
            return b"", SW.SECURITY_NOT_SATISFIED
        if len(body) != item.length + 2 or body[0] != item.tag:
            return b"", SW.WRONG_LENGTH
        self.records[f"{item.tag:02X}"] = body.hex()
        self.save()
        return b"", SW.OK


def load(path: Path) -> SoftwareCard:
    """Return the card of a file that ``save`` wrote."""
    told = json.loads(path.read_text())
    return SoftwareCard(
        identification_code=told["identification_code"],
        version=told["version"],
        application=told["application"],
        path=path,
        records=told["records"],
    )


def new_code(region: str, serial: bytes) -> str:
    """Return a 16-byte identification code: region (3 bytes BCD), batch, serial."""
    return (region + _BLANK_CODE_SUFFIX + serial.hex()).ljust(32, "0")[:32].upper()
