"""The driver against the simulated reader: what a counter sees on good and on bad days."""

import os
import threading
import time
from dataclasses import replace

import pytest

from cardsvc.devices.base import IdReader, ReaderBusy, ReaderLost, ReaderMissing, ReaderSilent
from cardsvc.devices.idcard.faults import CardLifted, CardSuspect, NoCard, ReaderFault, ReplyGarbled, WrongCard
from cardsvc.devices.idcard.reader import SerialIdReader, module_number
from cardsvc.devices.simulated.id_cards import default_person, synthetic_people
from cardsvc.devices.simulated.id_reader import MODULE
from cardsvc.domain.people import LONG_TERM, DocumentKind
from cardsvc.errors import DeviceFault

from .conftest import IMPATIENT, TIMINGS, make_driver

AT_ALL_PHASES = ["STATUS", "MODULE", "FIND", "SELECT", "READ"]


def codes(record):
    return [warned.code for warned in record.warnings]


def test_it_is_an_id_reader(driver):
    assert isinstance(driver, IdReader)


def test_reads_a_card(sim, driver):
    record = driver.read(timeout=1)
    person = default_person()
    assert (record.name, record.number, record.address) == (person.name, person.number, person.address)
    assert record.photo is not None
    assert len(record.photo) == 38862
    assert len(record.photo_raw) == 1024
    assert record.warnings == ()
    assert sim.seen == ["STATUS", "MODULE", "FIND", "SELECT", "READ", "READ_ADDRESS"]


def test_fifty_people_one_after_the_other(sim, driver):
    for person in synthetic_people(50, seed=5, rare=True):
        sim.place(person)
        record = driver.read(timeout=1)
        assert (record.name, record.number) == (person.name, person.number)


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_the_four_kinds(sim, driver, kind):
    sim.place(replace(default_person(), kind=kind, english_name="SAMPLE NAME", pass_number="H12345678"))
    record = driver.read(timeout=1)
    assert record.kind is kind
    assert record.name == default_person().name


def test_long_term(sim, driver):
    sim.place(replace(default_person(), valid_to="长期"))
    assert driver.read(timeout=1).valid_to is LONG_TERM


@pytest.mark.parametrize(
    ("name", "label"), [("王\U00020087", "\U00020087 U+20087"), ("王\ue81e", "U+E81E→龴"), ("王\ud842", "U+D842")]
)
def test_rare_names_come_through_exactly_and_are_pointed_out(sim, driver, name, label):
    sim.place(replace(default_person(), name=name))
    record = driver.read(timeout=1)
    assert record.name == name
    assert [(warned.code, warned.facts) for warned in record.warnings] == [("idcard.rare_name", {"characters": label})]


@pytest.mark.parametrize("prefixed", [False, True])
def test_a_newer_address_is_a_warning(sim, driver, prefixed):
    sim.fail(address_prefixed=prefixed)
    sim.place(replace(default_person(), newest_address="新住址 1 号"))
    record = driver.read(timeout=1)
    assert record.address == default_person().address
    assert [warned.facts for warned in record.warnings] == [{"address": "新住址 1 号"}]


def test_no_card_in_time(sim, driver):
    sim.remove()
    started = time.monotonic()
    with pytest.raises(NoCard):
        driver.read(timeout=0.05)
    assert time.monotonic() - started < 0.5
    assert driver.state().ready
    assert driver.state().error == "idcard.no_card"


def test_a_card_that_comes_while_waiting_is_read(sim, driver):
    sim.remove()
    threading.Timer(0.05, sim.place, [None]).start()
    assert driver.read(timeout=5).number == default_person().number


@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        ("half", CardLifted),
        ("select", CardLifted),
        ("refused", CardLifted),
        ("random", CardLifted),
        ("wrong", WrongCard),
        ("suspect", CardSuspect),
        ("damaged", CardSuspect),
        ("selftest", ReaderFault),
        ("unauthorised", ReaderFault),
    ],
)
def test_conditions_have_their_own_faults(sim, driver, condition, fault):
    sim.fail(condition=condition)
    with pytest.raises(fault):
        driver.read(timeout=1)
    sim.heal()
    assert driver.read(timeout=1).number == default_person().number


