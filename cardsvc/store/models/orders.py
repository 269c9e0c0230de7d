"""Orders, their events, and the steps of making."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from cardsvc.domain.making import MakingStep
from cardsvc.domain.orders import OPEN, OrderKind, OrderState
from cardsvc.store.models.tables import Base, WithId
from cardsvc.store.types import Json, UtcDateTime, coded


def one_of(column: str, values: frozenset[str] | list[str] | set[str]) -> str:
    """Return ``column IN ('a', 'b')`` with the values sorted, for CHECKs and partial indexes."""
    return f"{column} IN ({', '.join(repr(str(value)) for value in sorted(values))})"


_OPEN = text(one_of("state", {state.value for state in OPEN}))


class OrderRow(WithId, Base):
    """One make, correct or reissue order."""

    __tablename__ = "card_order"

    number: Mapped[str] = mapped_column(String(20), unique=True)
    kind: Mapped[OrderKind] = mapped_column(coded(OrderKind))
    state: Mapped[OrderState] = mapped_column(coded(OrderState))
    version: Mapped[int] = mapped_column()
    revision: Mapped[int] = mapped_column(default=1)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    holder: Mapped[bytes]  # sealed JSON of domain.people.Holder as it was read
    mobile: Mapped[bytes | None]  # sealed
    agent: Mapped[bytes | None]  # sealed JSON {name, id_number}
    opened_by: Mapped[str] = mapped_column(String(64))
    window: Mapped[str] = mapped_column(String(32), default="")
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state_since: Mapped[datetime] = mapped_column(UtcDateTime)
    bank_code: Mapped[str] = mapped_column(String(16), default="")
    branch_code: Mapped[str | None] = mapped_column(ForeignKey("branch.code"))
    photo_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("blob.id"))
    photo_report: Mapped[dict[str, object] | None] = mapped_column(Json)
    slip_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("blob.id"))
    slip_code: Mapped[str | None] = mapped_column(String(40), unique=True)
    slip_digest: Mapped[str | None] = mapped_column(String(64))  # SHA-256 of the PDF
    slip_missing: Mapped[str] = mapped_column(String(64), default="")
    slip_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    slip_prints: Mapped[int] = mapped_column(default=0)
    account: Mapped[bytes | None]  # sealed, the bank's pre-opened account number
    bank_order_id: Mapped[str] = mapped_column(String(64), default="")
    bank_seq: Mapped[int] = mapped_column(default=0)  # last bank event applied
    refusal: Mapped[str] = mapped_column(String(64), default="")
    making: Mapped[MakingStep | None] = mapped_column(coded(MakingStep))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy
    __table_args__ = (
        CheckConstraint(one_of("state", {state.value for state in OrderState}), name="state"),
        CheckConstraint(one_of("kind", {kind.value for kind in OrderKind}), name="kind"),
        Index("ux_open_order", "person_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_order_list", "state", "opened_at"),
        Index("ix_order_branch", "branch_code", "state", "opened_at"),
    )


class OrderEventRow(Base):
    """One applied move or saved step: who, when, why - in the same commit as the change."""

    __tablename__ = "order_event"

    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("card_order.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[str] = mapped_column(String(32))
    source: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(200), default="")
    facts: Mapped[dict[str, str]] = mapped_column(Json)


class SerialRow(Base):
    """The next serial of a day and place, for order and card numbers."""

    __tablename__ = "serial"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[int]
