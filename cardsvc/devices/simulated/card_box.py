"""A box of simulated cards beside a reader, steered and reached through one unix socket.

One JSON line a request, one a reply. Steering: ``{"insert": "next"|CODE|"bank"}``, ``{"remove": true}``,
``{"tear_after": N}`` (N further commands and the card is pulled), ``{"state": true}``. As a reader:
``{"power": true}`` answers the ATR, ``{"apdu": HEX}`` the response; a card that is pulled answers
``{"error": "removed"}``. Cards are files in a folder, so what was written stays written.
"""

import contextlib
import json
import secrets
import socketserver
import threading
from pathlib import Path
from typing import Any, Final, Self

from cardsvc.devices.simulated.software_card import SoftwareCard, Torn, load, new_code

_LONGEST_LINE: Final = 4096
_SHOW_SECONDS: Final = 5.0
_GENERATION_ERROR: Final = {"error": "removed"}


class CardBox:
    """Blank cards in a folder, and at most one card in the reader; thread-safe."""

    def __init__(self, folder: Path, *, region: str = "520100") -> None:
        self._folder = folder
        self._region = region
        self._lock = threading.RLock()
        self._card: SoftwareCard | None = None
        self.generation = 0  # counts insertions and removals: a connection is good for one only
        self.changed = threading.Event()
        self._shown: threading.Condition | None = None  # a slot shows the card a little after it is put in
        self._shown_generation = 0
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def card(self) -> SoftwareCard | None:
        """The card in the reader."""
        return self._card

    def insert(self, which: str = "next") -> SoftwareCard:
        """Put a card in: a new blank, the one with that code, or a bank card."""
        with self._lock:
            if which == "bank":
                card = SoftwareCard("62" * 16, application="bank")
            elif which == "next":
                code = new_code(self._region, secrets.token_bytes(5))
                card = SoftwareCard(code, path=self._folder / f"{code}.json")
                card.save()
            else:
                card = load(self._folder / f"{Path(which).name}.json")
            card.reset()
            self._card = card
            self._moved()
            return card

    def attach(self) -> None:
        """Say that a slot will show the cards (``show``), so that whoever inserts one waits for that."""
        self._shown = threading.Condition()

    def show(self, generation: int) -> None:
        """Say that the slot now holds the card of ``generation``."""
        if self._shown is not None:
            with self._shown:
                self._shown_generation = generation
                self._shown.notify_all()

    def wait_until_shown(self) -> None:
        """Wait until the slot holds the card that was put in last, a few seconds at most."""
        if self._shown is not None:
            with self._shown:
                self._shown.wait_for(lambda: self._shown_generation >= self.generation, timeout=_SHOW_SECONDS)

    def remove(self) -> None:
        """Take the card out."""
        with self._lock:
            self._card = None
            self._moved()

    def apdu(self, command: bytes) -> bytes | None:
        """Carry out a command; None where no card is there or it was pulled just now."""
        with self._lock:
            if self._card is None:
                return None
            try:
                return self._card.apdu(command)
            except Torn:
                self.remove()
                return None

    def _moved(self) -> None:
        self.generation += 1
        self.changed.set()

    def handle(self, request: dict[str, Any], generation: int) -> tuple[dict[str, Any], int]:
        """Carry out one request of the socket; return the reply and the generation it is about."""
        with self._lock:
            if "insert" in request:
                return {"ok": True, "code": self.insert(str(request["insert"])).identification_code}, generation
            if "remove" in request:
                self.remove()
                return {"ok": True}, generation
            if "tear_after" in request:
                if self._card is not None:
                    self._card.tear_after = int(request["tear_after"])
                return {"ok": self._card is not None}, generation
            if "state" in request:
                return {"ok": True, "code": self._card.identification_code if self._card else ""}, generation
            if self._card is None:
                return {"error": "no_card"}, generation
            if "power" in request:
                self._card.reset()
                return {"atr": self._card.atr.hex()}, self.generation
            if generation != self.generation:
                return dict(_GENERATION_ERROR), generation
            answer = self.apdu(bytes.fromhex(str(request["apdu"])))
            return (dict(_GENERATION_ERROR) if answer is None else {"response": answer.hex()}), generation


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        box: CardBox = self.server.box  # type: ignore[attr-defined]  # set by BoxServer
        generation = -1
        while line := self.rfile.readline(_LONGEST_LINE):
            try:
                request = json.loads(line)
                reply, generation = box.handle(request, generation)
                if "insert" in request:
                    box.wait_until_shown()
            except (ValueError, KeyError, OSError) as error:
                reply = {"ok": False, "error": type(error).__name__}
            with contextlib.suppress(BrokenPipeError):
                self.wfile.write(json.dumps(reply).encode() + b"\n")


class BoxServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The box's socket, mode 0600."""

    daemon_threads = True

    def __init__(self, path: Path, box: CardBox) -> None:
        path.unlink(missing_ok=True)
        super().__init__(str(path), _Handler)
        path.chmod(0o600)
        self.box = box

    def __enter__(self) -> Self:
        """Serve in a thread of this process."""
        threading.Thread(target=self.serve_forever, name="card-box", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.shutdown()
        self.server_close()
        Path(str(self.server_address)).unlink(missing_ok=True)
