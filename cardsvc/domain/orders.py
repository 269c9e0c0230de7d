"""The life of an order (申领单) as one table; buttons, guards, the outbox, the docs and the tests read it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cardsvc.domain.staff import Role
from cardsvc.errors import Conflict


class OrderKind(StrEnum):
    """The three orders [GZ]."""

    MAKE = "make"  # 新申领制卡
    CORRECT = "correct"  # 信息勘误换卡
    REISSUE = "reissue"  # 补换卡


class OrderState(StrEnum):
    """Where an order stands."""

    DRAFT = "draft"  # 暂存: being entered at the window
    CONFIRMED = "confirmed"  # 已确认: signed; on its way to the bank
    REFUSED = "refused"  # 银行退回: the bank said no, with a reason
    ACCEPTED = "accepted"  # 待制卡: account pre-opened, the branch may make the card
    MAKING = "making"  # 制卡中
    RETURNED = "returned"  # 已回盘: card made, data returned, not enabled yet
    ENABLED = "enabled"  # 已启用
    HANDED_OVER = "handed_over"  # 已领卡
    CANCELLING = "cancelling"  # 撤销中: waiting for the bank's word
    CANCELLED = "cancelled"  # 已作废


class Action(StrEnum):
    """What can be done to an order, by a person or by the bank's word."""

    CONFIRM = "confirm"
    ACCEPT = "accept"
    REFUSE = "refuse"
    REVISE = "revise"
    CANCEL = "cancel"
    CANCEL_DONE = "cancel_done"
    CANCEL_DENIED = "cancel_denied"
    START_MAKING = "start_making"
    RETURN_DATA = "return_data"
    ENABLE = "enable"
    HAND_OVER = "hand_over"


class BankCall(StrEnum):
    """The message a move owes the bank (bank.messages has the bodies)."""

    ORDER = "order"
    CANCEL = "cancel"
    MAKING_STARTED = "making_started"
    CARD_ISSUED = "card_issued"
    CARD_FAILED = "card_failed"
    ACTIVATE = "activate"


@dataclass(frozen=True, slots=True)
class Move:
    """One legal step; ``roles`` empty means: on the bank's word only, never on a person's."""

    source: OrderState
    action: Action
    target: OrderState
    roles: frozenset[Role] = frozenset()
    tells_bank: BankCall | None = None


_S = OrderState
_A = Action
_CLERK: Final = frozenset({Role.CLERK})
_DESK: Final = frozenset({Role.CLERK, Role.SUPERVISOR})
_BRANCH: Final = frozenset({Role.TELLER})

MOVES: Final = (
    Move(_S.DRAFT,      _A.CONFIRM,       _S.CONFIRMED,   _CLERK,  BankCall.ORDER),
    Move(_S.DRAFT,      _A.CANCEL,        _S.CANCELLED,   _DESK),
    Move(_S.CONFIRMED,  _A.ACCEPT,        _S.ACCEPTED),
    Move(_S.CONFIRMED,  _A.REFUSE,        _S.REFUSED),
    Move(_S.REFUSED,    _A.REVISE,        _S.DRAFT,       _CLERK),
    Move(_S.REFUSED,    _A.CANCEL,        _S.CANCELLED,   _DESK),
    Move(_S.ACCEPTED,   _A.CANCEL,        _S.CANCELLING,  _DESK,   BankCall.CANCEL),
    Move(_S.CANCELLING, _A.CANCEL_DONE,   _S.CANCELLED),
    Move(_S.CANCELLING, _A.CANCEL_DENIED, _S.ACCEPTED),
    Move(_S.ACCEPTED,   _A.START_MAKING,  _S.MAKING,      _BRANCH, BankCall.MAKING_STARTED),
    Move(_S.MAKING,     _A.RETURN_DATA,   _S.RETURNED,    _BRANCH, BankCall.CARD_ISSUED),
    Move(_S.RETURNED,   _A.ENABLE,        _S.ENABLED,     _BRANCH, BankCall.ACTIVATE),
    Move(_S.ENABLED,    _A.HAND_OVER,     _S.HANDED_OVER, _BRANCH),
)  # fmt: skip

ENDED: Final = frozenset({OrderState.HANDED_OVER, OrderState.CANCELLED})
OPEN: Final = frozenset(OrderState) - ENDED
WITH_BANK: Final = frozenset({OrderState.CONFIRMED, OrderState.CANCELLING})

_BY_STEP: Final = {(move.source, move.action): move for move in MOVES}


class IllegalMove(Conflict, code="order.illegal_move"):
    """The order's state does not allow this action; facts: state, action, allowed."""


def find_move(state: OrderState, action: Action, role: Role | None) -> Move:
    """Return the legal step for ``role`` (None: the bank's word), or raise IllegalMove naming what is allowed."""
    move = _BY_STEP.get((state, action))
    if move is None or not _for(move, role):
        allowed = ", ".join(other.action for other in moves_from(state, role))
        raise IllegalMove(state=state.value, action=action.value, allowed=allowed)
    return move


def moves_from(state: OrderState, role: Role | None) -> tuple[Move, ...]:
    """Return the steps ``role`` may take from ``state``, in the table's order."""
    return tuple(move for move in MOVES if move.source is state and _for(move, role))


def _for(move: Move, role: Role | None) -> bool:
    return not move.roles if role is None else role in move.roles
