"""A resident-ID reader on a pseudo-terminal: the SAM's side of the protocol, byte by byte, with faults on demand.

One thread serves the master side; it only ever touches descriptors it opened itself. The slave stays
open on our side as well, or the master would fail with EIO between two clients. Where the documents
are silent, what a real SAM does is assumed: read without select gives 23, a foreign card 40 on select.
"""

import os
import select
import termios
import threading
import time
import tty
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

from cardsvc.devices.idcard.frames import BAUD_RATES, Command, FrameBuffer, Reply, Sw, pack_reply
from cardsvc.devices.idcard.layouts import join_blocks
from cardsvc.devices.simulated.id_cards import SimPerson, build_address, build_blocks, default_person
from cardsvc.devices.simulated.id_faults import CONDITIONS, SimFaults

MODULE: Final = bytes.fromhex("05000300") + b"".join(part.to_bytes(4, "little") for part in (20200101, 1, 42))
_SERVE: Final = 0.5  # a stuck client is given up after this
_CALL: Final = 5.0
_GAP: Final = 0.2  # between two bytes of one command
_SPEEDS: Final = {getattr(termios, f"B{rate}"): rate for rate in BAUD_RATES}


class SimulatedIdReader:
    """A reader to plug in: ``start`` opens its pseudo-terminal, ``link`` (if given) points to it."""

    def __init__(self, link: Path | None = None, *, person: SimPerson | None = None, **faults: Any) -> None:
        self._link = link
        self._person = person
        self._faults = SimFaults(**faults)
        self._lock = threading.Lock()
        self._wake_read = self._wake_write = self._master = self._slave = -1
        self._slave_path = ""
        self._calls: list[tuple[Callable[[], None], Future[None]]] = []
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._buffer = FrameBuffer()
        self._heard_at = 0.0
        self._found = self._selected = self._was_read = False
        self.seen: list[str] = []  # names of the commands received

    # what a person at the counter does

    def place(self, person: SimPerson | None) -> None:
        """Put a card on the plate (the default person's for None), as if lifted and laid down anew."""
        with self._lock:
            self._person = person or default_person()
            self._found = self._selected = self._was_read = False

    def remove(self) -> None:
        """Take the card away."""
        with self._lock:
            self._person = None
            self._found = self._selected = self._was_read = False

    @property
    def person(self) -> SimPerson | None:
        """The person whose card lies on the plate."""
        return self._person

    @property
    def faults(self) -> SimFaults:
        """What goes wrong at present."""
        return self._faults

    def fail(self, /, **faults: object) -> None:
        """Change what goes wrong; names and values as in SimFaults; raise InvalidInput."""
        with self._lock:
            self._faults = self._faults.changed(dict(faults))

    def heal(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._faults = SimFaults()

    # the cable

    @property
    def path(self) -> str:
        """Where to reach the reader: the link, or the pseudo-terminal's own path."""
        return str(self._link) if self._link is not None else self._slave_path

    def start(self) -> Self:
        """Open the pseudo-terminal and serve it; raise FileExistsError where the link's place is taken."""
        self._wake_read, self._wake_write = os.pipe()
        try:
            self._plug()
        except BaseException:
            self._close_wake()
            raise
        self._stopping.clear()
        self._thread = threading.Thread(target=self._serve, name="sim-id-reader", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving, close everything and remove the link; harmless when repeated."""
        if self._thread is None:
            return
        self._stopping.set()
        os.write(self._wake_write, b"x")
        self._thread.join()
        self._thread = None
        self._unplug()
        self._close_wake()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def unplug(self) -> None:
        """Pull the cable: clients see the port vanish, the link is gone."""
        self._call(self._unplug)

    def replug(self) -> None:
        """Put the cable back: a new pseudo-terminal, the link pointing to it."""
        self._call(lambda: self._plug() if self._master < 0 else None)

    def _call(self, action: Callable[[], None]) -> None:
        """Have the serving thread do ``action``: only it opens and closes the pseudo-terminal."""
        future: Future[None] = Future()
        with self._lock:
            self._calls.append((action, future))
        os.write(self._wake_write, b"x")
        future.result(timeout=_CALL)

    def _plug(self) -> None:
        master, slave = os.openpty()
        try:
            tty.setraw(slave)
            os.set_blocking(master, False)
            self._slave_path = os.ttyname(slave)
            if self._link is not None:
                _point(self._link, self._slave_path)
        except BaseException:
            os.close(master)
            os.close(slave)
            raise
        self._master, self._slave = master, slave
        self._buffer.clear()
        self._found = self._selected = self._was_read = False

    def _unplug(self) -> None:
        if self._master < 0:
            return
        if self._link is not None and self._link.is_symlink() and str(self._link.readlink()) == self._slave_path:
            self._link.unlink()
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def _close_wake(self) -> None:
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._wake_read = self._wake_write = -1

    # the SAM

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._run_calls()
            watched = [self._wake_read] + ([self._master] if self._master >= 0 else [])
            ready, _, _ = select.select(watched, [], [])
            if self._wake_read in ready:
                os.read(self._wake_read, 64)
            if self._master >= 0 and self._master in ready:
                self._receive()
        self._run_calls()

    def _run_calls(self) -> None:
        with self._lock:
            calls, self._calls = self._calls, []
        for action, future in calls:
            try:
                action()
            except OSError as error:
                future.set_exception(error)
            else:
                future.set_result(None)

    def _receive(self) -> None:
        try:
            chunk = os.read(self._master, 4096)
        except OSError:  # between two clients on some kernels
            self._stopping.wait(0.01)
            return
        if not self._hears():
            return
        if time.monotonic() - self._heard_at > _GAP:  # a command that broke off is over
            self._buffer.clear()
        self._heard_at = time.monotonic()
        for content in self._buffer.feed(chunk):
            if self._master >= 0:
                self._answer(content)
        if self._buffer.damaged and self._master >= 0:
            self._buffer.damaged = 0
            self._send(pack_reply(Reply(0, 0, Sw.CHECKSUM)), "")

    def _hears(self) -> bool:
        """Return whether the client talks at our rate."""
        rate = self._faults.baud
        return rate == 0 or _SPEEDS.get(termios.tcgetattr(self._slave)[5]) == rate

    def _answer(self, content: bytes) -> None:
        name, command = _name_of(content)
        self.seen.append(name)
        with self._lock:
            if self._faults.lift_at == name:
                self._faults = replace(self._faults, lift_at="")
                self._person = None
            unplugged = self._faults.unplug_at == name
            if unplugged:
                self._faults = replace(self._faults, unplug_at="")
            reply = self._reply(command) if command is not None else Reply(0, 0, Sw.BAD_COMMAND)
        if unplugged:
            self._unplug()
            return
        if self._faults.latency:
            self._stopping.wait(self._faults.latency)
        self._send(pack_reply(reply), name)
        if command is Command.SET_BAUD and content[1] < len(BAUD_RATES) and self._faults.baud:
            self.fail(baud=BAUD_RATES[content[1]])  # only after the reply went out at the old rate

    def _reply(self, command: Command) -> Reply:
        """Return the SAM's answer and take its state along."""
        where, status = CONDITIONS[self._faults.condition]
        on_card = command not in {Command.RESET, Command.STATUS, Command.MODULE, Command.SET_BAUD}
        if command in where and (self._person is not None or not on_card) and self._faults.condition_times:
            self._faults = replace(self._faults, condition_times=max(self._faults.condition_times - 1, -1))
            self._found = self._selected = False
            return Reply(0, 0, status)
        if command is Command.MODULE:
            return Reply(0, 0, Sw.OK, MODULE)
        return self._card_reply(command) if on_card else Reply(0, 0, Sw.OK)

    def _card_reply(self, command: Command) -> Reply:
        person = self._person
        if person is None:
            return Reply(0, 0, Sw.NO_CARD if command is Command.FIND else _gone(command))
        if command is Command.FIND:
            self._selected = False
            self._found = self._faults.repeat or not self._was_read
            return Reply(0, 0, Sw.FOUND, bytes(4)) if self._found else Reply(0, 0, Sw.NO_CARD)
        if command is Command.SELECT:
            self._selected = self._found
            return Reply(0, 0, Sw.OK, bytes(8)) if self._selected else Reply(0, 0, Sw.SELECT_FAILED)
        if not self._selected:
            return Reply(0, 0, Sw.NOT_PERMITTED)
        if command is Command.READ_ADDRESS:
            address = build_address(person)
            if address and self._faults.address_prefixed:
                address = len(address).to_bytes(2, "big") + address
            return Reply(0, 0, Sw.OK, address) if address else Reply(0, 0, Sw.ABSENT)
        self._was_read = True
        blocks = build_blocks(person)
        return Reply(0, 0, Sw.OK, join_blocks(blocks, fingerprint=command is Command.READ_FINGERPRINT))

    def _send(self, frame: bytes, name: str) -> None:
        """Send ``frame`` spoilt as the faults say."""
        faults = self._faults
        spoilable = faults.at in {"", name}
        if spoilable and self._used("drop"):
            return
        if spoilable and self._used("late"):
            self._stopping.wait(faults.late_seconds)
        if spoilable and self._used("wrong_shape"):
            frame = pack_reply(Reply(0, 0, Sw.OK, b"\x01\x02\x03"))
        if spoilable and self._used("corrupt"):
            middle = len(frame) // 2 + 2  # behind the length, so that the frame still ends where it should
            frame = frame[:middle] + bytes([frame[middle] ^ 0x55]) + frame[middle + 1 :]
        if spoilable and self._used("cut"):
            frame = frame[: len(frame) // 2]
        self._write(faults.garbage + frame)

    def _used(self, fault: str) -> bool:
        """Return whether the fault strikes now, and count it down."""
        with self._lock:
            left: int = getattr(self._faults, fault)
            if left:
                self._faults = self._faults.changed({fault: left - 1})
            return left > 0

    def _write(self, data: bytes) -> None:
        """Send at the rate and in the pieces asked for; a client that does not read loses the rest."""
        faults = self._faults
        size = faults.chunk or (64 if faults.baud else len(data))
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            if faults.baud:
                self._stopping.wait(len(piece) * 10 / faults.baud)
            until = time.monotonic() + _SERVE
            while piece and not self._stopping.is_set():
                _, ready, _ = select.select([], [self._master], [], max(until - time.monotonic(), 0))
                if not ready:
                    return
                piece = piece[os.write(self._master, piece) :]


def _gone(command: Command) -> Sw:
    """Return what a SAM says when the card it had found is no longer there."""
    return Sw.SELECT_FAILED if command is Command.SELECT else Sw.READ_FAILED


def _name_of(content: bytes) -> tuple[str, Command | None]:
    code = content[:1] if content[:1] == Command.SET_BAUD else content[:2]
    try:
        command = Command(code)
    except ValueError:
        return code.hex(), None
    return command.name, command


def _point(link: Path, target: str) -> None:
    """Make ``link`` a symlink to ``target`` in one step; raise FileExistsError where something else is there."""
    if link.exists() and not link.is_symlink():
        raise FileExistsError(str(link))
    beside = link.with_name(f".{link.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    beside.replace(link)
