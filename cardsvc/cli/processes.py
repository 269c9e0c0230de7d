"""Child processes of the demo and the walk-through: started with pipes, ended by id, dying with their parent."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess  # nosec - starts only this program's own commands
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from cardsvc.errors import CardsvcError

_PR_SET_PDEATHSIG: Final = 1
_STOP_SECONDS: Final = 5.0


class PartFailed(CardsvcError, code="cli.part_failed"):
    """One of the processes around the service did not come up; facts: part, why."""


def free_port(wanted: int = 0) -> int:
    """Return a TCP port of the loopback that is free now; raise OSError where the one ``wanted`` is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port in TIME_WAIT is free
        probe.bind(("127.0.0.1", wanted))
        return int(probe.getsockname()[1])


class Child:
    """One ``python -m cardsvc …`` process."""

    def __init__(self, arguments: Sequence[str], *, log: Path, environment: dict[str, str] | None = None) -> None:
        self.name = arguments[0]
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                [sys.executable, "-m", "cardsvc", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **(environment or {})},
                text=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one prctl call, no Python locks
            )
        self.pid = self._process.pid
        self._log = log

    def ready_line(self) -> str:
        """Return the first line the process prints; raise PartFailed with its last word if it dies instead."""
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        line = self._process.stdout.readline().strip()
        if not line:
            code = self._process.wait()
            said = self._log.read_text(errors="replace").strip().splitlines()
            raise PartFailed(part=self.name, why=said[-1] if said else f"exit status {code}")
        threading.Thread(target=_drain, args=(self._process.stdout,), daemon=True).start()
        return line

    def stop(self) -> None:
        """End the process: politely, then not."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            with contextlib.suppress(OSError):
                self._process.stdout.close()


def _drain(stream: IO[str]) -> None:
    with contextlib.suppress(ValueError, OSError):  # closed under us at the end
        for _ in stream:
            pass


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
