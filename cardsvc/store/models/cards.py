"""Cards, from the blank bound to an order to the end of their life."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from cardsvc.domain.cards import LIVE, CardState
from cardsvc.store.models.orders import one_of
from cardsvc.store.models.tables import Base, WithId
from cardsvc.store.types import UtcDateTime, coded

_LIVE = text(one_of("state", {state.value for state in LIVE}))
_NOT_SPOILED = text("state <> 'spoiled'")


class CardRow(WithId, Base):
    """One physical card; a blank's identification code can appear once in the whole life of the service."""

    __tablename__ = "card"

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("card_order.id"), index=True)
    card_number: Mapped[str] = mapped_column(String(9), unique=True)
    identification_code: Mapped[str] = mapped_column(String(32), unique=True)
    atr: Mapped[str] = mapped_column(String(80))
    atr_history: Mapped[str] = mapped_column(String(26))
    chip_version: Mapped[str] = mapped_column(String(4))
    state: Mapped[CardState] = mapped_column(coded(CardState))
    version: Mapped[int] = mapped_column()
    social_enabled: Mapped[bool] = mapped_column(default=False)
    financial_active: Mapped[bool] = mapped_column(default=False)
    bank_code: Mapped[str] = mapped_column(String(16))
    issued_on: Mapped[date]
    expires_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state_since: Mapped[datetime] = mapped_column(UtcDateTime)
    spoil_reason: Mapped[str] = mapped_column(String(200), default="")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy
    __table_args__ = (
        CheckConstraint(one_of("state", {state.value for state in CardState}), name="state"),
        Index("ux_live_card", "person_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        Index("ux_order_card", "order_id", unique=True, sqlite_where=_NOT_SPOILED, postgresql_where=_NOT_SPOILED),
    )
