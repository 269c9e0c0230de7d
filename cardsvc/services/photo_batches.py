"""Batches of photos as leased work: planned once, made by whoever is there, told in the end.

The rules are those of the outbox (docs/flows/batch.md): an item is claimed with a lease and a fence in one commit,
the photo is made outside any transaction, the result is written only where the fence still fits. A worker that is
killed leaves items whose lease ends; a photo that kills the process it is made in is tried once more, then set aside.
"""

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import delete, func, or_, select, update

from cardsvc.capture.matching import Match
from cardsvc.capture.problems import PhotoResult, refuse, result
from cardsvc.services import audit
from cardsvc.services.views import Actor
from cardsvc.store.models import PhotoBatchRow, PhotoItemRow, WorkState
from cardsvc.store.uow import Tx, UnitOfWork

LEASE: Final = timedelta(seconds=120)  # longer than a photo and the one before it in the pool may take together
_DEATHS: Final = 2

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Planned:
    """One entry of a batch before it is worked on."""

    match: Match = field(repr=False)
    stamp: str = ""
    source_id: uuid.UUID | None = None  # a blob that holds the photo; None: it is read from where it lies


@dataclass(frozen=True, slots=True)
class ClaimedPhoto:
    """A photo this worker may make until its lease ends."""

    id: uuid.UUID
    fence: int
    profile: str
    source_id: uuid.UUID | None
    match: Match = field(repr=False)


