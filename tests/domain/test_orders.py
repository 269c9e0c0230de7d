from itertools import product

import pytest

from cardsvc.domain.orders import MOVES, Action, IllegalMove, OrderState, find_move, moves_from
from cardsvc.domain.staff import Role

ROLES = [None, *Role]
LEGAL = {(move.source, move.action, role): move for move in MOVES for role in (move.roles or {None})}


@pytest.mark.parametrize("step", list(product(OrderState, Action, ROLES)), ids=str)
def test_only_the_steps_in_the_table_are_legal(step):
    if step in LEGAL:
        assert find_move(*step) is LEGAL[step]
        assert LEGAL[step] in moves_from(step[0], step[2])
    else:
        with pytest.raises(IllegalMove):
            find_move(*step)


def test_every_state_but_the_ended_has_a_way_out():
    ended = {state for state in OrderState if not any(move.source is state for move in MOVES)}
    assert ended == {OrderState.HANDED_OVER, OrderState.CANCELLED}
