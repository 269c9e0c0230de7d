"""Taking one step of the order table: state, event row, audit row and the bank's message in one commit."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select

from cardsvc.domain.making import MakingStep
from cardsvc.domain.orders import Action, find_move
from cardsvc.errors import NotFound, StaleRecord
from cardsvc.services import audit, outbox_queue, scope
from cardsvc.services.views import Actor
from cardsvc.store.models import OrderEventRow, OrderRow
from cardsvc.store.uow import Tx


def get_order(tx: Tx, number: str, *, by: Actor, version: int | None = None, lock: bool = True) -> OrderRow:
    """Return the order if ``by`` may see it; raise NotFound, or StaleRecord where it is not at ``version``."""
    query = scope.orders(by).where(OrderRow.number == number)
    order = tx.scalar(query.with_for_update() if lock else query)
    if order is None:
        raise NotFound(kind="order", ref=number)
    if version is not None and order.version != version:
        raise StaleRecord(kind="order", ref=number)
    return order


def apply(
    tx: Tx,
    order: OrderRow,
    action: Action,
    *,
    by: Actor,
    now: datetime,
    reason: str = "",
    facts: Mapping[str, str] | None = None,
    call: outbox_queue.Call | None = None,
) -> None:
    """Take one step of the table; raise IllegalMove. ``call`` fills in the message the step owes the bank."""
    move = find_move(order.state, action, by.role)
    source, order.state, order.state_since = order.state, move.target, now
    note(tx, order, f"action.{action.value}", source=source.value, by=by, now=now, reason=reason, facts=facts)
    if move.tells_bank is not None:
        outbox_queue.put(tx, order, move.tells_bank, call or outbox_queue.Call(), now=now)


def save_step(
    tx: Tx, order: OrderRow, step: MakingStep, *, by: Actor, now: datetime, facts: Mapping[str, str] | None = None
) -> None:
    """Record that a step of making is done."""
    order.making = step
    note(tx, order, f"step.{step.value}", source=order.state.value, by=by, now=now, facts=facts)


def note(
    tx: Tx,
    order: OrderRow,
    action: str,
    *,
    source: str,
    by: Actor,
    now: datetime,
    reason: str = "",
    facts: Mapping[str, str] | None = None,
) -> None:
    """Append an event to the order's timeline and the matching audit row; facts hold no personal data."""
    last = tx.scalar(select(func.max(OrderEventRow.seq)).where(OrderEventRow.order_id == order.id)) or 0
    told = dict(facts or {})
    tx.add(
        OrderEventRow(
            order_id=order.id,
            seq=last + 1,
            at=now,
            action=action,
            source=source,
            target=order.state.value,
            actor=by.name,
            role=by.role.value if by.role else "",
            reason=reason[:200],
            facts=told,
        )
    )
    audit.record(
        tx,
        by=by,
        action=f"order.{action}",
        subject=order.number,
        now=now,
        source=source,
        target=order.state.value,
        **({"reason": reason[:200]} if reason else {}),
    )
    tx.flush()