@dataclass(frozen=True, slots=True)
class ItemView:
    """One entry with what became of it; unmasked, for the sender's own results."""

    match: Match = field(repr=False)
    state: WorkState
    accepted: bool | None
    report: dict[str, object] | None = field(repr=False)
    portrait_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is."""

    planned: int
    due: int
    accepted: int
    refused: int
    poison: int


Keep = Callable[[Tx, ClaimedPhoto, bytes], uuid.UUID | None]


def open_batch(tx: Tx, *, title: str, profile: str, by: Actor, now: datetime) -> uuid.UUID:
    """Return the id of a new, empty batch."""
    row = PhotoBatchRow(title=title, profile=profile, created_by=by.name, created_at=now)
    tx.add(row)
    audit.record(tx, by=by, action="batch.opened", subject=str(row.id), now=now, profile=profile)
    tx.flush()
    return row.id


def find_batch(tx: Tx, *, profile: str) -> uuid.UUID | None:
    """Return the batch of a region in a journal that has one a region, None where there is none yet."""
    return tx.scalar(select(PhotoBatchRow.id).where(PhotoBatchRow.profile == profile))


def plan(tx: Tx, batch: uuid.UUID, planned: Sequence[Planned], *, now: datetime) -> None:
    """Enter what is to be made; what was accepted before stays, what changed since is due again.

    Entries of an earlier plan that are neither in this one nor accepted are dropped: their files were renamed.
    """
    known = {row.key: row for row in tx.scalars(select(PhotoItemRow).where(PhotoItemRow.batch_id == batch))}
    wanted = set()
    for place, entry in enumerate(planned):
        key = tx.vault.blind(entry.match.key)
        wanted.add(key)
        row = known.get(key)
        if row is not None and (row.stamp == entry.stamp or (row.accepted and not entry.match.ref)):
            row.place = place
            continue
        if row is None:
            row = PhotoItemRow(batch_id=batch, key=key, attempts=0, deaths=0, fence=0)
            tx.add(row)
        row.place, row.stamp, row.source_id = place, entry.stamp, entry.source_id
        row.told = tx.seal(row, "told", json.dumps(asdict(entry.match), ensure_ascii=False))
        row.fence, row.deaths, row.leased_until = row.fence + 1, 0, None
        row.state = WorkState.DONE if entry.match.problem else WorkState.DUE
        row.accepted = False if entry.match.problem else None
        row.report, row.portrait_id, row.done_at = None, None, now if entry.match.problem else None
    gone = [row.id for key, row in known.items() if key not in wanted and not row.accepted]
    for start in range(0, len(gone), 500):
        tx.execute(delete(PhotoItemRow).where(PhotoItemRow.id.in_(gone[start : start + 500])))
    tx.flush()


def claim(uow: UnitOfWork, *, batch: uuid.UUID | None, now: datetime, limit: int) -> list[ClaimedPhoto]:
    """Lease up to ``limit`` photos of ``batch``, or (None) of any batch whose photos are in the database."""
    mine = PhotoItemRow.batch_id == batch if batch else PhotoItemRow.source_id.is_not(None)
    due = (
        select(PhotoItemRow)
        .where(
            PhotoItemRow.state == WorkState.DUE,
            mine,
            or_(PhotoItemRow.leased_until.is_(None), PhotoItemRow.leased_until < now),
        )
        .order_by(PhotoItemRow.deaths, PhotoItemRow.batch_id, PhotoItemRow.place)
        .limit(limit)
    )
    with uow.reading() as tx:  # an idle worker never takes the writer
        if tx.scalar(due.with_only_columns(PhotoItemRow.id).limit(1)) is None:
            return []
    with uow() as tx:
        claimed = []
        for row in tx.scalars(due.with_for_update(skip_locked=True)).all():
            row.fence += 1
            row.attempts += 1
            row.leased_until = now + LEASE
            told = Match(**json.loads(tx.unseal(row, "told")))
            profile = tx.get_one(PhotoBatchRow, row.batch_id).profile
            claimed.append(ClaimedPhoto(row.id, row.fence, profile, row.source_id, told))
        return claimed


def drop_leases(tx: Tx, batch: uuid.UUID) -> None:
    """Take every lease of a batch away; only for who knows that nobody else works on it."""
    tx.execute(
        update(PhotoItemRow)
        .where(PhotoItemRow.batch_id == batch, PhotoItemRow.state == WorkState.DUE)
        .values(leased_until=None, fence=PhotoItemRow.fence + 1)
        .execution_options(synchronize_session=False)
    )


def anything_due(tx: Tx, *, now: datetime) -> bool:
    """Return whether a photo that lies in the database waits for a worker."""
    due = select(PhotoItemRow.id).where(
        PhotoItemRow.state == WorkState.DUE,
        PhotoItemRow.source_id.is_not(None),
        or_(PhotoItemRow.leased_until.is_(None), PhotoItemRow.leased_until < now),
    )
    return tx.scalar(due.limit(1)) is not None


def finish(uow: UnitOfWork, photo: ClaimedPhoto, made: PhotoResult, keep: Keep, *, now: datetime) -> bool:
    """Write the result where the fence still fits; return whether it did."""
    with uow() as tx:
        row = _held(tx, photo)
        if row is None:
            return False
        row.portrait_id = keep(tx, photo, made.portrait) if made.portrait is not None else None
        row.state, row.accepted, row.done_at, row.leased_until = WorkState.DONE, made.accepted, now, None
        row.report = tx.seal(row, "report", json.dumps(made.as_dict(), ensure_ascii=False))
        return True


def died(uow: UnitOfWork, photo: ClaimedPhoto, *, now: datetime) -> bool:
    """Note that the photo killed its process: due once more, then set aside for good; return whether it is."""
    with uow() as tx:
        row = _held(tx, photo)
        if row is None:
            return False
        row.deaths += 1
        row.leased_until = None
        log.warning("photo_killed_its_process", item=str(photo.id), deaths=row.deaths)
        if row.deaths < _DEATHS:
            return False
        row.state, row.accepted, row.done_at = WorkState.POISON, False, now
        report = result(None, [refuse("photo.poison")]).as_dict()
        row.report = tx.seal(row, "report", json.dumps(report, ensure_ascii=False))
        return True


def progress(tx: Tx, batch: uuid.UUID) -> Progress:
    """Return how far a batch is."""
    counted = tx.execute(
        select(PhotoItemRow.state, PhotoItemRow.accepted, func.count())
        .where(PhotoItemRow.batch_id == batch)
        .group_by(PhotoItemRow.state, PhotoItemRow.accepted)
    ).all()
    due = sum(count for state, _, count in counted if state is WorkState.DUE)
    poison = sum(count for state, _, count in counted if state is WorkState.POISON)
    accepted = sum(count for state, good, count in counted if good)
    planned = sum(count for _, _, count in counted)
    return Progress(planned, due, accepted, planned - due - accepted - poison, poison)


def results(tx: Tx, batch: uuid.UUID) -> list[ItemView]:
    """Return every entry in its order."""
    rows = tx.scalars(select(PhotoItemRow).where(PhotoItemRow.batch_id == batch).order_by(PhotoItemRow.place))
    return [
        ItemView(
            match=Match(**json.loads(tx.unseal(row, "told"))),
            state=WorkState(row.state),
            accepted=row.accepted,
            report=json.loads(tx.unseal(row, "report")) if row.report else None,
            portrait_id=row.portrait_id,
        )
        for row in rows
    ]


def _held(tx: Tx, photo: ClaimedPhoto) -> PhotoItemRow | None:
    row: PhotoItemRow | None = tx.scalar(
        select(PhotoItemRow)
        .where(PhotoItemRow.id == photo.id, PhotoItemRow.fence == photo.fence, PhotoItemRow.state == WorkState.DUE)
        .with_for_update()
    )
    if row is None:
        log.info("photo_stale_result_dropped", item=str(photo.id))
    return row
