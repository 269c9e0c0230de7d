import threading
import uuid
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from cardsvc.domain.cards import CardState
from cardsvc.domain.orders import OrderKind, OrderState
from cardsvc.errors import StaleRecord
from cardsvc.store.models import CardRow, OrderRow, PersonRow
from cardsvc.store.uow import UniqueViolated, forbid_io
from tests.store.conftest import NOW


def person(tx, index=b"1" * 16):
    row = PersonRow(id_index=index, name="样例", birth=date(1990, 1, 1), updated_at=NOW)
    row.id_number = tx.seal(row, "id_number", "520102199001010011")
    tx.add(row)
    tx.flush()
    return row


def order(tx, owner, number, state=OrderState.DRAFT):
    row = OrderRow(
        number=number,
        kind=OrderKind.MAKE,
        state=state,
        person_id=owner.id,
        opened_by="clerk",
        opened_at=NOW,
        state_since=NOW,
    )
    row.holder = tx.seal(row, "holder", "{}")
    tx.add(row)
    tx.flush()
    return row


def card(tx, owner, made_by, code, state):
    row = CardRow(
        person_id=owner.id,
        order_id=made_by.id,
        card_number=code[:9],
        identification_code=code,
        atr="",
        atr_history="",
        chip_version="3.00",
        state=state,
        bank_code="ICBC",
        issued_on=NOW.date(),
        expires_on=NOW.date(),
        created_at=NOW,
        state_since=NOW,
    )
    tx.add(row)
    tx.flush()
    return row


def test_nothing_of_a_failed_unit_stays(uow):
    with pytest.raises(ZeroDivisionError), uow() as tx:
        person(tx)
        raise ZeroDivisionError
    with uow.reading() as tx:
        assert tx.scalar(select(PersonRow)) is None


def test_a_moment_comes_back_as_the_same_moment_in_utc(uow):
    from zoneinfo import ZoneInfo

    with uow() as tx:
        row = person(tx)
        row.updated_at = datetime(2026, 3, 2, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    with uow.reading() as tx:
        found = tx.scalars(select(PersonRow)).one().updated_at
        assert found == NOW
        assert found.utcoffset() == timedelta(0)


def test_a_naive_moment_is_refused(uow):
    with pytest.raises(Exception, match="without zone"), uow() as tx:
        person(tx).updated_at = datetime(2026, 3, 2)  # noqa: DTZ001 - the mistake under test


def test_units_do_not_nest_and_no_device_is_spoken_to_inside_one(uow):
    with uow(), pytest.raises(RuntimeError, match="nest"), uow():
        pass
    with uow.reading(), pytest.raises(RuntimeError, match="the bank"):
        forbid_io("the bank")
    forbid_io("the bank")


def test_a_second_open_order_of_one_person_is_refused_by_the_database(uow):
    with uow() as tx:
        owner = person(tx)
        order(tx, owner, "1")
        order(tx, owner, "2", OrderState.HANDED_OVER)
        owner_id = owner.id
    with pytest.raises(UniqueViolated) as refused, uow() as tx:
        order(tx, tx.get_one(PersonRow, owner_id), "3", OrderState.MAKING)
    assert refused.value.facts["constraint"] == "ux_open_order"


@pytest.mark.parametrize(
    ("state", "constraint"), [(CardState.NORMAL, "ux_live_card"), (CardState.LOST, "ux_live_card")]
)
def test_a_second_live_card_of_one_person_is_refused_by_the_database(uow, state, constraint):
    with uow() as tx:
        owner = person(tx)
        first = order(tx, owner, "1", OrderState.HANDED_OVER)
        second = order(tx, owner, "2", OrderState.HANDED_OVER)
        card(tx, owner, first, "A" * 32, CardState.NORMAL)
        card(tx, owner, second, "B" * 32, CardState.CANCELLED)
        ids = owner.id, order(tx, owner, "3", OrderState.HANDED_OVER).id
    with pytest.raises(UniqueViolated) as refused, uow() as tx:
        card(tx, tx.get_one(PersonRow, ids[0]), tx.get_one(OrderRow, ids[1]), "C" * 32, state)
    assert refused.value.facts["constraint"] == constraint


def test_one_order_makes_one_card_and_one_blank_is_used_once(uow):
    with uow() as tx:
        owner = person(tx)
        made_by = order(tx, owner, "1", OrderState.MAKING)
        card(tx, owner, made_by, "A" * 32, CardState.SPOILED)
        card(tx, owner, made_by, "B" * 32, CardState.MAKING)
        ids = owner.id, made_by.id
    for code, constraint in (("C" * 32, "ux_order_card"), ("A" * 32, "uq_card_")):
        with pytest.raises(UniqueViolated) as refused, uow() as tx:
            state = CardState.MAKING if constraint == "ux_order_card" else CardState.SPOILED
            card(tx, tx.get_one(PersonRow, ids[0]), tx.get_one(OrderRow, ids[1]), code, state)
        assert str(refused.value.facts["constraint"]).startswith(constraint)


def test_a_stale_write_is_refused(uow):
    with uow() as tx:
        order(tx, person(tx), "1")
    with pytest.raises(StaleRecord), uow() as tx:
        row = tx.scalars(select(OrderRow)).one()
        elsewhere = update(OrderRow).values(version=OrderRow.version + 1)
        tx.execute(elsewhere.execution_options(synchronize_session=False))
        row.window = "5"
        tx.flush()


def test_thirty_windows_at_once_open_one_order(uow):
    with uow() as tx:
        owner_id = person(tx).id
    outcomes = []
    gate = threading.Barrier(30)

    def window(index):
        gate.wait()
        try:
            with uow() as tx:
                order(tx, tx.get_one(PersonRow, owner_id), f"{index:020d}")
            outcomes.append("ok")
        except UniqueViolated:
            outcomes.append("refused")

    threads = [threading.Thread(target=window, args=(index,)) for index in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["ok"] + ["refused"] * 29


def test_a_row_is_made_with_its_id_so_that_values_can_be_sealed_for_it():
    assert isinstance(PersonRow(name="x").id, uuid.UUID)
