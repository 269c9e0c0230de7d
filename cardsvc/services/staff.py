"""Signing in and out; sessions live in the database so that they can be ended there."""

import hashlib
import secrets
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import delete, select

from cardsvc.domain.staff import Role
from cardsvc.errors import Rejected
from cardsvc.services import audit
from cardsvc.services.views import Actor
from cardsvc.store.models import SessionRow, UserRow
from cardsvc.store.uow import Tx, UnitOfWork

# 19 MiB and two passes: 48 log-ins a second on two cores; two at once, or a flood of log-ins stops the counter.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_HASHING: Final = BoundedSemaphore(2)
_NOBODY: Final = _HASHER.hash(secrets.token_urlsafe(16))  # so that an unknown name takes as long as a known one
IDLE: Final = timedelta(minutes=15)
ABSOLUTE: Final = timedelta(hours=8)
_TOUCH: Final = timedelta(seconds=20)  # how stale "last seen" may be
_FREE_FAILURES: Final = 4
_LONGEST_LOCK: Final = timedelta(minutes=15)


class SignInFailed(Rejected, code="access.sign_in_failed"):
    """User name or password is wrong; which of them is not said."""


class LockedOut(Rejected, code="access.locked"):
    """Too many failures on this account; facts: seconds."""


class PasswordWeak(Rejected, code="access.password_weak"):
    """A password of fewer than eight characters; facts: minimum."""


MINIMUM_PASSWORD: Final = 8


def add_user(
    tx: Tx,
    *,
    username: str,
    name: str,
    role: Role,
    password: str,
    by: Actor,
    now: datetime,
    branch_code: str | None = None,
    window: str = "",
) -> None:
    """Make an account; raise PasswordWeak, or UniqueViolated where the name is taken."""
    if len(password) < MINIMUM_PASSWORD:
        raise PasswordWeak(minimum=MINIMUM_PASSWORD)
    tx.add(
        UserRow(
            username=username,
            name=name,
            role=role,
            password_hash=_HASHER.hash(password),
            branch_code=branch_code,
            window=window,
        )
    )
    audit.record(tx, by=by, action="staff.added", subject=username, now=now, role=role.value)


def sign_in(
    uow: UnitOfWork, username: str, password: str, *, now: datetime, desk: str = "1", address: str = ""
) -> tuple[str, Actor]:
    """Return a new session token and who it is; raise SignInFailed or LockedOut."""
    with uow.reading() as tx:
        user = tx.scalar(select(UserRow).where(UserRow.username == username))
        known = user.password_hash if user is not None and user.active else _NOBODY
        locked = user.locked_until if user is not None else None
    if locked is not None and locked > now:
        raise LockedOut(seconds=int((locked - now).total_seconds()) + 1)
    with _HASHING:  # outside any transaction: hashing takes 40 ms
        right = _matches(known, password) and known != _NOBODY
    nobody = Actor(name=username[:64], role=None)
    if not right:
        with uow() as tx:
            failed = tx.scalar(select(UserRow).where(UserRow.username == username).with_for_update())
            if failed is not None:
                failed.failures += 1
                if failed.failures > _FREE_FAILURES:
                    wait = timedelta(seconds=2 ** min(failed.failures - _FREE_FAILURES, 10))
                    failed.locked_until = now + min(wait, _LONGEST_LOCK)
            subject = username[:64] if failed is not None else "unknown"
            audit.record(tx, by=nobody, action="access.failed", subject=subject, now=now, address=address)
        raise SignInFailed
    token = secrets.token_urlsafe(32)
    with uow() as tx:
        row = tx.scalars(select(UserRow).where(UserRow.username == username)).one()
        row.failures, row.locked_until, row.last_sign_in = 0, None, now
        tx.add(SessionRow(token_hash=_hash(token), user_id=row.id, desk=desk, created_at=now, seen_at=now))
        tx.execute(delete(SessionRow).where(SessionRow.created_at < now - ABSOLUTE))
        found = _actor(row, desk)
        audit.record(tx, by=found, action="access.signed_in", subject=username, now=now, address=address)
    return token, found


def actor_of(
    uow: UnitOfWork, token: str, *, now: datetime, active: bool = True, idle: timedelta = IDLE
) -> Actor | None:
    """Return who holds ``token``, None where it is unknown, idle too long, or too old.

    ``active`` false is a page asking by itself: it does not keep the session alive.
    """
    with uow.reading() as tx:
        row = tx.get(SessionRow, _hash(token))
        user = tx.get(UserRow, row.user_id) if row is not None else None
        if row is None or user is None or not user.active:
            return None
        if now - row.seen_at > idle or now - row.created_at > ABSOLUTE:
            return None
        stale = now - row.seen_at > _TOUCH
        found = _actor(user, row.desk)
    if active and stale:
        with uow() as tx:
            touched = tx.get(SessionRow, _hash(token))
            if touched is not None:
                touched.seen_at = now
    return found


def sign_out(tx: Tx, token: str, *, by: Actor, now: datetime) -> None:
    """End the session of ``token``."""
    tx.execute(delete(SessionRow).where(SessionRow.token_hash == _hash(token)))
    audit.record(tx, by=by, action="access.signed_out", subject=by.name, now=now)


def _matches(known: str, password: str) -> bool:
    try:
        return _HASHER.verify(known, password)
    except VerifyMismatchError:
        return False


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _actor(user: UserRow, desk: str) -> Actor:
    return Actor(
        name=user.username,
        role=user.role,
        title=user.name,
        branch=user.branch_code or "",
        window=user.window,
        desk=desk,
    )
