"""What a bank's word does to our order: the one place answers, refusals and events are turned into moves."""

from datetime import datetime
from typing import Final

from sqlalchemy import select

from cardsvc.bank.gateway import BankAnswer
from cardsvc.domain.cards import CardState
from cardsvc.domain.orders import Action, BankCall, OrderState
from cardsvc.services import moves
from cardsvc.services.views import Actor
from cardsvc.store.models import CardRow, OrderRow, OutboxRow, OutboxState
from cardsvc.store.uow import Tx

# The bank's states from which a message of ours is seen to have arrived.
_DONE_WHEN: Final = {
    BankCall.ORDER: frozenset({"accepted", "refused", "personalising", "made", "activated", "cancelled"}),
    BankCall.CANCEL: frozenset({"cancelled"}),
    BankCall.MAKING_STARTED: frozenset({"personalising", "made", "activated"}),
    BankCall.CARD_ISSUED: frozenset({"made", "activated"}),
    BankCall.CARD_FAILED: frozenset[str](),
    BankCall.ACTIVATE: frozenset({"activated"}),
}
# A business "no" that the clerk settles with the applicant; any other refusal is for a human to look at.
BUSINESS_REFUSALS: Final = frozenset(
    {
        "bank.refused.name_number_mismatch",
        "bank.refused.account_limit",
        "bank.refused.branch_does_not_issue",
        "bank.refused.customer_blocked",
    }
)

_TOO_LATE: Final = "bank.making_started"  # the bank's no to a cancellation


def shows_done(call: BankCall, found: BankAnswer, revision: int) -> bool:
    """Return whether the bank's own state of the order shows that ``call`` of this revision has arrived."""
    return found.state in _DONE_WHEN[call] and found.revision >= revision


def bank_actor(code: str) -> Actor:
    """Return the bank as the one who acts."""
    return Actor(name=f"bank:{code}", role=None)


def apply(tx: Tx, row: OutboxRow, *, answer: BankAnswer | None, refusal: str, now: datetime) -> str:
    """Apply the result of one message; return "" or the code of why a human must look."""
    order = tx.scalars(select(OrderRow).where(OrderRow.id == row.order_id).with_for_update()).one()
    by = bank_actor(row.bank_code)
    call = BankCall(row.call)
    if answer is not None:
        if answer.raw.get("order") != row.order_number:
            return "bank.answer_differs"  # of another order
        if call is BankCall.ORDER and any(str(getattr(answer, name)) != wanted for name, wanted in row.expect.items()):
            return "bank.answer_differs"  # another person or photo than the one we sent
        return _answered(tx, order, call, answer, by=by, now=now)
    if call is BankCall.ORDER and refusal in BUSINESS_REFUSALS:
        refused(tx, order, refusal, by=by, now=now)
        return ""
    if call is BankCall.CANCEL and refusal == _TOO_LATE:
        if order.state is OrderState.CANCELLING:
            moves.apply(tx, order, Action.CANCEL_DENIED, by=by, now=now, reason=refusal)
        return ""
    return refusal


def _answered(tx: Tx, order: OrderRow, call: BankCall, answer: BankAnswer, *, by: Actor, now: datetime) -> str:
    if call is BankCall.ORDER:
        if answer.state == "refused":
            refused(tx, order, str(answer.raw.get("reason", "bank.refused")), by=by, now=now)
        else:
            accepted(tx, order, answer.account_number, answer.bank_order_id, by=by, now=now)
    elif call is BankCall.CANCEL:
        cancelled(tx, order, by=by, now=now)
    elif call is BankCall.ACTIVATE and answer.state == "activated":
        activated(tx, order)
    return ""


def is_disputed(tx: Tx, order: OrderRow) -> bool:
    """Return whether a human must first look at an answer about this order: it told of another person or photo."""
    held = select(OutboxRow.id).where(
        OutboxRow.order_id == order.id, OutboxRow.state == OutboxState.HELD, OutboxRow.call == BankCall.ORDER.value
    )
    return tx.scalar(held.limit(1)) is not None


def accepted(tx: Tx, order: OrderRow, account: str, bank_order_id: str, *, by: Actor, now: datetime) -> None:
    """Move on: the bank has taken the order and pre-opened the account (预开户)."""
    if order.state is not OrderState.CONFIRMED:
        return  # told before, by the answer or by the event
    order.account = tx.seal(order, "account", account)
    order.bank_order_id = bank_order_id
    moves.apply(tx, order, Action.ACCEPT, by=by, now=now)


def refused(tx: Tx, order: OrderRow, reason: str, *, by: Actor, now: datetime) -> None:
    """Turn the order back: the bank says no, for a reason the clerk can settle."""
    if order.state is not OrderState.CONFIRMED:
        return
    order.refusal = reason
    moves.apply(tx, order, Action.REFUSE, by=by, now=now, reason=reason)


def cancelled(tx: Tx, order: OrderRow, *, by: Actor, now: datetime) -> None:
    """End the order: the bank has dropped it."""
    if order.state is OrderState.CANCELLING:
        moves.apply(tx, order, Action.CANCEL_DONE, by=by, now=now)


def activated(tx: Tx, order: OrderRow) -> None:
    """Mark the account of the order's card active."""
    card = tx.scalar(select(CardRow).where(CardRow.order_id == order.id, CardRow.state != CardState.SPOILED))
    if card is not None:
        card.financial_active = True


def catch_up(tx: Tx, order: OrderRow, found: BankAnswer, *, by: Actor, now: datetime) -> None:
    """Bring the order to where the bank says it stands, as far as that is the bank's to say."""
    if found.revision != order.revision:
        return  # of what was revised since: the bank will answer the newer one
    if found.state == "refused":
        refused(tx, order, str(found.raw.get("reason", "bank.refused")), by=by, now=now)
    elif found.state == "cancelled":
        cancelled(tx, order, by=by, now=now)
    elif found.account_number:
        accepted(tx, order, found.account_number, found.bank_order_id, by=by, now=now)
    if found.state == "activated":
        activated(tx, order)
