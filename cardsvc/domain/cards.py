"""The life of a card (卡状态) as one table, and what a replacement does to the old one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cardsvc.errors import Conflict


class CardState(StrEnum):
    """States as peer systems name them [HA][SD]."""

    MAKING = "making"  # 制卡中: number allotted, a blank on the reader
    NOT_ENABLED = "not_enabled"  # 未启用: made and read back
    NORMAL = "normal"  # 正常: the one live card
    TEMPORARILY_LOST = "temporarily_lost"  # 临时挂失
    LOST = "lost"  # 挂失
    LOCKED = "locked"  # 锁定
    CANCELLED_ON_LOSS = "cancelled_on_loss"  # 挂失后注销
    CANCELLED = "cancelled"  # 注销
    SPOILED = "spoiled"  # 废卡: died in the making


class CardAction(StrEnum):
    """What happens to a card."""

    FINISH = "finish"
    SPOIL = "spoil"
    ENABLE = "enable"
    REPORT_TEMPORARY_LOSS = "report_temporary_loss"
    REPORT_LOSS = "report_loss"
    FIND = "find"
    LOCK = "lock"
    UNLOCK = "unlock"
    REPLACE = "replace"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class CardMove:
    """One legal step of a card."""

    source: CardState
    action: CardAction
    target: CardState


_S = CardState
_A = CardAction

CARD_MOVES: Final = (
    CardMove(_S.MAKING,           _A.FINISH,                _S.NOT_ENABLED),
    CardMove(_S.MAKING,           _A.SPOIL,                 _S.SPOILED),
    CardMove(_S.NOT_ENABLED,      _A.ENABLE,                _S.NORMAL),
    CardMove(_S.NOT_ENABLED,      _A.CANCEL,                _S.CANCELLED),
    CardMove(_S.NORMAL,           _A.REPORT_TEMPORARY_LOSS, _S.TEMPORARILY_LOST),
    CardMove(_S.NORMAL,           _A.REPORT_LOSS,           _S.LOST),
    CardMove(_S.NORMAL,           _A.LOCK,                  _S.LOCKED),
    CardMove(_S.NORMAL,           _A.REPLACE,               _S.CANCELLED),
    CardMove(_S.NORMAL,           _A.CANCEL,                _S.CANCELLED),
    CardMove(_S.LOCKED,           _A.UNLOCK,                _S.NORMAL),
    CardMove(_S.TEMPORARILY_LOST, _A.FIND,                  _S.NORMAL),
    CardMove(_S.TEMPORARILY_LOST, _A.REPORT_LOSS,           _S.LOST),
    CardMove(_S.LOST,             _A.FIND,                  _S.NORMAL),
    CardMove(_S.LOST,             _A.REPLACE,               _S.CANCELLED_ON_LOSS),
)  # fmt: skip

# A person has at most one card in these states (the database enforces it).
LIVE: Final = frozenset({CardState.NORMAL, CardState.TEMPORARILY_LOST, CardState.LOST, CardState.LOCKED})

_BY_STEP: Final = {(move.source, move.action): move for move in CARD_MOVES}


class IllegalCardMove(Conflict, code="card.illegal_move"):
    """The card's state does not allow this; facts: state, action."""


def next_card_state(state: CardState, action: CardAction) -> CardState:
    """Return the state after ``action``, or raise IllegalCardMove."""
    move = _BY_STEP.get((state, action))
    if move is None:
        raise IllegalCardMove(state=state.value, action=action.value)
    return move.target


@dataclass(frozen=True, slots=True)
class ReplacementEffect:
    """What becomes of the old card's two functions [GZ]."""

    old_social_ends: bool
    old_financial_ends: bool
    new_inherits_social: bool
    new_inherits_financial: bool
    new_password_needed: bool


REPLACEMENT: Final = {
    "same_bank": ReplacementEffect(
        old_social_ends=True,
        old_financial_ends=True,
        new_inherits_social=True,
        new_inherits_financial=True,
        new_password_needed=False,
    ),
    "other_bank": ReplacementEffect(
        old_social_ends=True,
        old_financial_ends=False,
        new_inherits_social=True,
        new_inherits_financial=False,
        new_password_needed=True,  # set again at a designated hospital or pharmacy
    ),
}
