"""Events from the banks: kept by id, applied in the bank's own sequence, gaps filled by asking."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from cardsvc.bank.gateway import BankAnswer, BankGateway
from cardsvc.bank.messages import Event, parse_event
from cardsvc.errors import BankFault, Rejected
from cardsvc.services import audit, bank_results, moves
from cardsvc.store.models import InboxRow, NonceRow, OrderRow
from cardsvc.store.uow import Tx, UnitOfWork, forbid_io

_PATIENCE: Final = timedelta(seconds=10)
_NONCE_KEPT: Final = timedelta(minutes=12)  # more than twice the allowed skew


class ForeignEvent(Rejected, code="bank.event_foreign"):
    """The event is about no order of ours, or about another bank's."""


class DatabaseNonces:
    """Signature nonces seen, in the database: a replay to another process is still a replay."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def seen(self, keyid: str, nonce: str, at: datetime) -> bool:
        """Return whether the nonce was seen before, and remember it."""
        try:
            with self._uow() as tx:
                tx.execute(delete(NonceRow).where(NonceRow.seen_at < at - _NONCE_KEPT))
                if tx.get(NonceRow, (keyid, nonce)) is not None:
                    return True
                tx.add(NonceRow(keyid=keyid, nonce=nonce, seen_at=at))
                tx.flush()
        except IntegrityError:
            return True
        return False


def receive(uow: UnitOfWork, event: Event, raw: bytes, *, bank_code: str, now: datetime) -> bool:
    """Keep an event and apply what can be applied; return False for one that was kept before.

    ``bank_code`` is whose signature the event bore. Raises ForeignEvent.
    """
    with uow() as tx:
        if tx.get(InboxRow, event.event_id) is not None:
            return False
        order = tx.scalar(select(OrderRow).where(OrderRow.number == event.order).with_for_update())
        if order is None or order.bank_code != bank_code or event.bank != bank_code:
            raise ForeignEvent
        if event.seq <= order.bank_seq or _same_seq(tx, event):
            audit.record(
                tx,
                by=bank_results.bank_actor(bank_code),
                action="bank.event_late",
                subject=order.number,
                now=now,
                seq=event.seq,
                kind=event.kind,
            )
            return False
        row = InboxRow(
            event_id=event.event_id,
            bank_code=bank_code,
            order_number=event.order,
            seq=event.seq,
            kind=event.kind,
            row_id=uuid.uuid4(),
            received_at=now,
        )
        row.body = tx.seal(row, "body", raw)
        tx.add(row)
        tx.flush()
        _apply_in_sequence(tx, order, now=now)
        return True


def fill_gaps(uow: UnitOfWork, banks: Mapping[str, BankGateway], *, now: datetime) -> int:
    """Ask the bank about orders whose next event has not come; return how many were settled."""
    with uow.reading() as tx:
        late = tx.execute(
            select(InboxRow.order_number, InboxRow.bank_code)
            .where(InboxRow.applied_at.is_(None), InboxRow.received_at < now - _PATIENCE)
            .distinct()
            .limit(10)
        ).all()
    settled = 0
    for number, code in late:
        forbid_io("the bank")
        bank = banks.get(code)
        if bank is None:
            continue
        try:
            found = bank.find_order(number)
        except BankFault:
            continue  # next round
        if found is not None:
            settled += _catch_up(uow, number, found, now=now)
    return settled


def _same_seq(tx: Tx, event: Event) -> bool:
    found = select(InboxRow.event_id).where(InboxRow.order_number == event.order, InboxRow.seq == event.seq)
    return tx.scalar(found) is not None


def _apply_in_sequence(tx: Tx, order: OrderRow, *, now: datetime) -> None:
    waiting = tx.scalars(
        select(InboxRow)
        .where(InboxRow.order_number == order.number, InboxRow.applied_at.is_(None))
        .order_by(InboxRow.seq)
    ).all()
    for row in waiting:
        if row.seq != order.bank_seq + 1:
            return
        _apply(tx, order, parse_event(tx.unseal(row, "body")), now=now)
        order.bank_seq, row.applied_at = row.seq, now
        tx.flush()


def _apply(tx: Tx, order: OrderRow, event: Event, *, now: datetime) -> None:
    by = bank_results.bank_actor(order.bank_code)
    facts = {key: str(value) for key, value in event.data.items() if key in {"card_number", "reason"}}
    moves.note(tx, order, f"bank.{event.kind}", source=order.state.value, by=by, now=now, facts=facts)
    if event.revision != order.revision:
        return  # of what was revised since; noted, and no more
    if event.kind == "order.accepted" and not bank_results.is_disputed(tx, order):
        account = str(event.data.get("account_number", ""))
        bank_results.accepted(tx, order, account, str(event.data.get("bank_order_id", "")), by=by, now=now)
    elif event.kind == "order.refused":
        bank_results.refused(tx, order, str(event.data.get("reason", "bank.refused")), by=by, now=now)
    elif event.kind == "order.cancelled":
        bank_results.cancelled(tx, order, by=by, now=now)
    elif event.kind == "financial.activated":
        bank_results.activated(tx, order)


def _catch_up(uow: UnitOfWork, number: str, found: BankAnswer, *, now: datetime) -> int:
    with uow() as tx:
        order = tx.scalars(select(OrderRow).where(OrderRow.number == number).with_for_update()).one()
        if found.seq <= order.bank_seq:
            return 0
        by = bank_results.bank_actor(order.bank_code)
        bank_results.catch_up(tx, order, found, by=by, now=now)
        waiting = select(InboxRow).where(InboxRow.order_number == number, InboxRow.applied_at.is_(None))
        for row in tx.scalars(waiting.where(InboxRow.seq <= found.seq)):
            row.applied_at = now
        order.bank_seq = found.seq
        return 1
