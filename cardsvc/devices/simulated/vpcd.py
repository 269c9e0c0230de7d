"""The box's card in a real PC/SC reader: a client of vsmartcard's virtual reader, and a private pcscd.

The protocol is a 16-bit big-endian length and that many bytes, both ways; the card speaks only when asked.
TCP_QUICKACK is set again after every receive: the reader sends length and body apart, and without it each
command costs one delayed acknowledgement (44 ms instead of 0.1).
"""

import os
import shutil
import signal
import socket
import subprocess  # nosec - starts pcscd only
import sys
import threading
from pathlib import Path
from typing import Final, Self

from cardsvc.devices.simulated.card_box import CardBox

DRIVER: Final = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
PCSCD: Final = Path("/usr/sbin/pcscd")
_POWER_OFF, _POWER_ON, _RESET, _GET_ATR = b"\x00", b"\x01", b"\x02", b"\x04"
_RETRY: Final = 0.05
_HAND: Final = 0.9  # seconds between two cards: pcscd looks every 0.4, and misses a swap that is quicker
_READY_TRIES: Final = 100


def pcscd_missing() -> str:
    """Return what a private PC/SC service would need and is not here, "" where it can run."""
    if sys.platform != "linux":
        return "Linux"
    if not PCSCD.exists():
        return "pcscd"
    if not DRIVER.exists():
        return "vsmartcard-vpcd"
    return ""


class VpcdCard(threading.Thread):
    """Keeps the box's card in one slot of a virtual reader: connected while a card is in, closed while not."""

    def __init__(self, box: CardBox, port: int) -> None:
        super().__init__(name=f"vpcd-{port}", daemon=True)
        self._box = box
        self._port = port
        self._stop_asked = threading.Event()
        box.attach()

    def stop(self) -> None:
        """Take the card out of the reader for good."""
        self._stop_asked.set()
        self._box.changed.set()
        self.join(timeout=5)

    def run(self) -> None:
        """Serve card after card, the slot empty in between for as long as a hand takes."""
        while not self._stop_asked.is_set():
            generation = self._box.generation
            if self._box.card is None:
                self._box.changed.wait(_RETRY)
                self._box.changed.clear()
                continue
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=2) as line:
                    line.settimeout(_RETRY)
                    self._box.show(generation)
                    self._serve(line, generation)
            except OSError:
                self._stop_asked.wait(_RETRY)
            else:
                self._stop_asked.wait(_HAND)

    def _serve(self, line: socket.socket, generation: int) -> None:
        while not self._stop_asked.is_set() and self._box.generation == generation:
            message = self._receive(line, generation)
            if message is None:
                return
            card = self._box.card
            if card is None:
                return
            if message in {_POWER_OFF, _POWER_ON, _RESET}:
                card.reset()
                continue
            answer = card.atr if message == _GET_ATR else self._box.apdu(message)
            if answer is None:
                return
            line.sendall(len(answer).to_bytes(2, "big") + answer)

    def _receive(self, line: socket.socket, generation: int) -> bytes | None:
        head = self._exactly(line, 2, generation)
        return self._exactly(line, int.from_bytes(head, "big"), generation) if head else None

    def _exactly(self, line: socket.socket, count: int, generation: int) -> bytes | None:
        data = b""
        while len(data) < count:
            try:
                piece = line.recv(count - len(data))
            except TimeoutError:
                if self._stop_asked.is_set() or self._box.generation != generation:
                    return None
                continue
            if not piece:
                return None
            if hasattr(socket, "TCP_QUICKACK"):
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            data += piece
        return data


class PrivatePcscd:
    """A PC/SC service of our own: its own socket (by socket activation), its own readers on free ports.

    ``socket_path`` goes into PCSCLITE_CSOCK_NAME before ``smartcard`` is imported. Every reader entry has
    its own copy of the driver file: two entries of one file share the driver's memory, and its cards.
    """

    def __init__(self, folder: Path, *, readers: int = 1) -> None:
        self._folder = folder.absolute()
        self.socket_path = self._folder / "pcscd.sock"
        self.ports = [_free_port() for _ in range(readers)]
        self.names = [f"CardSim {index + 1}" for index in range(readers)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start the service and wait until it answers."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the service."""
        self.stop()

    def start(self) -> None:
        """Start the service; raise RuntimeError where it does not come up."""
        config = self._folder / "readers"
        config.mkdir(parents=True, exist_ok=True)
        for index, (port, name) in enumerate(zip(self.ports, self.names, strict=True)):
            driver = self._folder / f"libifdvpcd-{index}.so"
            if not driver.exists():
                shutil.copy(DRIVER, driver)
            (config / f"reader{index}").write_text(
                f'FRIENDLYNAME "{name}"\nDEVICENAME /dev/null:{port:#x}\nLIBPATH {driver}\nCHANNELID {port:#x}\n'
            )
        self.socket_path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self.socket_path))
        self.socket_path.chmod(0o600)
        listening.listen(16)
        # What systemd does for socket activation: the listening socket is descriptor 3 of pcscd. A shell-free
        # starter script sets LISTEN_PID, which only the process itself can know before it becomes pcscd.
        starter = (
            "import os, sys\n"
            "os.dup2(int(sys.argv[1]), 3)\n"
            "os.set_inheritable(3, True)\n"
            "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))\n"
            f"os.execv({str(PCSCD)!r}, ['pcscd', '--foreground', '--config', sys.argv[2]])\n"
        )
        with (self._folder / "pcscd.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - pcscd by its absolute path
                [sys.executable, "-S", "-c", starter, str(listening.fileno()), str(config)],
                pass_fds=[listening.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        listening.close()
        self._await_ports()

    def stop(self, *, kill: bool = False) -> None:
        """Stop the service, by its id."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            self._process.wait(timeout=10)
            self._process = None

    def environment(self) -> dict[str, str]:
        """Return what a client process needs in its environment."""
        return {"PCSCLITE_CSOCK_NAME": str(self.socket_path)}

    def _await_ports(self) -> None:
        waiting = threading.Event()
        for port in self.ports:
            for _ in range(_READY_TRIES):
                if self._process is None or self._process.poll() is not None:
                    break
                if _listens(port):
                    break
                waiting.wait(_RETRY)
            else:
                self.stop()
                raise RuntimeError("the virtual reader did not come up")
            if self._process is None or self._process.poll() is not None:
                tail = (self._folder / "pcscd.log").read_text(errors="replace")[-400:]
                raise RuntimeError(f"pcscd did not start: {tail}")


def _listens(port: int) -> bool:
    # Looked up, not connected to: the reader takes a connection for a card.
    needle = f":{port:04X} "
    with Path("/proc/net/tcp").open() as table:
        return any(needle in line and line.split()[3] == "0A" for line in table)


def _free_port() -> int:
    # vpcd opens two slots on neighbouring ports.
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def use(pcscd: PrivatePcscd) -> None:
    """Point this process's PC/SC at the private service; must come before ``smartcard`` is imported."""
    os.environ.update(pcscd.environment())
