"""Making the photos of batches: keeps a pool of child processes busy until nothing is due, or until told to end."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
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
    running: dict[Future[PhotoResult], ClaimedPhoto] = {}
    while not stop.is_set():
        claimed = _round(uow, pool, bench, running, batch=batch, clock=clock)
        if running:
            continue
        with uow.reading() as tx:
            if photo_batches.progress(tx, batch).due == 0:
                return
        if not claimed:
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
        if not _anything_due(uow, now=clock()):
            stop.wait(_IDLE_SECONDS)
            continue
        with make_pool() as pool:
            running: dict[Future[PhotoResult], ClaimedPhoto] = {}
            while not stop.is_set():
                try:
                    _round(uow, pool, bench, running, batch=None, clock=clock)
                except Exception:
                    # The leases take the photos back; a worker that dies of one takes all others along.
                    log.exception("photo_round_failed")
                    stop.wait(_IDLE_SECONDS)
                if not running and not _anything_due(uow, now=clock()):
                    break


def _anything_due(uow: UnitOfWork, *, now: datetime) -> bool:
    with uow.reading() as tx:
        return photo_batches.anything_due(tx, now=now)


def _round(
    uow: UnitOfWork,
    pool: PhotoPool,
    bench: Bench,
    running: dict[Future[PhotoResult], ClaimedPhoto],
    *,
    batch: uuid.UUID | None,
    clock: Callable[[], datetime],
) -> int:
    """Take up what the pool has room for, wait for the first result, write what is done; return how many were taken."""
    try:
        taken = _take(uow, pool, bench, running, batch=batch, clock=clock)
    except Busy:
        taken = 0  # another writer was first; the items stay due
    done, _ = wait(running, timeout=_LOOK_SECONDS if running else 0, return_when=FIRST_COMPLETED)
    for future in done:
        photo = running[future]
        error = future.exception()
        try:
            if error is None:
                _write(uow, bench, photo, future.result(), clock=clock)
            else:
                log.warning("photo_not_made", item=str(photo.id), kind=type(error).__name__, killed=died(error))
                photo_batches.died(uow, photo, now=clock())
        except Busy:
            continue  # written in the next round
        del running[future]
    return taken


def _take(
    uow: UnitOfWork,
    pool: PhotoPool,
    bench: Bench,
    running: dict[Future[PhotoResult], ClaimedPhoto],
    *,
    batch: uuid.UUID | None,
    clock: Callable[[], datetime],
) -> int:
    room = pool.workers * _AHEAD - len(running)
    claimed = photo_batches.claim(uow, batch=batch, now=clock(), limit=room) if room > 0 else []
    for photo in claimed:
        try:
            data = bench.read(photo)
        except PhotoUnreadable:
            _write(uow, bench, photo, result(None, [refuse("photo.truncated")]), clock=clock)
        else:
            running[pool.start(data, load_profile(photo.profile))] = photo
    return len(claimed)


def _write(
    uow: UnitOfWork, bench: Bench, photo: ClaimedPhoto, made: PhotoResult, *, clock: Callable[[], datetime]
) -> None:
    if photo_batches.finish(uow, photo, made, bench.keep, now=clock()):
        bench.told(photo, made)
