"""No reader, however it behaves, holds the counter longer than the time-outs say: on a clock of our own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardsvc.devices.base import ReaderSilent
from cardsvc.devices.idcard import reader as reader_module
from cardsvc.devices.idcard.faults import ReaderFault
from cardsvc.devices.idcard.frames import Command, Reply, Sw, pack, pack_reply
from cardsvc.devices.idcard.reader import SerialIdReader
from cardsvc.devices.idcard.sam import Timings
from cardsvc.devices.simulated.id_reader import MODULE
from cardsvc.errors import DeviceFault

GOOD = {
    Command.MODULE: Reply(0, 0, Sw.OK, MODULE),
    Command.FIND: Reply(0, 0, Sw.FOUND, bytes(4)),
    Command.SELECT: Reply(0, 0, Sw.OK, bytes(8)),
    Command.READ: Reply(0, 0, Sw.READ_FAILED),
}
DRIP = "drip"  # a byte now and then, for ever
HALF = "half"  # a frame that breaks off
SILENT = "silent"


class _Clock:
    now = 1000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += max(seconds, 0)


class _Line:
    """Answers each command as ``behave`` says, in no time or never."""

    paced = True

    def __init__(self, clock, behave):
        self._clock = clock
        self._behave = behave
        self._pending = b""
        self._drips = False
        self.asked = []

    def write(self, data):
        command = next(command for command in Command if pack(command) == data)
        self.asked.append(command.name)
        said = self._behave(command)
        self._drips = said == DRIP
        self._pending = said if isinstance(said, bytes) else b""

    def read(self, seconds):
        if self._pending:
            chunk, self._pending = self._pending, b""
            return chunk
        if self._drips:
            self._clock.sleep(min(seconds, 0.15))
            return b"\xaa"
        self._clock.sleep(seconds)
        return b""

    def set_baud(self, baud):
        pass

    def close(self):
        pass


def frame(command):
    return pack_reply(GOOD.get(command, Reply(0, 0, Sw.OK)))


def run(behave, timeout):
    clock = _Clock()
    line = _Line(clock, behave)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader_module, "open_line", lambda *_, **__: line)
        driver = SerialIdReader("fake", clock=clock, sleep=clock.sleep)
        with pytest.raises(DeviceFault) as caught:
            driver.read(timeout=timeout)
    return clock.now - _Clock.now, caught.value, line.asked


behaviours = st.sampled_from(["good", SILENT, DRIP, HALF, Sw.NO_CARD, Sw.READ_FAILED, Sw.UNIDENTIFIED, Sw.CHECKSUM])


@given(st.lists(behaviours, max_size=40), behaviours, st.sampled_from([0.0, 0.1, 2.0, 8.0]))
def test_a_reading_ends_in_time(said, at_last, timeout):
    left = iter(said)

    def behave(command):
        how = next(left, at_last)
        if how == "good":
            return frame(command)
        if how == HALF:
            return frame(command)[:-2]
        return how if how in {SILENT, DRIP} else pack_reply(Reply(0, 0, how))

    seconds, _, _ = run(behave, timeout)
    limits = Timings()
    assert seconds <= timeout + limits.card + limits.poll + 0.01


def test_a_dead_reader_is_given_up_after_trying_every_rate():
    seconds, fault, asked = run(lambda _: SILENT, 8.0)
    assert isinstance(fault, ReaderSilent)
    assert asked == ["STATUS"] * 6
    assert seconds == pytest.approx(6 * 0.5 + 5 * 0.2)


def test_a_model_that_knows_no_module_number_and_no_reset():
    def behave(command):
        if command in {Command.MODULE, Command.RESET}:
            return SILENT
        return pack_reply(Reply(0, 0, Sw.RANDOM_NUMBER)) if command is Command.SELECT else frame(command)

    _, fault, asked = run(behave, 1.0)
    assert fault.code == "idcard.lifted"
    assert asked.count("RESET") == 2


def test_a_failing_self_test_after_a_reset_is_the_readers_fault():
    def behave(command):
        status = {Command.SELECT: Sw.RANDOM_NUMBER, Command.RESET: Sw.SELF_TEST}.get(command)
        return frame(command) if status is None else pack_reply(Reply(0, 0, status))

    _, fault, _ = run(behave, 1.0)
    assert isinstance(fault, ReaderFault)


def test_searches_keep_their_distance():
    seconds, fault, asked = run(
        lambda command: pack_reply(Reply(0, 0, Sw.NO_CARD)) if command is Command.FIND else frame(command), 3.1
    )
    assert fault.code == "idcard.no_card"
    assert seconds == pytest.approx(3.1)
    assert asked.count("FIND") == 12
