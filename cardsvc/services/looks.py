"""What is shown behind the mask: each look is one audit row."""

from datetime import datetime
from typing import Final

from cardsvc.domain.orders import Action, OrderState, find_move
from cardsvc.errors import InvalidInput
from cardsvc.services import audit, holders, moves, orders
from cardsvc.services.views import Actor, AnswersView
from cardsvc.store.uow import Tx

_REASON_MIN: Final = 2


def reveal_id_number(tx: Tx, number: str, *, reason: str, by: Actor, now: datetime) -> str:
    """Return the whole ID number; the look is audited with its reason."""
    if len(reason.strip()) < _REASON_MIN:
        raise InvalidInput(field="reason", reason="missing")
    order = moves.get_order(tx, number, by=by, lock=False)
    audit.record(tx, by=by, action="person.revealed", subject=number, now=now, reason=reason.strip()[:200])
    whole: str = orders.holder_of(tx, order).id_number
    return whole


def answers(tx: Tx, number: str, *, by: Actor, now: datetime) -> AnswersView:
    """Return what the clerk compares with the applicant before printing, unmasked; raise IllegalMove later on."""
    order = moves.get_order(tx, number, by=by, lock=False)
    find_move(OrderState(order.state), Action.CONFIRM, by.role)
    holder = orders.holder_of(tx, order)
    agent = tx.unseal_text(order, "agent")
    audit.record(tx, by=by, action="person.checked", subject=number, now=now)
    return AnswersView(
        id_number=holder.id_number,
        address=holder.address,
        mobile=tx.unseal_text(order, "mobile"),
        agent_name=holders.agent_name(agent),
        agent_id_number=holders.agent_id_number(agent),
    )
