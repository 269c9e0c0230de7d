from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from cardsvc.devices.base import ChipStatus, Warned
from cardsvc.devices.smartcard.faults import BankCard, CardPulled, NoCard
from cardsvc.domain.cards import CardState
from cardsvc.domain.making import MakingStep, StepOutOfOrder
from cardsvc.domain.orders import IllegalMove, OrderState
from cardsvc.errors import InvalidInput, NotFound, StaleRecord
from cardsvc.services import audit, intake, looks, making, orders, papers, staff
from cardsvc.store.models import BlobRow, CardRow, OrderRow
from tests.builders import holder
from tests.services.conftest import CLERK, OTHER_TELLER, SUPERVISOR, TELLER, good_photo


def test_from_id_card_to_working_card(counter, person):
    counter.plate.person = person
    reading = intake.read_id_card(counter.uow, counter.plate, **counter.at())
    assert (reading.id_number, reading.open_order, reading.live_card) == (person.id_number, "", False)
    with counter.uow() as tx:
        number = intake.open_from_reading(tx, reading.id, **counter.at())
    with counter.uow() as tx:
        intake.save_contact(
            tx, number, version=counter.view_version(tx, number), mobile="138 0013 8000", branch_code="0017",
            **counter.at(),
        )  # fmt: skip
    assert intake.save_photo(counter.uow, good_photo, counter.profile, number, b"x", **counter.at()).accepted
    slip = counter.slip(number)
    counter.confirm(number)
    assert counter.view(number).wait is not None
    counter.deliver()
    assert counter.view(number).state is OrderState.ACCEPTED
    with counter.uow.reading() as tx:
        assert making.open_slip(tx, slip.code, by=TELLER) == number
    making.identify(counter.uow, counter.plate, number, **counter.at(TELLER))
    counter.slot.insert()
    for wanted in (MakingStep.BLANK_TAKEN, MakingStep.CHIP_WRITTEN, MakingStep.READ_BACK, MakingStep.RETURNED):
        assert counter.step(number).making is wanted
    identity, chip = making.chip(counter.uow, counter.slot, number, **counter.at(TELLER))
    assert (identity.status, chip.social_security_number, chip.name) == (
        ChipStatus.PERSONALISED, person.id_number, person.name,
    )  # fmt: skip
    making.enable(counter.uow, number, **counter.at(TELLER))
    counter.deliver()
    done = making.hand_over(counter.uow, number, received_by="holder", **counter.at(TELLER))
    assert done.state is OrderState.HANDED_OVER
    assert (done.card.state, done.card.social_enabled, done.card.financial_active) == (CardState.NORMAL, True, True)
    books = counter.bank.ledger.books()
    assert [(row["number"], row["state"]) for row in books["orders"]] == [(number, "activated")]
    assert [row["card_number"] for row in books["makes"]] == [done.card.card_number]
    with counter.uow.reading() as tx:
        assert audit.verify(tx) is None
    with pytest.raises(intake.LiveCardExists):
        counter.open(person)


def test_what_the_reader_warns_of_is_kept_whole(counter, person):
    counter.plate.person = person
    counter.plate.warnings = (Warned("idcard.newer_address", {"address": "贵阳市样例路 9 号"}), Warned("idcard.no_sex"))
    made = intake.read_id_card(counter.uow, counter.plate, **counter.at())
    with counter.uow.reading() as tx:
        later = intake.find_reading(tx, made.id, **counter.at())
    assert made.warnings == later.warnings == counter.plate.warnings


def test_one_open_order_a_person_and_an_expired_card_opens_none(counter, person):
    number = counter.open(person)
    with pytest.raises(intake.OpenOrderExists) as refused:
        counter.open(person)
    assert refused.value.facts["number"] == number
    with pytest.raises(intake.DocumentExpired):
        counter.open(holder(6, valid_to=date(2026, 3, 1)))
    with counter.uow.reading() as tx:
        assert len(tx.scalars(select(OrderRow)).all()) == 1


