"""Users, sessions, and the audit trail."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from cardsvc.domain.staff import Role
from cardsvc.store.models.orders import one_of
from cardsvc.store.models.tables import Base, WithId
from cardsvc.store.types import Json, UtcDateTime, coded


class UserRow(WithId, Base):
    """Somebody who signs in."""

    __tablename__ = "staff"

    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[Role] = mapped_column(coded(Role))
    password_hash: Mapped[str] = mapped_column(String(200))
    branch_code: Mapped[str | None] = mapped_column(ForeignKey("branch.code"))
    window: Mapped[str] = mapped_column(String(32), default="")
    active: Mapped[bool] = mapped_column(default=True)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_sign_in: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (CheckConstraint(one_of("role", {role.value for role in Role}), name="role"),)


class SessionRow(Base):
    """One signed-in session; the token itself is not stored, only its SHA-256."""

    __tablename__ = "session"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff.id"), index=True)
    desk: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ChainRow(Base):
    """The tip of one audit chain; a node appends to its own, so writers of two nodes never wait for each other."""

    __tablename__ = "audit_chain"

    chain: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int]
    hash: Mapped[bytes]


class AuditRow(Base):
    """One thing somebody did or saw; hash-chained, never changed."""

    __tablename__ = "audit"

    chain: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64), index=True)
    facts: Mapped[dict[str, str]] = mapped_column(Json)
    previous: Mapped[bytes]
    hash: Mapped[bytes]
