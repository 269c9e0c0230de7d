"""One conversation with a SAM: a command, its reply, and order kept between them.

Replies carry neither a number nor the command's echo. A reply that comes after its time-out would be
taken for the answer to the next command, so after every time-out the line is drained until it has
been quiet, and each reply must have a status and a length its command can give.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from cardsvc.devices.base import ReaderSilent
from cardsvc.devices.idcard.faults import ReplyGarbled
from cardsvc.devices.idcard.frames import Command, FrameBuffer, Reply, Sw, pack, unpack_reply
from cardsvc.devices.idcard.layouts import ADDRESS_BYTES, PHOTO_BYTES, TEXT_BYTES
from cardsvc.devices.idcard.port import Line

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds. The defaults follow field code and vendors' manuals; real latencies are not published."""

    status: float = 0.5
    find: float = 1.0
    select: float = 1.0
    read: float = 4.0
    address: float = 1.0
    gap: float = 0.2  # between two bytes of one frame
    quiet: float = 0.2  # silence after which a late reply is over
    poll: float = 0.3  # between two searches; vendors ask for at least this
    lock: float = 0.5  # for another user of the reader to finish
    card: float = 6.0  # find, select and read of one card, all repeats included

    def of(self, command: Command) -> float:
        """Return how long the reply to ``command`` may take."""
        return {
            Command.FIND: self.find,
            Command.SELECT: self.select,
            Command.READ: self.read,
            Command.READ_FINGERPRINT: self.read,
            Command.READ_ADDRESS: self.address,
        }.get(command, self.status)


_FULL: Final = range(4 + TEXT_BYTES, 4096)
_ON_CARD: Final = frozenset(
    {Command.FIND, Command.SELECT, Command.READ, Command.READ_FINGERPRINT, Command.READ_ADDRESS}
)
# command → length of the data a good reply has
_GOOD: Final[dict[Command, tuple[Sw, range]]] = {
    Command.RESET: (Sw.OK, range(1)),
    Command.STATUS: (Sw.OK, range(1)),
    Command.MODULE: (Sw.OK, range(16, 17)),
    Command.FIND: (Sw.FOUND, range(4, 5)),
    Command.SELECT: (Sw.OK, range(8, 9)),
    Command.READ: (Sw.OK, _FULL),
    Command.READ_FINGERPRINT: (Sw.OK, _FULL),
    Command.READ_ADDRESS: (Sw.OK, range(ADDRESS_BYTES, ADDRESS_BYTES + 3)),
    Command.SET_BAUD: (Sw.OK, range(1)),
}
_ANY_TIME: Final = frozenset({Sw.CHECKSUM, Sw.LENGTH, Sw.BAD_COMMAND, Sw.UNIDENTIFIED, Sw.SELF_TEST, Sw.UNAUTHORISED})

assert PHOTO_BYTES + TEXT_BYTES in _FULL  # noqa: S101 - a slip in the table above, found at import


def may_answer(command: Command, reply: Reply) -> bool:
    """Return whether ``reply`` can be the answer to ``command``; a late one to another command mostly cannot."""
    status, lengths = _GOOD[command]
    if reply.sw3 == status:
        return len(reply.data) in lengths
    if reply.data or reply.sw3 in {Sw.OK, Sw.FOUND}:
        return False
    return command in _ON_CARD or reply.sw3 in _ANY_TIME


class Sam:
    """Asks commands on an open line, one at a time."""

    def __init__(
        self,
        line: Line,
        *,
        reader: str,
        timings: Timings,
        clock: Callable[[], float] = time.monotonic,
        unsettled: bool = False,
    ) -> None:
        self._line = line
        self._reader = reader
        self._timings = timings
        self._clock = clock
        self._buffer = FrameBuffer()
        self.unsettled = unsettled  # a reply may still be under way
        self.deadline = float("inf")  # moment after which nothing is waited for

    def ask(self, command: Command) -> Reply:
        """Return the reply; raise ReaderSilent, ReplyGarbled or ReaderLost."""
        self._settle()
        started = self._clock()
        limit = self._timings.of(command)
        until = min(started + limit, self.deadline)
        if until <= started:
            raise ReaderSilent(reader=self._reader, seconds=limit)
        self._line.write(pack(command))
        noise = False
        while (left := until - self._clock()) > 0:
            mid_frame = self._buffer.begun or self._buffer.damaged > 0
            chunk = self._line.read(min(left, self._timings.gap) if mid_frame else left)
            frames = self._buffer.feed(chunk) if chunk else self._buffer.give_up()
            noise = noise or bool(chunk)
            reply = self._pick(command, frames)
            if reply is not None:
                self._trace(command, reply, started)
                return reply
            if mid_frame and not chunk:
                break  # half duplex: behind a damaged or broken-off reply nothing more will come
        self.unsettled = True
        self._trace(command, None, started)
        if noise:
            raise ReplyGarbled(reader=self._reader)
        raise ReaderSilent(reader=self._reader, seconds=limit)

    def _pick(self, command: Command, frames: Iterable[bytes]) -> Reply | None:
        """Return the first frame that can answer; others are late replies and dropped."""
        for content in frames:
            reply = unpack_reply(content)
            if reply is not None and may_answer(command, reply):
                return reply
            self.unsettled = True
        return None

    def _settle(self) -> None:
        """Drain the line until it has been quiet, if a reply may still be under way."""
        self._buffer.clear()
        if not self.unsettled:
            return
        cap = min(self._clock() + self._timings.read, self.deadline)
        while (left := cap - self._clock()) > 0:
            if not self._line.read(min(left, self._timings.quiet)):
                break
        self.unsettled = False

    def _trace(self, command: Command, reply: Reply | None, started: float) -> None:
        """Log kind, length, status and time of an exchange; never its bytes, which are personal."""
        log.debug(
            "sam_exchange",
            extra={
                "command": command.name,
                "sw3": None if reply is None else f"{reply.sw3:02X}",
                "length": 0 if reply is None else len(reply.data),
                "ms": round((self._clock() - started) * 1000),
            },
        )