def test_a_refused_photo_leaves_nothing_behind(counter, person):
    from cardsvc.capture.normalise import normalise

    number = counter.open(person)
    verdict = intake.save_photo(counter.uow, normalise, counter.profile, number, b"%PDF-1.7", **counter.at())
    assert not verdict.accepted
    assert [note.code for note in verdict.notes] == ["photo.not_an_image"]
    with counter.uow.reading() as tx:
        assert tx.scalars(select(BlobRow)).all() == []
    assert counter.view(number).photo is None


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("mobile", {"mobile": "123", "branch_code": "0017"}),
        ("branch", {"mobile": "13800138000", "branch_code": "9999"}),
        ("agent", {"mobile": "13800138000", "branch_code": "0017", "agent_name": "李"}),
    ],
)
def test_wrong_contact_data_names_its_field(counter, person, field, values):
    number = counter.open(person)
    with pytest.raises(InvalidInput) as refused, counter.uow() as tx:
        intake.save_contact(tx, number, version=counter.view_version(tx, number), **values, **counter.at())
    assert refused.value.facts["field"] == field


def test_nothing_unsigned_or_incomplete_goes_to_the_bank(counter, person):
    number = counter.open(person)
    with pytest.raises(intake.NotComplete):
        counter.confirm(number)
    ready = counter.prepare(holder(7))
    with pytest.raises(intake.NotSigned), counter.uow() as tx:
        intake.confirm(tx, ready, version=counter.view_version(tx, ready), signed=False, **counter.at())
    with pytest.raises(StaleRecord), counter.uow() as tx:
        intake.confirm(tx, ready, version=1, signed=True, **counter.at())


def test_the_slip_is_the_same_bytes_for_ever_until_something_changes(counter, person):
    number = counter.prepare(person)
    with counter.uow() as tx:
        first = papers.slip_pdf(tx, number, **counter.at())
    counter.wait(3600)
    assert counter.slip(number).sha256 == counter.view(number).slip.sha256
    with counter.uow() as tx:
        assert papers.slip_pdf(tx, number, **counter.at()) == first
    assert counter.view(number).slip.prints == 2
    old = counter.view(number).slip.code
    with counter.uow() as tx:
        version = counter.view_version(tx, number)
        intake.save_contact(tx, number, version=version, mobile="13900139000", branch_code="0017", **counter.at())
    assert counter.view(number).slip is None
    assert counter.slip(number).code != old
    counter.confirm(number)
    counter.deliver()
    with pytest.raises(making.SlipOutdated), counter.uow.reading() as tx:
        making.open_slip(tx, old, by=TELLER)


def test_another_branch_and_a_wrong_person_get_nothing(counter, person):
    number = counter.accepted(person)
    with pytest.raises(NotFound), counter.uow.reading() as tx:
        making.open_slip(tx, number, by=OTHER_TELLER)
    with pytest.raises(NotFound):
        counter.view(number, by=OTHER_TELLER)
    counter.plate.person = holder(9)
    with pytest.raises(making.PersonDiffers):
        making.identify(counter.uow, counter.plate, number, **counter.at(TELLER))
    assert counter.view(number).state is OrderState.ACCEPTED
    with counter.uow.reading() as tx:
        assert "making.person_differs" in {line.action for line in audit.page(tx, subject=number)}


def test_steps_come_in_their_order_only(counter, person):
    number = counter.accepted(person)
    with pytest.raises(making.NotReady):
        counter.step(number)
    making.identify(counter.uow, counter.plate, number, **counter.at(TELLER))
    with pytest.raises(StepOutOfOrder):
        making.enable(counter.uow, number, **counter.at(TELLER))
    with pytest.raises(IllegalMove), counter.uow() as tx:
        orders.revise(tx, number, version=counter.view_version(tx, number), **counter.at())


