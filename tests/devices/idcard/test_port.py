"""Every way a port can fail leaves the package as one of our own faults."""

import errno
import socket
import termios

import pytest
import serial

from cardsvc.devices.base import ReaderBusy, ReaderLost, ReaderMissing
from cardsvc.devices.idcard import port
from cardsvc.devices.idcard.faults import PortForbidden
from cardsvc.devices.idcard.port import open_line

VENDOR_ERRORS = [
    serial.SerialException("gone"),
    serial.PortNotOpenError(),
    serial.SerialTimeoutException("write"),
    OSError(errno.EIO, "gone"),
    termios.error(errno.EIO, "gone"),
    TypeError("fd is None"),
    ValueError("fd is -1"),
]


class _Port:
    """A serial port on which everything raises."""

    def __init__(self, error):
        self._error = error

    def __setattr__(self, name, value):
        if name in {"timeout", "baudrate"}:
            raise self._error
        object.__setattr__(self, name, value)

    def write(self, data):  # noqa: ARG002 - what is sent does not matter
        raise self._error

    def close(self):
        raise self._error


def fail_to_open(error):
    def opening(*_, **__):
        raise error

    return opening


@pytest.mark.parametrize("error", VENDOR_ERRORS, ids=repr)
def test_every_vendor_error_on_an_open_port_means_lost(monkeypatch, error):
    monkeypatch.setattr(port.serial, "Serial", lambda *_, **__: _Port(error))
    line = open_line("/dev/ttyX", baud=9600, lock_wait=0)
    for action in (lambda: line.write(b"x"), lambda: line.read(0), lambda: line.set_baud(9600)):
        with pytest.raises(ReaderLost):
            action()
    line.close()


@pytest.mark.parametrize(
    ("error", "fault"),
    [(error, ReaderMissing) for error in VENDOR_ERRORS]
    + [
        (serial.SerialException(errno.ENOENT, "no such file"), ReaderMissing),
        (serial.SerialException(errno.EAGAIN, "could not lock"), ReaderBusy),
        (OSError(errno.EBUSY, "busy"), ReaderBusy),
        (serial.SerialException(errno.EACCES, "permission"), PortForbidden),
    ],
    ids=repr,
)
def test_every_vendor_error_while_opening_has_a_fault(monkeypatch, error, fault):
    monkeypatch.setattr(port.serial, "Serial", fail_to_open(error))
    with pytest.raises(fault):
        open_line("/dev/ttyX", baud=9600, lock_wait=0)


def test_a_port_given_back_in_time_is_opened(monkeypatch):
    errors = [serial.SerialException(errno.EAGAIN, "could not lock")] * 3

    def opening(*_, **__):
        if errors:
            raise errors.pop()
        return _Port(OSError())

    now = [0.0]
    monkeypatch.setattr(port.serial, "Serial", opening)
    open_line(
        "/dev/ttyX", baud=9600, lock_wait=0.5, clock=lambda: now[0], sleep=lambda s: now.__setitem__(0, now[0] + s)
    )
    assert now[0] == pytest.approx(0.15)


def test_a_socket_line():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        line = open_line(f"socket://127.0.0.1:{listening.getsockname()[1]}", baud=0, lock_wait=0)
        peer, _ = listening.accept()
        with peer:
            line.write(b"ping")
            assert peer.recv(10) == b"ping"
            assert line.read(0.01) == b""
            assert line.read(0) == b""
            peer.sendall(b"pong")
            assert line.read(1) == b"pong"
            line.set_baud(9600)
        with pytest.raises(ReaderLost):
            line.read(1)
        line.close()
        line.close()
        with pytest.raises(ReaderLost):
            line.read(1)
