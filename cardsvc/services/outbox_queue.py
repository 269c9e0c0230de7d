"""Owing the bank a message: written in the commit that makes it owed, with the exact bytes it will carry."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from cardsvc.domain.orders import BankCall
from cardsvc.services import bank_messages
from cardsvc.store.models import CardRow, OrderRow, OutboxRow, OutboxState
from cardsvc.store.uow import Tx


@dataclass(frozen=True, slots=True)
class Call:
    """What a message is about besides the order itself."""

    card: CardRow | None = None
    reason: str = ""


def put(tx: Tx, order: OrderRow, call: BankCall, about: Call, *, now: datetime) -> None:
    """Add the message to the outbox; it is sent after the commit, first in first out within the order."""
    path, body, expect = bank_messages.build(tx, order, call, card=about.card, reason=about.reason)
    key = f"{order.number}:{order.revision}"
    if call is not BankCall.ORDER:
        key += f":{call.value}"
        alike = _before(tx, key)
        key += f":{alike}" if alike else ""
    last = tx.scalar(select(func.max(OutboxRow.position)).where(OutboxRow.order_id == order.id)) or 0
    row = OutboxRow(
        bank_code=order.bank_code,
        order_id=order.id,
        order_number=order.number,
        position=last + 1,
        call=call.value,
        key=key,
        path=path,
        digest=hashlib.sha256(body).hexdigest(),
        expect=expect,
        state=OutboxState.DUE,
        due_at=now,
        created_at=now,
    )
    row.body = tx.seal(row, "body", body)
    tx.add(row)
    tx.flush()


def _before(tx: Tx, key: str) -> int:
    """Return how many messages alike were owed before: a second spoiled card, a cancellation after a denied one."""
    alike = or_(OutboxRow.key == key, OutboxRow.key.startswith(f"{key}:", autoescape=True))
    return tx.scalar(select(func.count()).select_from(OutboxRow).where(alike)) or 0