@pytest.mark.parametrize(("condition", "finds"), [("half", 3), ("select", 3), ("suspect", 1), ("wrong", 1)])
def test_only_what_may_heal_is_tried_again(sim, driver, condition, finds):
    sim.fail(condition=condition)
    with pytest.raises(DeviceFault):
        driver.read(timeout=1)
    assert sim.seen.count("FIND") == finds


@pytest.mark.parametrize("condition", ["half", "select", "refused", "random"])
def test_two_bad_tries_are_silent(sim, driver, condition):
    sim.fail(condition=condition, condition_times=2)
    assert driver.read(timeout=1).number == default_person().number
    assert ("RESET" in sim.seen) == (condition == "random")


@pytest.mark.parametrize("at", ["SELECT", "READ"])
def test_lifted_in_the_middle(sim, driver, at):
    sim.fail(lift_at=at)
    with pytest.raises(CardLifted):
        driver.read(timeout=5)


def test_lifted_before_the_address_is_only_a_warning(sim, driver):
    sim.fail(lift_at="READ_ADDRESS")
    assert codes(driver.read(timeout=1)) == ["idcard.address_unread"]


@pytest.mark.parametrize("at", AT_ALL_PHASES)
def test_unplugged_in_any_phase(sim, driver, at):
    sim.fail(unplug_at=at)
    with pytest.raises(ReaderLost):
        driver.read(timeout=1)
    assert driver.state().error == "device.missing"
    sim.replug()
    assert driver.read(timeout=1).number == default_person().number


def test_unplugged_before_the_address_keeps_the_reading(sim, driver):
    sim.fail(unplug_at="READ_ADDRESS")
    assert codes(driver.read(timeout=1)) == ["idcard.address_unread"]


@pytest.mark.parametrize("fault", ["drop", "corrupt", "cut", "wrong_shape"])
@pytest.mark.parametrize("at", AT_ALL_PHASES)
def test_one_spoilt_reply_is_made_good(sim, fault, at):
    sim.fail(at=at, **{fault: 1})
    driver = make_driver(sim.path, replace(IMPATIENT, gap=0.03))
    assert driver.read(timeout=1).number == default_person().number


@pytest.mark.parametrize(
    ("fault", "raised"), [("corrupt", ReplyGarbled), ("cut", ReplyGarbled), ("drop", ReaderSilent)]
)
def test_replies_that_stay_spoilt_have_a_fault(sim, fault, raised):
    sim.fail(at="READ", **{fault: 99})
    with pytest.raises(raised):
        make_driver(sim.path, replace(IMPATIENT, gap=0.03)).read(timeout=1)


def test_a_reader_that_never_answers(sim):
    sim.fail(drop=99)
    driver = make_driver(sim.path, replace(IMPATIENT, status=0.02, quiet=0.01))
    with pytest.raises(ReaderSilent):
        driver.read(timeout=1)
    assert not driver.state().ready


@pytest.mark.parametrize("at", ["STATUS", "FIND", "SELECT", "READ"])
def test_a_late_reply_is_not_taken_for_the_next_one(sim, at):
    sim.fail(at=at, late=1, late_seconds=0.06)
    driver = make_driver(sim.path, replace(IMPATIENT, quiet=0.1))
    assert driver.read(timeout=1).number == default_person().number


def test_a_late_reply_of_the_last_session_is_not_taken_either(sim):
    sim.fail(at="READ_ADDRESS", late=1, late_seconds=0.06)
    driver = make_driver(sim.path, replace(IMPATIENT, quiet=0.1))
    assert codes(driver.read(timeout=1)) == ["idcard.address_unread"]
    assert codes(driver.read(timeout=1)) == []


@pytest.mark.parametrize("chunk", [1, 7, 64, 500])
def test_pieces_and_garbage_do_not_matter(sim, driver, chunk):
    sim.fail(chunk=chunk, garbage=b"\0\xff\xaa\xaa\xaa\x96")
    assert driver.read(timeout=1).number == default_person().number


