"""Delivering what is owed to the banks: at least once on the wire, once in effect.

The rules (and why) are in docs/flows/bank.md. In short: a message is claimed with a lease and a fence, HTTP
happens outside any transaction, the result is written only where the fence still fits, a doubtful outcome is
asked about with GET before the same bytes go out again under the same key, and what only a human can settle
is HELD. Nothing is ever given up by count; an open circuit keeps one dead bank from delaying another.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import aliased

from cardsvc.bank.gateway import (
    BankAnswer,
    BankBusy,
    BankDoubt,
    BankGateway,
    BankRefusal,
    BankUnreachable,
    Parcel,
)
from cardsvc.domain.orders import BankCall
from cardsvc.services import audit, bank_results
from cardsvc.services.views import Actor
from cardsvc.store.models import BreakerRow, OutboxRow, OutboxState
from cardsvc.store.uow import Tx, UnitOfWork, forbid_io

LEASE: Final = timedelta(seconds=60)  # longer than the time-out of one delivery, GET and POST together
_CLAIM: Final = 2
_BASE_SECONDS: Final = 0.5
_LONGEST_SECONDS: Final = 300.0
_TRIPS: Final = 5  # failures in a row that open a bank's circuit

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message this worker may deliver until its lease ends."""

    id: UUID
    fence: int
    bank_code: str
    order_number: str
    call: BankCall
    revision: int
    parcel: Parcel
    ask_first: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a delivery went: exactly one of answer, refusal, and a reason to try again."""

    answer: BankAnswer | None = None
    refusal: str = ""
    error: str = ""
    doubt: bool = False
    retry_after: float | None = None


def deliver_due(
    uow: UnitOfWork,
    banks: Mapping[str, BankGateway],
    *,
    clock: Callable[[], datetime],
    rng: random.Random,
    limit: int = _CLAIM,
) -> int:
    """Claim and deliver what is due; return how many were tried."""
    claimed = claim(uow, now=clock(), limit=limit)
    for message in claimed:
        outcome = deliver(message, banks.get(message.bank_code))
        finish(uow, message, outcome, now=clock(), rng=rng)
    return len(claimed)


def claim(uow: UnitOfWork, *, now: datetime, limit: int = _CLAIM) -> list[Claimed]:
    """Lease up to ``limit`` due messages: first in first out within an order, none of a bank with an open circuit."""
    earlier = aliased(OutboxRow)
    due = (
        select(OutboxRow)
        .where(
            OutboxRow.state == OutboxState.DUE,
            OutboxRow.due_at <= now,
            or_(OutboxRow.leased_until.is_(None), OutboxRow.leased_until < now),
            ~exists().where(
                earlier.order_id == OutboxRow.order_id,
                earlier.position < OutboxRow.position,
                earlier.state != OutboxState.DONE,
            ),
            OutboxRow.bank_code.not_in(select(BreakerRow.bank_code).where(BreakerRow.open_until > now)),
        )
        .order_by(OutboxRow.due_at)
        .limit(limit)
    )
    with uow.reading() as tx:  # an idle worker never takes the writer
        if tx.scalar(due.with_only_columns(OutboxRow.id).limit(1)) is None:
            return []
    with uow() as tx:
        rows = tx.scalars(due.with_for_update(skip_locked=True, of=OutboxRow)).all()
        for row in rows:
            row.fence += 1
            row.attempts += 1
            row.leased_until = now + LEASE
        return [
            Claimed(
                id=row.id,
                fence=row.fence,
                bank_code=row.bank_code,
                order_number=row.order_number,
                call=BankCall(row.call),
                revision=int(row.key.split(":")[1]),
                parcel=Parcel(path=row.path, key=row.key, body=tx.unseal(row, "body")),
                # An attempt that never came back (its worker died) is as doubtful as a time-out.
                ask_first=row.doubt or row.attempts > 1,
                attempts=row.attempts,
            )
            for row in rows
        ]


def deliver(message: Claimed, bank: BankGateway | None) -> Outcome:
    """Speak to the bank, outside any transaction; never raises for what a bank or a line can do."""
    forbid_io("the bank")
    if bank is None:
        return Outcome(error="bank.unknown", retry_after=_LONGEST_SECONDS)
    try:
        if message.ask_first:
            found = bank.find_order(message.order_number)
            if found is not None and bank_results.shows_done(message.call, found, message.revision):
                return Outcome(answer=found)
        return Outcome(answer=bank.post(message.parcel))
    except BankRefusal as error:
        return Outcome(refusal=str(error.facts.get("reason", error.code)))
    except BankBusy as error:
        return Outcome(error=error.code, retry_after=_seconds(error.facts.get("retry_after")))
    except BankDoubt as error:
        return Outcome(error=error.code, doubt=True)
    except BankUnreachable as error:
        return Outcome(error=error.code)


def finish(uow: UnitOfWork, message: Claimed, outcome: Outcome, *, now: datetime, rng: random.Random) -> bool:
    """Write the result where the fence still fits; return whether it did."""
    with uow() as tx:
        row = tx.scalar(
            select(OutboxRow)
            .where(OutboxRow.id == message.id, OutboxRow.fence == message.fence, OutboxRow.state == OutboxState.DUE)
            .with_for_update()
        )
        if row is None:
            log.info("outbox_stale_result_dropped", order=message.order_number, call=message.call.value)
            return False
        row.leased_until = None
        if outcome.answer is not None or outcome.refusal:
            held = bank_results.apply(tx, row, answer=outcome.answer, refusal=outcome.refusal, now=now)
            row.state = OutboxState.HELD if held else OutboxState.DONE
            row.last_error = held
            _close_circuit(tx, row.bank_code)
        else:
            row.doubt = row.doubt or outcome.doubt
            row.last_error = outcome.error
            row.due_at = now + _wait(message.attempts, outcome, rng)
            if outcome.retry_after is None:
                _count_failure(tx, row.bank_code, now=now, rng=rng)
        log.info(
            "outbox_delivered" if row.state is not OutboxState.DUE else "outbox_retry",
            order=message.order_number,
            call=message.call.value,
            attempts=message.attempts,
            state=row.state.value,
            error=row.last_error,
        )
        return True


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """A message that is not delivered yet."""

    id: UUID
    order_number: str
    bank_code: str
    call: str
    created_at: datetime
    due_at: datetime
    attempts: int
    last_error: str
    held: bool


def waiting(tx: Tx, *, limit: int = 200) -> tuple[OutboxLine, ...]:
    """Return what is owed to the banks, held ones first."""
    rows = tx.scalars(
        select(OutboxRow)
        .where(OutboxRow.state != OutboxState.DONE)
        .order_by(OutboxRow.state.desc(), OutboxRow.created_at)
        .limit(limit)
    )
    return tuple(
        OutboxLine(
            id=row.id,
            order_number=row.order_number,
            bank_code=row.bank_code,
            call=row.call,
            created_at=row.created_at,
            due_at=row.due_at,
            attempts=row.attempts,
            last_error=row.last_error,
            held=row.state is OutboxState.HELD,
        )
        for row in rows
    )


def retry(tx: Tx, message: UUID, *, by: Actor, now: datetime) -> None:
    """Make a held or waiting message due now; the next try asks the bank first."""
    audit.record(tx, by=by, action="outbox.retried", subject=str(message), now=now)
    tx.execute(
        update(OutboxRow)
        .where(OutboxRow.id == message, OutboxRow.state != OutboxState.DONE)
        .values(state=OutboxState.DUE, due_at=now, doubt=True, last_error="")
    )


def _wait(attempts: int, outcome: Outcome, rng: random.Random) -> timedelta:
    if outcome.retry_after is not None:
        # The bank's own word, and a little apart from everybody else it told the same.
        return timedelta(seconds=min(outcome.retry_after, _LONGEST_SECONDS) + rng.uniform(0, 1))
    most = min(_LONGEST_SECONDS, _BASE_SECONDS * 2 ** min(attempts, 12))
    return timedelta(seconds=rng.uniform(0, most))  # full jitter


def _count_failure(tx: Tx, bank_code: str, *, now: datetime, rng: random.Random) -> None:
    row = tx.get(BreakerRow, bank_code, with_for_update=True)
    if row is None:
        row = BreakerRow(bank_code=bank_code, failures=0)
        tx.add(row)
    row.failures += 1
    if row.failures >= _TRIPS:
        most = min(30.0, 2.0 ** (row.failures - _TRIPS))
        row.open_until = now + timedelta(seconds=rng.uniform(most / 2, most))


def _close_circuit(tx: Tx, bank_code: str) -> None:
    row = tx.get(BreakerRow, bank_code, with_for_update=True)
    if row is not None:
        row.failures, row.open_until = 0, None


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) else _BASE_SECONDS
