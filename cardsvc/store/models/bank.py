"""Partner banks and the durable traffic with them."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from cardsvc.store.models.orders import one_of
from cardsvc.store.models.tables import Base, WithId
from cardsvc.store.types import Json, UtcDateTime, coded


class BankRow(Base):
    """A partner bank."""

    __tablename__ = "bank"

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))


class BranchRow(Base):
    """A branch (网点); only those that issue instantly can be chosen."""

    __tablename__ = "branch"

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    bank_code: Mapped[str] = mapped_column(ForeignKey("bank.code"))
    name: Mapped[str] = mapped_column(String(80))
    address: Mapped[str] = mapped_column(String(200))
    issues_instantly: Mapped[bool] = mapped_column(default=True)


class OutboxState(StrEnum):
    """Where a message to the bank stands."""

    DUE = "due"
    DONE = "done"
    HELD = "held"  # a human must look


class OutboxRow(WithId, Base):
    """One message owed to a bank, written in the commit that made it owed; the exact bytes are kept."""

    __tablename__ = "outbox"

    bank_code: Mapped[str] = mapped_column(String(16))
    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("card_order.id"), index=True)
    order_number: Mapped[str] = mapped_column(String(20))
    position: Mapped[int]  # first in, first out within one order
    call: Mapped[str] = mapped_column(String(24))
    key: Mapped[str] = mapped_column(String(80), unique=True)  # the idempotency key, for ever
    path: Mapped[str] = mapped_column(String(200))
    body: Mapped[bytes]  # sealed
    digest: Mapped[str] = mapped_column(String(64))
    expect: Mapped[dict[str, str]] = mapped_column(Json)  # digests the answer must echo
    state: Mapped[OutboxState] = mapped_column(coded(OutboxState), default=OutboxState.DUE)
    attempts: Mapped[int] = mapped_column(default=0)
    doubt: Mapped[bool] = mapped_column(default=False)  # an outcome is unknown: GET before the next POST
    fence: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_error: Mapped[str] = mapped_column(String(64), default="")

    __table_args__ = (
        CheckConstraint(one_of("state", {state.value for state in OutboxState}), name="state"),
        Index(
            "ix_outbox_due",
            "due_at",
            sqlite_where=text("state = 'due'"),
            postgresql_where=text("state = 'due'"),
        ),
        Index(
            "ux_outbox_order",
            "order_id",
            "position",
            unique=True,
        ),
    )


class BreakerRow(Base):
    """The circuit of one bank: after repeated failures nothing is tried before ``open_until``."""

    __tablename__ = "breaker"

    bank_code: Mapped[str] = mapped_column(String(16), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    open_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class InboxRow(Base):
    """One event a bank sent, kept by its id so that a repeat changes nothing."""

    __tablename__ = "inbox"

    event_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    bank_code: Mapped[str] = mapped_column(String(16))
    order_number: Mapped[str] = mapped_column(String(20), index=True)
    seq: Mapped[int]
    kind: Mapped[str] = mapped_column(String(32))
    body: Mapped[bytes]  # sealed: account numbers
    row_id: Mapped[uuid.UUID]  # what the sealed body is tied to
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    applied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ux_inbox_seq", "order_number", "seq", unique=True),)


class NonceRow(Base):
    """A signature nonce that was seen; kept for twice the allowed clock skew."""

    __tablename__ = "nonce"

    keyid: Mapped[str] = mapped_column(String(64), primary_key=True)
    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
