"""Command APDUs (ISO/IEC 7816-4), short form only: social-security traffic needs no more."""

from enum import IntEnum
from typing import Final, Protocol

_MAX_DATA: Final = 255
_MORE: Final = 0x61
_WRONG_LE: Final = 0x6C
_GET_RESPONSE: Final = 0xC0


class SW(IntEnum):
    """Status words by name."""

    OK = 0x9000
    WRONG_LENGTH = 0x6700
    SECURITY_NOT_SATISFIED = 0x6982
    AUTH_BLOCKED = 0x6983
    CONDITIONS_NOT_SATISFIED = 0x6985
    WRONG_DATA = 0x6A80
    FILE_NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    WRONG_P1P2 = 0x6A86
    KEY_NOT_FOUND = 0x6A88
    INS_NOT_SUPPORTED = 0x6D00
    CLA_NOT_SUPPORTED = 0x6E00
    AUTH_FAILED = 0x6300


class Transport(Protocol):
    """A powered card: one command in, data and status word out; raises DeviceFault."""

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """Send one command APDU, return (data, SW1SW2)."""
        ...


def command(cla: int, ins: int, p1: int, p2: int, data: bytes = b"", le: int | None = None) -> bytes:
    """Return a short command APDU; ``le`` 0 means 256.

    >>> command(0x00, 0xB2, 0x01, 0x04, le=0).hex()
    '00b2010400'
    """
    if len(data) > _MAX_DATA:
        raise ValueError(f"{len(data)} bytes do not fit a short APDU")
    body = bytes([len(data)]) + data if data else b""
    tail = b"" if le is None else bytes([le])
    return bytes([cla, ins, p1, p2]) + body + tail


class Chained:
    """A transport that fetches what 61xx announces and repeats with the length that 6Cxx asks for."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """Send one command and return the whole answer."""
        data, sw = self._inner.transmit(apdu)
        if sw >> 8 == _WRONG_LE:
            data, sw = self._inner.transmit(apdu[:-1] + bytes([sw & 0xFF]))
        whole = bytearray(data)
        for _ in range(256):
            if sw >> 8 != _MORE:
                break
            data, sw = self._inner.transmit(command(apdu[0] & 0xFC, _GET_RESPONSE, 0, 0, le=sw & 0xFF))
            whole += data
        return bytes(whole), sw
