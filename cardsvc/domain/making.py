"""The steps of making one card at a branch (制卡), in their only order; each is saved before the next."""

from enum import StrEnum
from typing import Final

from cardsvc.errors import Conflict


class MakingStep(StrEnum):
    """What has been done, and saved, so far."""

    IDENTIFIED = "identified"  # 核身: second reading of the ID card, numbers equal
    BLANK_TAKEN = "blank_taken"  # 放卡: this blank's identification code is bound to the order
    CHIP_WRITTEN = "chip_written"  # 写卡: all records written, card said yes to each
    READ_BACK = "read_back"  # 验卡: read back and equal
    RETURNED = "returned"  # 回盘
    ENABLED = "enabled"  # 启用
    HANDED_OVER = "handed_over"  # 领卡


STEPS: Final = tuple(MakingStep)


class StepOutOfOrder(Conflict, code="making.out_of_order"):
    """That step cannot come now; facts: done, wanted, next."""


def next_step(done: MakingStep | None) -> MakingStep | None:
    """Return the step that comes after ``done`` (None: nothing yet), or None at the end."""
    if done is None:
        return STEPS[0]
    index = STEPS.index(done) + 1
    return STEPS[index] if index < len(STEPS) else None


def require_next(done: MakingStep | None, wanted: MakingStep) -> None:
    """Raise StepOutOfOrder unless ``wanted`` is the next step."""
    following = next_step(done)
    if following is not wanted:
        raise StepOutOfOrder(
            done=done.value if done else "", wanted=wanted.value, next=following.value if following else ""
        )