def test_a_card_pulled_midway_is_resumed(counter, person):
    number = counter.accepted(person)
    making.identify(counter.uow, counter.plate, number, **counter.at(TELLER))
    with pytest.raises(NoCard):
        counter.step(number)
    counter.slot.insert()
    counter.step(number)
    counter.slot.card.tear_after = 12
    with pytest.raises(CardPulled):
        counter.step(number)
    assert counter.view(number).making is MakingStep.BLANK_TAKEN
    for _ in range(3):
        counter.step(number)
    assert counter.view(number).state is OrderState.RETURNED


def test_a_spoiled_card_is_retired_and_never_used_again(counter, person):
    number = counter.accepted(person)
    making.identify(counter.uow, counter.plate, number, **counter.at(TELLER))
    counter.slot.insert(b"\1")
    counter.step(number)
    making.spoil(counter.uow, number, reason="芯片损坏", **counter.at(TELLER))
    with pytest.raises(making.BlankUsed):
        counter.step(number)
    counter.slot.insert(b"\2")
    for _ in range(4):
        counter.step(number)
    counter.deliver()
    assert (counter.view(number).spoiled, counter.view(number).card.card_number) == (1, "G00000002")
    assert [(make["card_number"], make["ok"]) for make in counter.bank.ledger.books()["makes"]] == [
        ("G00000001", 0),
        ("G00000002", 1),
    ]


def test_a_bank_card_in_the_reader_is_named_and_nothing_is_saved(counter, person):
    number = counter.accepted(person)
    making.identify(counter.uow, counter.plate, number, **counter.at(TELLER))
    counter.slot.insert()
    counter.slot.card.application = "bank"
    with pytest.raises(BankCard):
        counter.step(number)
    with counter.uow.reading() as tx:
        assert tx.scalars(select(CardRow)).all() == []


def test_a_bank_that_refuses_sends_the_order_back_and_the_next_revision_goes(counter, person):
    number = counter.prepare(person, mobile="13800130001")
    counter.confirm(number)
    counter.deliver()
    assert (counter.view(number).state, counter.view(number).refusal) == (
        OrderState.REFUSED, "bank.refused.name_number_mismatch",
    )  # fmt: skip
    with counter.uow() as tx:
        orders.revise(tx, number, version=counter.view_version(tx, number), **counter.at())
    with counter.uow() as tx:
        version = counter.view_version(tx, number)
        intake.save_contact(tx, number, version=version, mobile="13800138000", branch_code="0017", **counter.at())
    counter.slip(number)
    counter.confirm(number)
    counter.deliver()
    assert (counter.view(number).state, counter.view(number).revision) == (OrderState.ACCEPTED, 2)


def test_cancelling_goes_by_way_of_the_bank(counter, person):
    number = counter.accepted(person)
    with counter.uow() as tx:
        version = counter.view_version(tx, number)
        orders.cancel(tx, number, version=version, reason="申请人放弃", by=SUPERVISOR, now=counter.now)
    assert counter.view(number).state is OrderState.CANCELLING
    counter.deliver()
    assert counter.view(number).state is OrderState.CANCELLED
    assert counter.bank.ledger.books()["orders"][0]["state"] == "cancelled"
    assert counter.open(person) != number


def test_search_finds_by_number_name_pinyin_and_id(counter):
    who = holder(11, name="单海")
    number = counter.open(who)
    counter.open(holder(12))
    for text in (number, number[:10], "单", "shan", "sh", who.id_number, who.id_number.lower()):
        with counter.uow.reading() as tx:
            lines = orders.work_list(tx, by=CLERK, text=text).lines
        assert number in {line.number for line in lines}, text
    with counter.uow.reading() as tx:
        assert orders.work_list(tx, by=CLERK, text="nobody").lines == ()


def test_looking_behind_the_mask_needs_a_reason_and_is_recorded(counter, person):
    number = counter.open(person)
    with pytest.raises(InvalidInput), counter.uow() as tx:
        looks.reveal_id_number(tx, number, reason=" ", **counter.at())
    with counter.uow() as tx:
        assert looks.reveal_id_number(tx, number, reason="核对", **counter.at()) == person.id_number
    with counter.uow.reading() as tx:
        assert audit.page(tx, subject=number)[0].action == "person.revealed"


