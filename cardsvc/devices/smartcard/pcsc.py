"""PC/SC through pyscard's plain layer: a context and an exclusive connection for each operation.

The plain ``scard`` functions return codes; pyscard's objects raise from two unrelated exception trees and keep one
global context that stays broken after a restart of the service. A context of our own for each operation costs
under a millisecond and survives pcscd being restarted between two of them.
"""

import fnmatch
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from cardsvc.devices.base import ReaderBusy, ReaderLost, ReaderMissing
from cardsvc.devices.smartcard.faults import CardPulled, MuteCard, NoCard, ServiceDown
from cardsvc.devices.smartcard.keys import KeyService
from cardsvc.devices.smartcard.reader import DEADLINE, ConnectedReader, closing_quietly
from cardsvc.devices.smartcard.sscard import SocialSecurityCard
from cardsvc.errors import DeviceFault

# Result codes of PC/SC by what they mean to the teller.
_DOWN: Final = frozenset({0x8010001D, 0x8010001E, 0x80100013, 0x80100003})
_NO_READER: Final = frozenset({0x8010002E, 0x80100009})
_READER_GONE: Final = frozenset({0x80100017})
_TAKEN: Final = frozenset({0x8010000B})
_EMPTY: Final = frozenset({0x8010000C})
_MUTE: Final = frozenset({0x80100066, 0x80100067, 0x8010000F})
_TIMEOUT: Final = 0x8010000A


class PcscCardReader(ConnectedReader):
    """The first reader whose name matches a pattern (``*`` and ``?``, anywhere in the name)."""

    def __init__(self, pattern: str, *, keys: KeyService, deadline: float = DEADLINE) -> None:
        super().__init__(deadline=deadline)
        self.name = pattern
        self._keys = keys

    def probe(self) -> str:
        """Return the whole name of the reader; raise ServiceDown or ReaderMissing."""
        with _context() as (api, context):
            return self._find(api, context)

    @contextmanager
    def connection(self) -> Iterator[SocialSecurityCard]:
        """Take the card for ourselves alone; a reset at the end makes it forget what was proved to it."""
        with _context() as (api, context):
            reader = self._find(api, context)
            code, handle, protocol = api.SCardConnect(
                context, reader, api.SCARD_SHARE_EXCLUSIVE, api.SCARD_PROTOCOL_T0 | api.SCARD_PROTOCOL_T1
            )
            if code:
                raise fault_of(code, self.name)
            transport = _Transport(api, handle, protocol, self.name)
            with closing_quietly(lambda: api.SCardDisconnect(handle, api.SCARD_RESET_CARD)):
                yield SocialSecurityCard(transport, self._keys, atr=transport.atr())

    def _find(self, api: Any, context: Any) -> str:
        code, names = api.SCardListReaders(context, [])
        if code:
            raise fault_of(code, self.name)
        for name in names:
            if fnmatch.fnmatch(name, f"*{self.name}*"):
                return str(name)
        raise ReaderMissing(reader=self.name)


class _Transport:
    """One exclusive connection."""

    def __init__(self, api: Any, handle: Any, protocol: int, name: str) -> None:
        self._api = api
        self._handle = handle
        self._protocol = protocol
        self._name = name

    def atr(self) -> bytes:
        code, _reader, _state, _protocol, atr = self._api.SCardStatus(self._handle)
        if code:
            raise fault_of(code, self._name, midway=True)
        return bytes(atr)

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        pci = self._api.SCARD_PCI_T0 if self._protocol == self._api.SCARD_PROTOCOL_T0 else self._api.SCARD_PCI_T1
        code, answer = self._api.SCardTransmit(self._handle, pci, list(apdu))
        if code:
            raise fault_of(code, self._name, midway=True)
        if len(answer) < 2:  # noqa: PLR2004 - success without a status word: the card was pulled in this moment
            raise CardPulled
        return bytes(answer[:-2]), answer[-2] << 8 | answer[-1]


@contextmanager
def _context() -> Iterator[tuple[Any, Any]]:
    try:
        from smartcard import scard
    except ImportError:
        raise ServiceDown(why="pyscard is not installed") from None
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    if code:
        raise fault_of(code, "")
    with closing_quietly(lambda: scard.SCardReleaseContext(context)):
        yield scard, context


def list_readers() -> list[str]:
    """Return the names of all PC/SC readers; raise ServiceDown."""
    with _context() as (api, context):
        code, names = api.SCardListReaders(context, [])
        if code & 0xFFFFFFFF in _NO_READER:
            return []
        if code:
            raise fault_of(code, "")
        return [str(name) for name in names]


def fault_of(code: int, name: str, *, midway: bool = False) -> DeviceFault:
    """Return the fault a PC/SC result code means; ``midway``: after a connection was made."""
    known = code & 0xFFFFFFFF
    told = f"{known:08X}"
    if known in _DOWN:
        return ServiceDown(hresult=told)
    if known in _NO_READER:
        return ReaderMissing(reader=name, hresult=told)
    if known in _READER_GONE:
        return ReaderLost(reader=name, hresult=told)
    if known in _TAKEN:
        return ReaderBusy(reader=name, hresult=told)
    if midway:
        return CardPulled(hresult=told)
    if known in _EMPTY or known == 0x80100069:  # noqa: PLR2004 - removed before we connected
        return NoCard(hresult=told)
    if known in _MUTE:
        return MuteCard(hresult=told)
    return CardPulled(hresult=told)
