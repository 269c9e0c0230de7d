"""The byte line to a reader: a serial port (or pseudo-terminal) through pyserial, or ``socket://host:port``.

Every way in which a port can fail leaves here as one of ours: pyserial raises SerialException, plain
OSError, ``termios.error`` (which is no OSError) after an unplug, and TypeError or ValueError when
another thread closed the descriptor. Modem lines are never touched: pseudo-terminals have none.
"""

import errno
import socket
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol
from urllib.parse import urlsplit

import serial

from cardsvc.devices.base import ReaderBusy, ReaderLost, ReaderMissing
from cardsvc.devices.idcard.faults import PortForbidden
from cardsvc.errors import DeviceFault

_VENDOR: Final = (serial.SerialException, OSError, termios.error, TypeError, ValueError)
_CHUNK: Final = 4096
_LOCK_RETRY: Final = 0.05
_WRITE_SECONDS: Final = 1.0
_SCHEME: Final = "socket"


class Line(Protocol):
    """Bytes out and in; every method raises ReaderLost when the reader has gone."""

    paced: bool  # whether a transmission rate has to be agreed

    def write(self, data: bytes) -> None:
        """Send all of ``data`` within a second."""
        ...

    def read(self, seconds: float) -> bytes:
        """Return what has arrived, at least one byte, or b"" after ``seconds``."""
        ...

    def set_baud(self, baud: int) -> None:
        """Change the line's rate; without effect where there is none."""
        ...

    def close(self) -> None:
        """Give the line back; never raises."""
        ...


def open_line(
    url: str,
    *,
    baud: int,
    lock_wait: float,
    connect_wait: float = 1.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Line:
    """Return the line to ``url``, held exclusively.

    Raises ReaderMissing, ReaderBusy (still held by another after ``lock_wait`` seconds) or PortForbidden.
    The lock is advisory: a vendor's own service would not respect it.
    """
    if "://" in url:
        return _TcpLine(url, connect_wait)
    until = clock() + lock_wait
    while True:
        try:
            return _SerialLine(url, baud)
        except ReaderBusy:
            left = until - clock()
            if left <= 0:
                raise
            sleep(min(_LOCK_RETRY, left))


class _SerialLine:
    paced = True

    def __init__(self, path: str, baud: int) -> None:
        self._path = path
        try:
            self._port = serial.Serial(path, baud, timeout=0, write_timeout=_WRITE_SECONDS, exclusive=True)
        except _VENDOR as error:
            raise _open_fault(path, error) from error

    def write(self, data: bytes) -> None:
        with _lost(self._path):
            self._port.write(data)

    def read(self, seconds: float) -> bytes:
        with _lost(self._path):
            self._port.timeout = max(seconds, 0)
            first: bytes = self._port.read(1)
            if not first:
                return b""
            rest: bytes = self._port.read(min(self._port.in_waiting, _CHUNK))
            return first + rest

    def set_baud(self, baud: int) -> None:
        with _lost(self._path):
            self._port.baudrate = baud

    def close(self) -> None:
        try:
            self._port.close()
        except _VENDOR:  # gone already: nothing is held any more
            return


class _TcpLine:
    """A pass-through; not pyserial's own, which waits 5 s to connect and sleeps 0.3 s on close."""

    paced = False

    def __init__(self, url: str, connect_wait: float) -> None:
        self._url = url
        try:
            parts = urlsplit(url)
            if parts.scheme != _SCHEME or not parts.hostname or not parts.port:
                raise ReaderMissing(reader=url, reason="url")
            self._socket = socket.create_connection((parts.hostname, parts.port), timeout=connect_wait)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, ValueError) as error:
            raise ReaderMissing(reader=url, reason="connect") from error

    def write(self, data: bytes) -> None:
        with _lost(self._url):
            self._socket.settimeout(_WRITE_SECONDS)
            self._socket.sendall(data)

    def read(self, seconds: float) -> bytes:
        with _lost(self._url):
            self._socket.settimeout(max(seconds, 0.001))  # 0 would mean "do not block" and raise instead
            try:
                chunk = self._socket.recv(_CHUNK)
            except TimeoutError:
                return b""
            if not chunk:
                raise ReaderLost(reader=self._url)
            return chunk

    def set_baud(self, baud: int) -> None:
        """Do nothing: the far end owns the rate."""

    def close(self) -> None:
        self._socket.close()


@contextmanager
def _lost(reader: str) -> Iterator[None]:
    try:
        yield
    except _VENDOR as error:
        raise ReaderLost(reader=reader) from error


def _open_fault(path: str, error: Exception) -> DeviceFault:
    code = error.errno if isinstance(error, OSError) else None
    if code in {errno.EAGAIN, errno.EBUSY}:
        return ReaderBusy(reader=path)
    if code in {errno.EACCES, errno.EPERM}:
        return PortForbidden(reader=path)
    return ReaderMissing(reader=path)