def test_an_audit_row_changed_behind_the_services_back_is_found(counter, person):
    from sqlalchemy import text

    counter.open(person)
    with counter.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET actor = 'somebody' WHERE seq = 2"))
    with counter.uow.reading() as tx:
        assert audit.verify(tx) == ("main", 2)


def test_signing_in_locks_after_failures_and_sessions_end(counter):
    from datetime import timedelta

    token, who = staff.sign_in(counter.uow, "clerk", "demo-2026", now=counter.now)
    assert staff.actor_of(counter.uow, token, now=counter.now) == who
    for _ in range(5):
        with pytest.raises(staff.SignInFailed):
            staff.sign_in(counter.uow, "teller", "wrong", now=counter.now)
    with pytest.raises(staff.LockedOut):
        staff.sign_in(counter.uow, "teller", "demo-2026", now=counter.now)
    with pytest.raises(staff.SignInFailed):
        staff.sign_in(counter.uow, "nobody", "demo-2026", now=counter.now)
    later = counter.now + timedelta(minutes=14)
    assert staff.actor_of(counter.uow, token, now=later, active=False)  # a page asking by itself
    assert staff.actor_of(counter.uow, token, now=counter.now + timedelta(minutes=16)) is None


@pytest.mark.parametrize("name", ["王\ud840", "王\x00清", "\ue863\U0002a6a5", "㛃䶮𬱖"])
def test_a_name_is_kept_as_the_chip_has_it_whatever_it_holds(counter, person, name):
    counter.plate.person = replace(person, name=name)
    reading = intake.read_id_card(counter.uow, counter.plate, **counter.at())
    with counter.uow() as tx:
        number = intake.open_from_reading(tx, reading.id, **counter.at())
    assert counter.view(number).holder.name == name
    with counter.uow.reading() as tx:
        assert [line.name for line in orders.work_list(tx, by=SUPERVISOR, text=name[0]).lines] == [name]


@pytest.mark.parametrize(("name", "missing"), [("王\ud840", ("U+D840",)), ("\ue863\ue864", ("U+E863", "U+E864"))])
def test_what_no_font_draws_is_named_on_the_slip_and_stops_the_order(counter, person, name, missing):
    counter.plate.person = replace(person, name=name)
    reading = intake.read_id_card(counter.uow, counter.plate, **counter.at())
    with counter.uow() as tx:
        number = intake.open_from_reading(tx, reading.id, **counter.at())
    with counter.uow() as tx:
        version = counter.view_version(tx, number)
        contact = {"mobile": "13800138000", "branch_code": "0017"}
        intake.save_contact(tx, number, version=version, **contact, **counter.at())
    intake.save_photo(counter.uow, good_photo, counter.profile, number, b"x", **counter.at())
    assert counter.slip(number).missing == missing
    with pytest.raises(intake.NotComplete):
        counter.confirm(number)


@pytest.mark.parametrize("text", ["a\x00b", "a\nb", "\ud840"])
def test_what_cannot_be_seen_is_not_taken_from_a_keyboard(counter, person, text):
    with pytest.raises(InvalidInput):
        counter.open(replace(person, name=f"王{text}"))
    with counter.uow.reading() as tx, pytest.raises(InvalidInput):
        orders.work_list(tx, by=SUPERVISOR, text=text)


def test_a_mobile_number_is_in_the_digits_of_telephones(counter, person):
    with pytest.raises(InvalidInput):
        counter.prepare(person, mobile="1３８００１３８０００")


def test_the_audit_is_paged_without_losing_a_row_of_one_moment(counter, person):
    number = counter.prepare(person)  # many rows, all at the same moment
    with counter.uow.reading() as tx:
        whole = [line.mark for line in audit.page(tx, subject=number)]
        paged, after = [], ""
        while lines := audit.page(tx, subject=number, after=after, limit=2):
            paged += [line.mark for line in lines]
            after = paged[-1]
        with pytest.raises(InvalidInput):
            audit.page(tx, after="yesterday")
    assert len(whole) > 3
    assert paged == whole
