"""Real pcscd, real virtual readers, cards in a process of their own."""

import os
import subprocess
import sys
import threading

import pytest

from cardsvc.devices.base import ChipStatus, ReaderBusy, ReaderMissing
from cardsvc.devices.simulated.box_reader import BoxCardReader, ask
from cardsvc.devices.simulated.vpcd import pcscd_missing
from cardsvc.devices.smartcard.faults import (
    BankCard,
    CardPulled,
    CardSwapped,
    MuteCard,
    NoCard,
    ServiceDown,
)
from cardsvc.devices.smartcard.keys import TestKeyService
from cardsvc.devices.smartcard.pcsc import PcscCardReader, fault_of, list_readers
from tests.devices.smartcard.test_layout import chip

pytestmark = [pytest.mark.hardware, pytest.mark.xdist_group("pcsc")]


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """One box for the module: PCSCLITE_CSOCK_NAME counts once a process."""
    if pcscd_missing():
        pytest.fail(f"{pcscd_missing()} is not installed; make test installs it")
    folder = tmp_path_factory.mktemp("pcsc")
    control = folder / "c.sock"
    command = [sys.executable, "-m", "cardsvc", "smartcard", "simulate", "--folder", str(folder / "box")]
    command += ["--control", str(control), "--empty"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    import json

    told = json.loads(process.stdout.readline())
    assert told["missing"] == ""
    os.environ["PCSCLITE_CSOCK_NAME"] = told["pcsc_socket"]
    yield control
    process.terminate()
    process.wait(timeout=20)
    process.stdout.close()


@pytest.fixture
def reader(box):
    take_out(box)
    return PcscCardReader("CardSim 1 00 00", keys=TestKeyService())


def take_out(box):
    """Remove the card, as slowly as a hand: pcscd looks every 0.4 s, and misses what is quicker."""
    ask(box, remove=True)
    threading.Event().wait(0.9)


def insert(box, reader, which="next"):
    """Insert and wait until pcscd has seen it (it polls)."""
    code = ask(box, insert=which)["code"]
    for _ in range(200):
        try:
            if reader.identify().identification_code == code:
                return code
        except (NoCard, CardPulled, MuteCard):
            threading.Event().wait(0.02)
        except BankCard:
            return code
    raise AssertionError("pcscd never saw the card")


def test_the_readers_are_listed_and_missing_ones_named(box, reader):
    assert "CardSim 1 00 00" in list_readers()
    assert reader.state().ready
    with pytest.raises(ReaderMissing):
        PcscCardReader("no such reader", keys=TestKeyService()).identify()


def test_a_blank_is_made_and_read_back_through_pcsc(box, reader):
    code = insert(box, reader)
    reader.personalise(chip("𬱖𠅤"), identification_code=code)
    assert reader.identify().status is ChipStatus.PERSONALISED
    assert reader.read_back(identification_code=code) == chip("𬱖𠅤")


def test_no_card_and_a_bank_card_are_told_apart(box, reader):
    with pytest.raises(NoCard):
        reader.identify()
    insert(box, reader, "bank")
    with pytest.raises(BankCard):
        reader.identify()


def test_a_card_pulled_midway_is_finished_when_it_comes_back(box, reader):
    code = insert(box, reader)
    ask(box, tear_after=20)
    with pytest.raises(CardPulled):
        reader.personalise(chip(), identification_code=code)
    take_out(box)
    insert(box, reader, code)
    reader.personalise(chip(), identification_code=code)
    assert reader.read_back(identification_code=code) == chip()


def test_another_card_put_in_meanwhile_is_not_written(box, reader):
    code = insert(box, reader)
    insert(box, reader)
    with pytest.raises(CardSwapped):
        reader.personalise(chip(), identification_code=code)


def test_a_reader_somebody_holds_is_busy(box, reader):
    insert(box, reader)
    other = PcscCardReader("CardSim 1 00 00", keys=TestKeyService())
    with reader.connection(), pytest.raises(ReaderBusy):
        other.identify()
    assert other.identify().status is ChipStatus.BLANK


def test_the_box_alone_serves_where_no_pcsc_can(box, reader):
    code = ask(box, insert="next")["code"]
    direct = BoxCardReader(box, keys=TestKeyService())
    assert direct.state().ready
    direct.personalise(chip(), identification_code=code)
    assert direct.read_back(identification_code=code) == chip()
    ask(box, remove=True)
    with pytest.raises(NoCard):
        direct.identify()


@pytest.mark.parametrize(
    ("code", "fault"),
    [(0x8010001D, ServiceDown), (0x8010002E, ReaderMissing), (0x8010000B, ReaderBusy), (-2146434967, NoCard)],
)
def test_result_codes_are_classified_signed_or_not(code, fault):
    assert isinstance(fault_of(code, "x"), fault)
    assert isinstance(fault_of(0x80100016, "x", midway=True), CardPulled)
