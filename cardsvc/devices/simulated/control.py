"""Steers a simulated ID reader from another process: a unix socket, one JSON line a connection.

::

    {"place": {"name": …, "number": …}}   a card on the plate (null: the default person's)
    {"remove": true}                       take it away
    {"fault": "half"}                      a condition of id_faults.CONDITIONS, "none" = healthy
    {"set": {"drop": 1, "repeat": false}}  any field of SimFaults
    {"heal": true}  {"unplug": true}  {"replug": true}  {"state": true}

Each is answered {"ok": true} (with "card" and "condition" after "state") or {"ok": false, "error": …}.
"""

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from cardsvc.devices.simulated.id_cards import SimPerson
from cardsvc.devices.simulated.id_reader import SimulatedIdReader
from cardsvc.errors import InvalidInput

_LONGEST: Final = 65536
_PATIENCE: Final = 2.0  # seconds a client has to send its line


class ReaderControl:
    """The socket at ``path`` (mode 0600) for ``reader``; a context manager."""

    def __init__(self, path: Path, reader: SimulatedIdReader) -> None:
        self._path = path
        self._reader = reader
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Listen; raise FileExistsError where another program listens or something else is there."""
        _clear_stale(self._path)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        previous = os.umask(0o177)  # the socket must never be open to others, not even until a chmod
        try:
            listening.bind(str(self._path))
        except BaseException:
            listening.close()
            raise
        finally:
            os.umask(previous)
        listening.listen(8)
        self._socket = listening
        self._thread = threading.Thread(target=self._serve, args=(listening,), name="sim-id-control", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening and remove the socket."""
        if self._socket is None or self._thread is None:
            return
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes accept
        self._thread.join()
        self._socket.close()
        self._path.unlink(missing_ok=True)
        self._socket = None

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):
                client.settimeout(_PATIENCE)
                answer = self._obey(_line(client))
                client.sendall(json.dumps(answer).encode() + b"\n")

    def _obey(self, line: bytes) -> dict[str, Any]:
        try:
            return {"ok": True} | self._do(*_request(line))
        except InvalidInput as error:
            return {"ok": False, "error": f"{error.facts['field']}: {error.facts['reason']}"}
        except (ValueError, RecursionError):
            return {"ok": False, "error": "not JSON"}
        except OSError as error:
            return {"ok": False, "error": error.strerror or "failed"}

    def _do(self, verb: str, value: object) -> dict[str, Any]:
        simple: dict[str, Callable[[], None]] = {
            "remove": self._reader.remove,
            "heal": self._reader.heal,
            "unplug": self._reader.unplug,
            "replug": self._reader.replug,
        }
        if verb in simple:
            simple[verb]()
        elif verb == "place":
            self._reader.place(None if value in (None, True) else SimPerson.from_json(value))
        elif verb == "fault":
            self._reader.fail(condition=value)
        elif verb == "set" and isinstance(value, dict):
            self._reader.fail(**value)
        elif verb == "state":
            return {"card": self._reader.person is not None, "condition": self._reader.faults.condition}
        else:
            raise InvalidInput(field=verb, reason="unknown request")
        return {}


def _request(line: bytes) -> tuple[str, object]:
    request = json.loads(line)
    if not isinstance(request, dict) or len(request) != 1:
        raise InvalidInput(field="request", reason="not an object with one key")
    ((verb, value),) = request.items()
    return str(verb), value


def _line(client: socket.socket) -> bytes:
    """Return the bytes up to the first line end, or to the end of what is sent."""
    received = b""
    while b"\n" not in received and len(received) <= _LONGEST:
        chunk = client.recv(4096)
        if not chunk:
            break
        received += chunk
    return received.partition(b"\n")[0]


def _clear_stale(path: Path) -> None:
    """Remove a socket nobody listens at; raise FileExistsError for anything else in its place."""
    if not path.exists():
        return
    if not path.is_socket():
        raise FileExistsError(str(path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink()
        else:
            raise FileExistsError(str(path))
