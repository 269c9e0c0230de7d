"""Reads ID cards on a SAM reader: find, select, read, newest address, with the repeats a moving card needs.

The port is opened exclusively for each reading and given back after it, so that an unplugged reader
is found again by its path at the next one, and no dead handle is kept.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from cardsvc.devices.base import DeviceState, IdRecord, ReaderBusy, ReaderLost, ReaderSilent, Warned
from cardsvc.devices.idcard.checks import with_checks
from cardsvc.devices.idcard.faults import CardLifted, CardSuspect, NoCard, ReaderFault, ReplyGarbled, WrongCard
from cardsvc.devices.idcard.frames import BAUD_RATES, Command, Reply, Sw
from cardsvc.devices.idcard.layouts import Blocks, LayoutWrong, parse_address, parse_text, split_blocks
from cardsvc.devices.idcard.photo import PhotoDecoder, SimDecoder
from cardsvc.devices.idcard.port import Line, open_line
from cardsvc.devices.idcard.sam import Sam, Timings
from cardsvc.domain.people import DocumentKind
from cardsvc.errors import DeviceFault

log = logging.getLogger(__name__)

_REPEATS: Final = 2  # silent ones, before the clerk is asked to do something
_LINK_REPEATS: Final = 1
_REPLACE: Final = frozenset({Sw.READ_FAILED, Sw.SELECT_FAILED, Sw.CARD_REFUSES_SAM, Sw.RANDOM_NUMBER, Sw.NO_CARD})
_RESTART: Final = frozenset({Sw.NOT_PERMITTED, Sw.UNIDENTIFIED})
_RESET: Final = frozenset({Sw.RANDOM_NUMBER, Sw.UNIDENTIFIED})
_LINK: Final = frozenset({Sw.CHECKSUM, Sw.LENGTH})
_SUSPECT: Final = frozenset({Sw.SAM_REFUSES_CARD, Sw.INFORMATION_CHECK})
_WITH_ADDRESS: Final = frozenset({DocumentKind.RESIDENT, DocumentKind.RESIDENCE_PERMIT})


class _AgainError(Exception):
    """The card may be read at the next try; holds what to say where it is not, and the status."""

    def __init__(self, fault: DeviceFault, sw3: int) -> None:
        super().__init__()
        self.fault = fault
        self.sw3 = sw3


def _today() -> date:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


class SerialIdReader:
    """One resident-ID reader at a serial port, a pseudo-terminal or ``socket://host:port``.

    Safe to share between threads: one reads, others get ReaderBusy after a short wait. ``read`` ends
    within its timeout plus ``timings.card`` and ``timings.lock`` seconds, opening the port included
    but for the rates to try on a reader that does not answer.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = "",
        timings: Timings | None = None,
        decoder: PhotoDecoder | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        today: Callable[[], date] = _today,
    ) -> None:
        self._url = url
        self._name = name or url
        self._timings = timings or Timings()
        self._decoder: PhotoDecoder = decoder or SimDecoder()
        self._clock = clock
        self._sleep = sleep
        self._today = today
        self._lock = threading.Lock()
        self._baud = BAUD_RATES[0]
        self._unsettled = False
        self._module = ""
        self._last_error = ""

    def state(self) -> DeviceState:
        """Return whether the reader answers, its module number and the last fault; never raises.

        While a reading is under way the reader is not asked, and counts as ready.
        """
        if not self._lock.acquire(blocking=False):
            return DeviceState(ready=True, name=self._name, detail=self._module, error=self._last_error)
        try:
            with self._session(within=self._timings.card):
                pass
        except DeviceFault as fault:
            return DeviceState(ready=False, name=self._name, detail=self._module, error=fault.code)
        finally:
            self._lock.release()
        return DeviceState(ready=True, name=self._name, detail=self._module, error=self._last_error)

    def read(self, *, timeout: float) -> IdRecord:
        """Return the card that lies on the reader or is put there within ``timeout`` seconds.

        Raises NoCard, CardLifted, WrongCard, CardSuspect, ReaderFault, ReplyGarbled, and ReaderMissing,
        ReaderLost, ReaderBusy, ReaderSilent or PortForbidden.
        """
        until = self._clock() + timeout
        if not self._lock.acquire(timeout=self._timings.lock):
            raise ReaderBusy(reader=self._name)
        try:
            with self._session(within=max(until - self._clock(), 0) + self._timings.card) as sam:
                record = self._wait_and_read(sam, until, timeout)
        except DeviceFault as fault:
            self._last_error = fault.code
            raise
        finally:
            self._lock.release()
        self._last_error = ""
        return record

    @contextmanager
    def _session(self, *, within: float) -> Iterator[Sam]:
        """Open the port, make sure that the SAM answers and is well, and give the port back at the end."""
        deadline = self._clock() + within
        line = open_line(self._url, baud=self._baud, lock_wait=self._timings.lock, clock=self._clock, sleep=self._sleep)
        sam = Sam(line, reader=self._name, timings=self._timings, clock=self._clock, unsettled=self._unsettled)
        sam.deadline = deadline
        try:
            self._greet(sam, line)
            yield sam
        except ReaderLost:
            self._module = ""  # another one may be plugged in
            raise
        finally:
            self._unsettled = sam.unsettled
            line.close()

    def _greet(self, sam: Sam, line: Line) -> None:
        """Find the rate the SAM talks at, beginning with the last one that worked; check that it is well."""
        rates = [self._baud, self._baud]  # twice: one reply may be lost
        if line.paced:
            rates += [rate for rate in BAUD_RATES if rate != self._baud]
        silent: DeviceFault | None = None
        for rate in rates:
            if rate != self._baud:
                line.set_baud(rate)
            try:
                reply = sam.ask(Command.STATUS)
            except (ReaderSilent, ReplyGarbled) as fault:
                silent = silent or fault
                continue
            self._baud = rate
            self._require_well(reply)
            self._identify(sam)
            return
        raise silent or ReaderSilent(reader=self._name, seconds=self._timings.status)

    def _require_well(self, reply: Reply) -> None:
        if reply.sw3 != Sw.OK:
            raise ReaderFault(sw3=f"{reply.sw3:02X}", module=self._module)

    def _identify(self, sam: Sam) -> None:
        if self._module:
            return
        try:
            reply = sam.ask(Command.MODULE)
        except (ReaderSilent, ReplyGarbled):  # a model without it reads cards all the same
            return
        if reply.sw3 == Sw.OK:
            self._module = module_number(reply.data)

    def _wait_and_read(self, sam: Sam, until: float, timeout: float) -> IdRecord:
        """Search until a card answers, then read it; repeat what a repeat may cure."""
        repeats = links = 0
        last: CardLifted | None = None
        while True:
            try:
                if self._found(sam, last):
                    return self._take(sam)
            except _AgainError as again:
                repeats += 1
                if repeats > _REPEATS or self._clock() >= sam.deadline:
                    raise again.fault from None
                last = again.fault if isinstance(again.fault, CardLifted) else last
                if again.sw3 in _RESET:
                    self._reset(sam)
                self._sleep(self._timings.poll)
            except (ReaderSilent, ReplyGarbled):
                links += 1
                if links > _LINK_REPEATS or self._clock() >= sam.deadline:
                    raise
                self._require_well(sam.ask(Command.STATUS))
            else:
                left = until - self._clock()
                if left <= 0:
                    raise NoCard(seconds=f"{timeout:g}")
                self._sleep(min(self._timings.poll, left))

    def _found(self, sam: Sam, last: CardLifted | None) -> bool:
        """Return whether a card answers; a card that no longer does after a failed try was lifted."""
        reply = sam.ask(Command.FIND)
        if reply.sw3 == Sw.FOUND:
            return True
        if reply.sw3 == Sw.NO_CARD:
            if last is not None:
                raise _AgainError(last, reply.sw3)
            return False
        raise self._verdict(reply)

    def _take(self, sam: Sam) -> IdRecord:
        reply = sam.ask(Command.SELECT)
        if reply.sw3 != Sw.OK:
            raise self._verdict(reply)
        reply = sam.ask(Command.READ)
        if reply.sw3 != Sw.OK:
            raise self._verdict(reply)
        try:
            blocks = split_blocks(reply.data)
            record = parse_text(blocks.text)
        except LayoutWrong:
            raise ReplyGarbled(reader=self._name) from None
        address, warned = self._newest_address(sam, record.kind)
        record = self._with_photo(record, blocks)
        record = with_checks(record, today=self._today(), newest_address=address)
        return replace(record, warnings=record.warnings + warned)

    def _newest_address(self, sam: Sam, kind: DocumentKind) -> tuple[str, tuple[Warned, ...]]:
        """Return the address added last to the card, "" where there is none; a failure is only a warning."""
        if kind not in _WITH_ADDRESS:
            return "", ()
        try:
            reply = sam.ask(Command.READ_ADDRESS)
            if reply.sw3 == Sw.OK:
                return parse_address(reply.data), ()
        except (ReaderSilent, ReplyGarbled, ReaderLost, LayoutWrong):
            return "", (Warned("idcard.address_unread"),)
        return "", () if reply.sw3 in {Sw.ABSENT, Sw.BAD_COMMAND} else (Warned("idcard.address_unread"),)

    def _with_photo(self, record: IdRecord, blocks: Blocks) -> IdRecord:
        """Add the photo, decoded where the desk has a decoder for it; a decoder's failure never stops a reading."""
        try:
            photo = self._decoder.decode(blocks.photo)
        except Exception:  # noqa: BLE001 - a plug-in may fail in any way
            log.warning("photo_decoder_failed", extra={"decoder": type(self._decoder).__name__})
            photo = None
        warned = () if photo is not None else (Warned("idcard.photo_undecoded"),)
        return replace(record, photo=photo, photo_raw=blocks.photo, warnings=record.warnings + warned)

    def _verdict(self, reply: Reply) -> Exception:
        """Return the exception for a status that is not success."""
        sw3 = f"{reply.sw3:02X}"
        if reply.sw3 in _REPLACE:
            return _AgainError(CardLifted(sw3=sw3), reply.sw3)
        if reply.sw3 in _RESTART:
            return _AgainError(ReaderFault(sw3=sw3, module=self._module), reply.sw3)
        if reply.sw3 in _LINK:
            return ReplyGarbled(reader=self._name)
        if reply.sw3 in _SUSPECT:
            return CardSuspect(sw3=sw3)
        if reply.sw3 == Sw.UNKNOWN_TYPE:
            return WrongCard()
        return ReaderFault(sw3=sw3, module=self._module)

    def _reset(self, sam: Sam) -> None:
        try:
            self._require_well(sam.ask(Command.RESET))
        except (ReaderSilent, ReplyGarbled):
            log.warning("reader_reset_unanswered")


def module_number(data: bytes) -> str:
    """Return the SAM's number as vendors print it, from the 16 bytes of a 12 FF reply.

    >>> module_number(bytes.fromhex("05000300" "01000000" "02000000" "03000000"))
    '05.03-1-000000002-000000003'
    """
    parts = [int.from_bytes(data[at : at + 4], "little") for at in (4, 8, 12)]
    return f"{data[0]:02d}.{data[2]:02d}-{parts[0]}-{parts[1]:09d}-{parts[2]:09d}"