def test_a_reader_stored_at_another_rate_is_found(sim):
    sim.fail(baud=57600)
    driver = make_driver(sim.path, replace(TIMINGS, status=0.05, card=5))
    assert driver.read(timeout=1).number == default_person().number
    sim.seen.clear()
    driver.read(timeout=1)
    assert sim.seen[0] == "STATUS"  # the rate is remembered


def test_a_model_that_shows_a_card_only_once(sim, driver):
    sim.fail(repeat=False)
    driver.read(timeout=1)
    with pytest.raises(NoCard):
        driver.read(timeout=0.02)
    sim.place(default_person())
    driver.read(timeout=1)


def test_the_number_of_the_module_is_the_readers_identity(driver):
    state = driver.state()
    assert state.ready
    assert state.detail == module_number(MODULE) == "05.03-20200101-000000001-000000042"


def test_another_opener_is_told(sim, driver):
    fd = os.open(sim.path, os.O_RDWR | os.O_NOCTTY)
    try:
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(ReaderBusy):
            driver.read(timeout=1)
        assert driver.state().error == "device.busy"
    finally:
        os.close(fd)
    assert driver.read(timeout=1).name


def test_two_threads_one_reader(sim, driver):
    sim.remove()
    faults = []

    def wait():
        try:
            driver.read(timeout=0.3)
        except DeviceFault as fault:
            faults.append(fault.code)

    first = threading.Thread(target=wait)
    first.start()
    time.sleep(0.02)
    with pytest.raises(ReaderBusy):
        driver.read(timeout=0.1)
    assert driver.state().ready  # under way counts as ready, and does not wait
    first.join()
    assert faults == ["idcard.no_card"]


@pytest.mark.parametrize(
    "url",
    [
        "/dev/no-such-port",
        "",
        "spy:///dev/null",
        "socket://",
        "socket://127.0.0.1:99999",
        "socket://127.0.0.1:1",
        "a\0b",
    ],
)
def test_ports_that_are_not_there(url):
    driver = SerialIdReader(url, timings=TIMINGS)
    with pytest.raises(ReaderMissing):
        driver.read(timeout=0.1)
    assert driver.state().error == "device.missing"


def test_a_file_is_not_a_port(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(ReaderMissing):
        make_driver(str(path)).read(timeout=0.1)


class _Plugin:
    def __init__(self, answer):
        self.answer = answer

    def decode(self, wlt):  # noqa: ARG002 - what is given does not matter
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [None, RuntimeError("boom")])
def test_a_photo_nobody_can_decode_never_stops_a_reading(sim, answer):
    record = make_driver(sim.path, decoder=_Plugin(answer)).read(timeout=1)
    assert record.photo is None
    assert len(record.photo_raw) == 1024
    assert codes(record) == ["idcard.photo_undecoded"]


def test_nothing_personal_is_logged(sim, driver, caplog):
    caplog.set_level("DEBUG")
    driver.read(timeout=1)
    assert "sam_exchange" in caplog.text
    logged = repr([record.__dict__ for record in caplog.records])
    person = default_person()
    for secret in (person.number, person.name, person.address):
        assert secret not in logged


def test_two_drivers_on_one_port_take_turns(sim):
    first, second = make_driver(sim.path), make_driver(sim.path, replace(TIMINGS, lock=0.01))
    sim.fail(latency=0.02)
    read = []
    thread = threading.Thread(target=lambda: read.append(first.read(timeout=1)))
    thread.start()
    while "FIND" not in sim.seen:
        time.sleep(0.001)
    with pytest.raises(ReaderBusy):
        second.read(timeout=1)
    thread.join()
    assert read[0].number == second.read(timeout=1).number


def test_many_threads_get_the_card_or_are_told_to_wait(sim):
    driver = make_driver(sim.path, replace(TIMINGS, lock=2.0))
    numbers, faults = [], []

    def work():
        for _ in range(5):
            try:
                numbers.append(driver.read(timeout=1).number)
            except DeviceFault as fault:
                faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert numbers == [default_person().number] * 30
