from dataclasses import replace

import pytest

from cardsvc.bank.gateway import BankRefusal, BankUnreachable
from cardsvc.bank.messages import Event, canonical_body
from cardsvc.domain.orders import OrderState
from cardsvc.services import inbox, intake, making, orders, outbox
from tests.services.conftest import RNG, TELLER


class Dead:
    def post(self, _parcel):
        raise BankUnreachable

    def find_order(self, _order):
        raise BankUnreachable


def deliver(counter, banks=None):
    return outbox.deliver_due(counter.uow, banks or counter.banks, clock=counter.clock, rng=RNG)


@pytest.mark.parametrize("fault", ["F01", "F02", "F03", "F04", "F05", "F06", "F07", "F11", "F14", "F23"])
def test_whatever_happens_on_the_wire_the_order_arrives_once(counter, person, fault):
    number = counter.prepare(person)
    counter.confirm(number)
    counter.bank.faults.script = [fault, fault]
    counter.deliver()
    assert counter.view(number).state is OrderState.ACCEPTED
    books = counter.bank.ledger.books()
    assert [row["number"] for row in books["orders"]] == [number]


def test_an_answer_about_another_person_is_held_for_a_human_and_retried_on_request(counter, person):
    number = counter.prepare(person)
    counter.confirm(number)
    counter.bank.faults.script = ["F13"]
    deliver(counter)
    view = counter.view(number)
    assert (view.state, view.wait.held, view.wait.last_error) == (OrderState.CONFIRMED, True, "bank.answer_differs")
    with counter.uow() as tx:
        (line,) = outbox.waiting(tx)
        outbox.retry(tx, line.id, by=TELLER, now=counter.now)
    counter.deliver()
    assert counter.view(number).state is OrderState.ACCEPTED


def test_a_dead_bank_is_left_alone_for_a_while_and_the_order_waits(counter, person):
    number = counter.prepare(person)
    counter.confirm(number)
    dead = {"ICBC": Dead()}
    for _ in range(8):
        deliver(counter, dead)
        counter.wait(300)
    view = counter.view(number)
    assert view.wait.last_error == "bank.unreachable"
    deliver(counter, dead)
    assert deliver(counter, dead) == 0  # the circuit is open: nothing is even tried
    counter.deliver()
    assert counter.view(number).state is OrderState.ACCEPTED


def test_a_worker_that_never_comes_back_is_succeeded_and_its_late_result_dropped(counter, person):
    number = counter.prepare(person)
    counter.confirm(number)
    (lost,) = outbox.claim(counter.uow, now=counter.now)
    assert outbox.claim(counter.uow, now=counter.now) == []
    late = outbox.deliver(lost, counter.banks["ICBC"])
    counter.wait(61)
    (taken,) = outbox.claim(counter.uow, now=counter.now)
    assert taken.ask_first
    outcome = outbox.deliver(taken, counter.banks["ICBC"])
    assert outbox.finish(counter.uow, taken, outcome, now=counter.now, rng=RNG)
    assert not outbox.finish(counter.uow, lost, late, now=counter.now, rng=RNG)
    assert counter.view(number).state is OrderState.ACCEPTED
    assert len(counter.bank.ledger.books()["orders"]) == 1


def test_messages_of_one_order_go_one_after_another(counter, person):
    number = counter.accepted(person)
    making.identify(counter.uow, counter.plate, number, **counter.at(TELLER))
    counter.slot.insert()
    for _ in range(4):
        counter.step(number)
    assert [claimed.call.value for claimed in outbox.claim(counter.uow, now=counter.now, limit=9)] == ["making_started"]


def event(counter, number, seq, kind="making.started", *, revision=1, **data):
    told = Event(
        event_id=f"event-{number}-{seq}",
        bank="ICBC",
        order=number,
        revision=revision,
        seq=seq,
        at=counter.now,
        kind=kind,
        data=data,
    )
    return told, canonical_body(told)


def receive(counter, told, raw, bank="ICBC"):
    return inbox.receive(counter.uow, told, raw, bank_code=bank, now=counter.now)


def test_the_event_before_the_answer_accepts_and_the_answer_changes_nothing_more(counter, person):
    number = counter.prepare(person)
    counter.confirm(number)
    assert receive(counter, *event(counter, number, 1, "order.accepted", account_number="6222081234567890123"))
    assert counter.view(number).state is OrderState.ACCEPTED
    counter.deliver()
    assert [line.action for line in counter.view(number).events].count("action.accept") == 1


def test_events_twice_and_out_of_order_are_applied_once_in_sequence(counter, person):
    number = counter.accepted(person)
    first, second = event(counter, number, 1, "order.accepted"), event(counter, number, 2, "financial.activated")
    assert receive(counter, *second)
    assert "bank.financial.activated" not in {line.action for line in counter.view(number).events}
    assert receive(counter, *first)
    assert not receive(counter, *first)
    assert not receive(counter, *second)
    actions = [line.action for line in counter.view(number).events if line.action.startswith("bank.")]
    assert actions == ["bank.order.accepted", "bank.financial.activated"]


