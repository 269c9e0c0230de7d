"""Frames of the SAM_V / SAM_A serial protocol: pure bytes, no port, no clock.

::

    host → SAM   AA AA AA 96 69 | LenH LenL | CMD Para | data … | CHK
    SAM → host   AA AA AA 96 69 | LenH LenL | SW1 SW2 SW3 | data … | CHK

Len is big-endian and counts everything after itself, CHK included; CHK is the XOR of every byte
after the preamble but itself. There is no sequence number, no echo of the command and no escaping:
the preamble may legally occur inside data. Source: published vendor vectors, repeated byte for byte
in the tests.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from functools import reduce
from operator import xor
from typing import Final

PREAMBLE: Final = bytes.fromhex("AAAAAA9669")
MIN_LENGTH: Final = 3  # CMD, Para, CHK
MAX_LENGTH: Final = 4096  # no published frame exceeds 2314; a longer length field is noise
_HEAD: Final = len(PREAMBLE) + 2
_STATUS_WORDS: Final = 3


class Command(bytes, Enum):
    """CMD and Para of the requests in use."""

    RESET = bytes.fromhex("10FF")
    STATUS = bytes.fromhex("11FF")
    MODULE = bytes.fromhex("12FF")
    FIND = bytes.fromhex("2001")
    SELECT = bytes.fromhex("2002")
    READ = bytes.fromhex("3001")  # text and photo
    READ_FINGERPRINT = bytes.fromhex("3010")  # text, photo and fingerprints: only where the purpose needs them
    READ_ADDRESS = bytes.fromhex("3003")  # newest added address
    SET_BAUD = bytes.fromhex("60")  # Para is the index into BAUD_RATES; stored by the reader for good


BAUD_RATES: Final = (115200, 57600, 38400, 19200, 9600)


class Sw(IntEnum):
    """SW3, the SAM's own status."""

    OK = 0x90
    FOUND = 0x9F
    ABSENT = 0x91  # no such item on this card
    CHECKSUM = 0x10  # what the SAM received was damaged
    LENGTH = 0x11
    BAD_COMMAND = 0x21
    NOT_PERMITTED = 0x23
    UNIDENTIFIED = 0x24
    CARD_REFUSES_SAM = 0x31
    SAM_REFUSES_CARD = 0x32
    INFORMATION_CHECK = 0x33
    UNKNOWN_TYPE = 0x40
    READ_FAILED = 0x41
    RANDOM_NUMBER = 0x47
    SELF_TEST = 0x60
    UNAUTHORISED = 0x66
    NO_CARD = 0x80
    SELECT_FAILED = 0x81


@dataclass(frozen=True, slots=True)
class Reply:
    """What the SAM answered; ``data`` is personal and never shown."""

    sw1: int
    sw2: int
    sw3: int
    data: bytes = field(default=b"", repr=False)


def checksum(body: bytes) -> int:
    """Return the XOR of length bytes and content.

    >>> hex(checksum(bytes.fromhex("00032001")))
    '0x22'
    """
    return reduce(xor, body, 0)


def pack(content: bytes) -> bytes:
    """Return the frame around ``content`` (everything between length and checksum).

    >>> pack(Command.FIND).hex()
    'aaaaaa96690003200122'
    """
    body = (len(content) + 1).to_bytes(2, "big") + content
    return PREAMBLE + body + bytes([checksum(body)])


def pack_reply(reply: Reply) -> bytes:
    """Return the frame a SAM sends for ``reply``."""
    return pack(bytes([reply.sw1, reply.sw2, reply.sw3]) + reply.data)


def unpack_reply(content: bytes) -> Reply | None:
    """Return the reply in a frame's content, None where it is too short to hold the status words."""
    if len(content) < _STATUS_WORDS:
        return None
    return Reply(content[0], content[1], content[2], content[_STATUS_WORDS:])


class FrameBuffer:
    """Cuts a byte stream into frames' contents; noise, false preambles and damaged frames are stepped over."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.damaged = 0  # frames with a wrong checksum or an impossible length so far

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Add ``chunk`` and yield the content of every frame that is now whole and right."""
        self._bytes += chunk
        while (content := self._next()) is not None:
            yield content

    @property
    def begun(self) -> bool:
        """Whether a frame has begun and the rest is awaited."""
        return self._bytes.startswith(PREAMBLE)

    def give_up(self) -> Iterator[bytes]:
        """Treat the frame that has begun as noise, and yield whole frames found behind its preamble."""
        if self.begun:
            self._discard_preamble()
        while (content := self._next()) is not None or self.begun:
            if content is None:
                self._discard_preamble()
            else:
                yield content

    def clear(self) -> None:
        """Forget everything received."""
        self._bytes.clear()
        self.damaged = 0

    def _next(self) -> bytes | None:
        while True:
            self._step_to_preamble()
            if len(self._bytes) < _HEAD:
                return None
            length = int.from_bytes(self._bytes[len(PREAMBLE) : _HEAD], "big")
            if not MIN_LENGTH <= length <= MAX_LENGTH:
                self._discard_preamble()
                continue
            end = _HEAD + length
            if len(self._bytes) < end:
                return None
            body = bytes(self._bytes[len(PREAMBLE) : end])
            if checksum(body):  # content and its own check byte cancel out
                self._discard_preamble()
                continue
            del self._bytes[:end]
            return body[2:-1]

    def _discard_preamble(self) -> None:
        self.damaged += 1
        del self._bytes[:1]
        self._step_to_preamble()

    def _step_to_preamble(self) -> None:
        start = self._bytes.find(PREAMBLE)
        if start < 0:  # a preamble may be cut by the end of the chunk: keep what could be its first bytes
            start = len(self._bytes) - next(
                (size for size in range(len(PREAMBLE) - 1, 0, -1) if self._bytes.endswith(PREAMBLE[:size])), 0
            )
        del self._bytes[:start]
