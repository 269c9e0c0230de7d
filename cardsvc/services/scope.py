"""Who sees which orders: the one choke point of every look by a person."""

from typing import Final

from sqlalchemy import Select, select

from cardsvc.domain.orders import OrderState
from cardsvc.domain.staff import Role
from cardsvc.services.views import Actor
from cardsvc.store.models import OrderRow

# What a branch has no business with yet: entered, on its way, or refused.
BEFORE_BRANCH: Final = (OrderState.DRAFT, OrderState.CONFIRMED, OrderState.REFUSED)


def orders(by: Actor) -> Select[OrderRow]:
    """Return a query of the orders ``by`` may see: the service and the agency all, a teller the own branch's."""
    query = select(OrderRow)
    if by.role is Role.TELLER:
        return query.where(OrderRow.branch_code == by.branch, OrderRow.state.not_in(BEFORE_BRANCH))
    if by.role is Role.ADMIN:
        return query.where(OrderRow.number == "")  # manages users and sees no business data
    return query


def of_branch(by: Actor) -> Select[OrderRow]:
    """Return a query of the orders meant for ``by``'s branch in any state: a slip may come before the bank's word."""
    query = select(OrderRow)
    return query.where(OrderRow.branch_code == by.branch) if by.role is Role.TELLER else orders(by)