def revised(counter, person, mobile="13800138000"):
    """An order the bank refused, corrected and confirmed again; not sent yet."""
    number = counter.prepare(person, mobile="13800130001")
    counter.confirm(number)
    counter.deliver()
    assert counter.view(number).state is OrderState.REFUSED
    with counter.uow() as tx:
        orders.revise(tx, number, version=counter.view_version(tx, number), **counter.at())
    with counter.uow() as tx:
        version = counter.view_version(tx, number)
        intake.save_contact(tx, number, version=version, mobile=mobile, branch_code="0017", **counter.at())
    counter.slip(number)
    counter.confirm(number)
    return number


@pytest.mark.parametrize("fault", ["F01", "F02", "F03", "F07"])
def test_a_doubt_about_the_revised_order_is_not_settled_by_the_answer_to_the_first(counter, person, fault):
    number = revised(counter, person)
    counter.bank.faults.script = [fault]
    counter.deliver()
    view = counter.view(number)
    assert (view.state, view.refusal, view.wait) == (OrderState.ACCEPTED, "", None)


def test_a_late_refusal_of_the_first_does_not_turn_the_revised_order_back(counter, person):
    number = revised(counter, person)
    assert receive(counter, *event(counter, number, 1, "order.refused", reason="bank.refused.account_limit"))
    assert counter.view(number).state is OrderState.CONFIRMED
    assert receive(counter, *event(counter, number, 2, "order.accepted", revision=2, account_number="62220812345678"))
    assert counter.view(number).state is OrderState.ACCEPTED


def test_an_answer_about_another_order_is_held_whatever_it_answers(counter, person):
    number = counter.accepted(person)
    making.identify(counter.uow, counter.plate, number, **counter.at(TELLER))
    counter.bank.faults.script = ["F13"]
    deliver(counter)
    assert counter.view(number).wait.last_error == "bank.answer_differs"


def test_an_event_does_not_settle_what_a_human_must_look_at(counter, person):
    number = counter.prepare(person)
    counter.confirm(number)
    counter.bank.faults.script = ["F13"]
    deliver(counter)
    assert receive(counter, *event(counter, number, 1, "order.accepted", account_number="6222081234567890123"))
    assert counter.view(number).state is OrderState.CONFIRMED


def cancel(counter, number):
    with counter.uow() as tx:
        version = counter.view_version(tx, number)
        orders.cancel(tx, number, version=version, reason="申请人要求", **counter.at())


class Denying:
    def __init__(self, reason):
        self.reason = reason

    def post(self, _parcel):
        raise BankRefusal(reason=self.reason)

    def find_order(self, _order):
        return None


def test_a_cancellation_the_bank_denied_may_be_tried_again(counter, person):
    number = counter.accepted(person)
    cancel(counter, number)
    deliver(counter, {"ICBC": Denying("bank.making_started")})
    assert counter.view(number).state is OrderState.ACCEPTED
    cancel(counter, number)
    counter.deliver()
    assert counter.view(number).state is OrderState.CANCELLED


def test_a_refusal_for_another_cause_is_not_the_banks_no_to_a_cancellation(counter, person):
    number = counter.accepted(person)
    cancel(counter, number)
    deliver(counter, {"ICBC": Denying("bank.signature_invalid")})
    view = counter.view(number)
    assert (view.state, view.wait.held) == (OrderState.CANCELLING, True)


def test_a_gap_is_filled_by_asking(counter, person):
    number = counter.prepare(person)
    counter.confirm(number)
    (claimed,) = outbox.claim(counter.uow, now=counter.now)
    outbox.deliver(claimed, counter.banks["ICBC"])  # arrived, and our worker died before it could say so
    assert receive(counter, *event(counter, number, 2))
    counter.wait(30)
    assert inbox.fill_gaps(counter.uow, counter.banks, now=counter.now) in {0, 1}
    counter.wait(60)
    counter.deliver()
    assert counter.view(number).state is OrderState.ACCEPTED


def test_a_bank_speaks_for_its_own_orders_only(counter, person):
    number = counter.accepted(person)
    told, raw = event(counter, number, 1)
    with pytest.raises(inbox.ForeignEvent):
        receive(counter, told, raw, bank="OTHER")
    with pytest.raises(inbox.ForeignEvent):
        receive(counter, replace_order(told), raw)


def replace_order(told):
    return told.model_copy(update={"order": "0" * 20})


def test_nonces_are_remembered_in_the_database(counter):
    store = inbox.DatabaseNonces(counter.uow)
    assert not store.seen("bank-1", "n", counter.now)
    assert inbox.DatabaseNonces(counter.uow).seen("bank-1", "n", counter.now)
    assert not store.seen("bank-2", "n", counter.now)


def test_a_claim_is_a_frozen_record(counter, person):
    counter.confirm(counter.prepare(person))
    (claimed,) = outbox.claim(counter.uow, now=counter.now)
    assert replace(claimed, fence=claimed.fence) == claimed
    assert "13800138000" not in repr(claimed)
