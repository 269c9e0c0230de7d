"""Work that outlives its worker: batches of photos as leased items."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from cardsvc.store.models.orders import one_of
from cardsvc.store.models.tables import Base, WithId
from cardsvc.store.types import UtcDateTime, coded


class WorkState(StrEnum):
    """Where an item stands."""

    DUE = "due"
    DONE = "done"
    POISON = "poison"  # killed whoever worked on it, twice


class PhotoBatchRow(WithId, Base):
    """A batch of photos handed in together."""

    __tablename__ = "photo_batch"

    title: Mapped[str] = mapped_column(String(120))
    profile: Mapped[str] = mapped_column(String(32))
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PhotoItemRow(WithId, Base):
    """One file or person of a batch; whoever holds the lease works on it."""

    __tablename__ = "photo_item"

    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("photo_batch.id"))
    place: Mapped[int]  # order within the batch
    key: Mapped[bytes]  # blind index of person and file: the same again is the same item
    stamp: Mapped[str] = mapped_column(String(80))  # of the file's content; another one makes the item due again
    told: Mapped[bytes]  # sealed JSON: file, line, ID number, name, problem
    source_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("blob.id"))  # None: read from where it lies
    state: Mapped[WorkState] = mapped_column(coded(WorkState))
    accepted: Mapped[bool | None]
    report: Mapped[bytes | None]  # sealed JSON of the result
    portrait_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("blob.id"))
    attempts: Mapped[int] = mapped_column(default=0)
    deaths: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint(one_of("state", {state.value for state in WorkState}), name="state"),
        Index("ux_photo_item", "batch_id", "key", unique=True),
        Index(
            "ix_photo_item_due",
            "batch_id",
            "place",
            sqlite_where=text("state = 'due'"),
            postgresql_where=text("state = 'due'"),
        ),
    )
