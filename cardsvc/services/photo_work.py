"""Making the photos of batches: keeps a pool of child processes busy until nothing is due, or until told to end."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from cardsvc.capture.pool import PhotoPool, died
from cardsvc.capture.problems import PhotoResult, refuse, result
from cardsvc.capture.sources import PhotoUnreadable
from cardsvc.domain.profiles import load_profile
from cardsvc.errors import Busy
from cardsvc.services import intake, photo_batches
from cardsvc.services.photo_batches import ClaimedPhoto, Keep
from cardsvc.store.uow import Tx, UnitOfWork

_IDLE_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 1.0
_AHEAD: Final = 2  # photos a child, so that none waits for the database

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bench:
    """Where photos come from and portraits go."""

    read: Callable[[ClaimedPhoto], bytes]
    keep: Keep
    told: Callable[[ClaimedPhoto, PhotoResult], None] = lambda _photo, _made: None


def database_bench(uow: UnitOfWork, *, clock: Callable[[], datetime]) -> Bench:
    """Return the bench of batches that were handed in over the web: blobs in, blobs out."""

    def read(photo: ClaimedPhoto) -> bytes:
        with uow.reading() as tx:
            if photo.source_id is None:
                raise PhotoUnreadable(ref=photo.match.ref)
            return tx.blobs.read(photo.source_id)

    def keep(tx: Tx, _photo: ClaimedPhoto, portrait: bytes) -> uuid.UUID | None:
        return intake.keep_blob(tx, "portrait", portrait, now=clock())

    return Bench(read, keep)


def work_through(
    uow: UnitOfWork,
    pool: PhotoPool,
    bench: Bench,
    *,
    batch: uuid.UUID,
    clock: Callable[[], datetime],
    stop: threading.Event,
) -> None:
    """Make every photo of ``batch`` that is due; return when none is left, or soon after ``stop``."""
    shift = _Shift(uow, pool, bench, batch, clock)
    while not stop.is_set():
        taken = shift.round()
        if shift.running:
            continue
        with uow.reading() as tx:
            if photo_batches.progress(tx, batch).due == 0:
                return
        if not taken:
            stop.wait(_IDLE_SECONDS)  # somebody else holds what is left


def run(
    uow: UnitOfWork,
    make_pool: Callable[[], PhotoPool],
    *,
    clock: Callable[[], datetime],
    stop: threading.Event,
) -> None:
    """Work on whatever batch has photos due until ``stop``; children are started with the first of them."""
    bench = database_bench(uow, clock=clock)
    while not stop.is_set():
        try:
            if _anything_due(uow, now=clock()):
                with make_pool() as pool:
                    shift = _Shift(uow, pool, bench, None, clock)
                    while not stop.is_set() and (shift.round() or shift.running):
                        pass
        except Exception:
            # The leases take the photos back; a worker that dies of one takes all others along.
            log.exception("photo_round_failed")
        stop.wait(_IDLE_SECONDS)


def _anything_due(uow: UnitOfWork, *, now: datetime) -> bool:
    with uow.reading() as tx:
        return photo_batches.anything_due(tx, now=now)


@dataclass(slots=True)
class _Shift:
    """One worker at one pool: takes photos up and writes what became of them."""

    uow: UnitOfWork
    pool: PhotoPool
    bench: Bench
    batch: uuid.UUID | None  # None: of any batch whose photos are in the database
    clock: Callable[[], datetime]
    running: dict[Future[PhotoResult], ClaimedPhoto] = field(default_factory=dict)

    def round(self) -> int:
        """Take up what the pool has room for, wait for the first result, write what is done; return how many taken."""
        try:
            taken = self._take()
        except Busy:
            taken = 0  # another writer was first; the items stay due
        done, _ = wait(self.running, timeout=_LOOK_SECONDS if self.running else 0, return_when=FIRST_COMPLETED)
        for future in done:
            try:
                self._settle(self.running[future], future)
            except Busy:
                continue  # written in the next round
            del self.running[future]
        return taken

    def _take(self) -> int:
        room = self.pool.workers * _AHEAD - len(self.running)
        claimed = photo_batches.claim(self.uow, batch=self.batch, now=self.clock(), limit=room) if room > 0 else []
        for photo in claimed:
            try:
                data = self.bench.read(photo)
            except PhotoUnreadable:
                self._write(photo, result(None, [refuse("photo.truncated")]))
            else:
                self.running[self.pool.start(data, load_profile(photo.profile))] = photo
        return len(claimed)

    def _settle(self, photo: ClaimedPhoto, future: Future[PhotoResult]) -> None:
        error = future.exception()
        if error is None:
            self._write(photo, future.result())
        else:
            log.warning("photo_not_made", item=str(photo.id), kind=type(error).__name__, killed=died(error))
            photo_batches.died(self.uow, photo, now=self.clock())

    def _write(self, photo: ClaimedPhoto, made: PhotoResult) -> None:
        if photo_batches.finish(self.uow, photo, made, self.bench.keep, now=self.clock()):
            self.bench.told(photo, made)
