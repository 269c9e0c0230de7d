"""A simulated reader on a pseudo-terminal, and drivers with times short enough for tests."""

from dataclasses import replace
from datetime import date

import pytest

from cardsvc.devices.idcard.reader import SerialIdReader
from cardsvc.devices.idcard.sam import Timings
from cardsvc.devices.simulated.id_cards import default_person
from cardsvc.devices.simulated.id_reader import SimulatedIdReader

# Generous where a reply comes, as other work shares the machine; short where a test waits in vain.
TIMINGS = Timings(poll=0.005, gap=0.1, quiet=0.02, lock=0.05, card=3.0)
IMPATIENT = replace(TIMINGS, status=0.04, find=0.04, select=0.04, read=0.04, address=0.04)
TODAY = date(2026, 3, 1)


@pytest.fixture
def sim(tmp_path):
    with SimulatedIdReader(tmp_path / "tty.idr", person=default_person()) as reader:
        yield reader


@pytest.fixture
def driver(sim):
    return make_driver(sim.path)


def make_driver(url, timings=TIMINGS, **others):
    return SerialIdReader(url, timings=timings, today=lambda: TODAY, **others)
