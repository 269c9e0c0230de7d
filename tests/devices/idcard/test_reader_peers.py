"""The driver against peers that say anything at all, over a socket."""

import socket
import threading
import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardsvc.devices.base import ReaderLost
from cardsvc.devices.idcard.faults import NoCard, ReaderFault, ReplyGarbled
from cardsvc.devices.idcard.frames import Command, FrameBuffer, Reply, Sw, pack_reply
from cardsvc.devices.idcard.reader import module_number
from cardsvc.devices.simulated.id_reader import MODULE
from cardsvc.errors import DeviceFault

from .conftest import IMPATIENT, make_driver


class _Script:
    """A peer at ``url`` that answers each frame it gets by ``answer(command)``."""

    def __init__(self, answer):
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self):
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            buffer = FrameBuffer()
            with client:
                try:
                    while chunk := client.recv(4096):
                        for content in buffer.feed(chunk):
                            answer = self._answer(content)
                            if answer is None:
                                client.shutdown(socket.SHUT_RDWR)
                            else:
                                client.sendall(answer)
                except OSError:
                    pass


def test_over_a_socket():
    good = {
        Command.STATUS: Reply(0, 0, Sw.OK),
        Command.MODULE: Reply(0, 0, Sw.OK, MODULE),
        Command.FIND: Reply(0, 0, Sw.NO_CARD),
    }
    with _Script(lambda content: pack_reply(good[Command(content)])) as peer, pytest.raises(NoCard):
        make_driver(peer.url).read(timeout=0.02)


def test_a_peer_that_hangs_up_is_lost():
    with _Script(lambda _: None) as peer, pytest.raises(ReaderLost):
        make_driver(peer.url).read(timeout=0.1)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.one_of(st.binary(max_size=60), st.builds(Reply, *[st.integers(0, 255)] * 3, st.binary(max_size=20))))
)
def test_whatever_the_peer_says_only_device_faults_come_out(answers):
    left = iter(answers)

    def answer(_):
        said = next(left, b"")
        return pack_reply(said) if isinstance(said, Reply) else said

    quick = replace(IMPATIENT, status=0.01, find=0.01, quiet=0.003, gap=0.005, card=0.1)
    with _Script(answer) as peer:
        started = time.monotonic()
        with pytest.raises(DeviceFault):
            make_driver(peer.url, quick).read(timeout=0.02)
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("status", [Sw.CHECKSUM, Sw.LENGTH])
def test_a_command_the_sam_heard_wrong_is_said_once_more(status):
    replies = {
        Command.FIND: [Reply(0, 0, status), Reply(0, 0, Sw.NO_CARD)],
        Command.MODULE: [Reply(0, 0, Sw.OK, MODULE)] * 2,
    }

    def answer(content):
        left = replies.get(Command(content))
        return pack_reply(left.pop(0) if left else Reply(0, 0, Sw.OK))

    with _Script(answer) as peer, pytest.raises(NoCard):
        make_driver(peer.url).read(timeout=0)
    replies[Command.FIND] = [Reply(0, 0, status), Reply(0, 0, status)]
    with _Script(answer) as peer, pytest.raises(ReplyGarbled):
        make_driver(peer.url).read(timeout=0)


@pytest.mark.parametrize("status", [0x21, 0x23, 0x24, 0x77])
def test_statuses_without_a_cure_are_the_readers_fault(status):
    def answer(content):
        good = {Command.MODULE: Reply(0, 0, Sw.OK, MODULE), Command.FIND: Reply(0, 0, status)}
        return pack_reply(good.get(Command(content), Reply(0, 0, Sw.OK)))

    with _Script(answer) as peer, pytest.raises(ReaderFault) as caught:
        make_driver(peer.url).read(timeout=0)
    assert caught.value.facts == {"sw3": f"{status:02X}", "module": module_number(MODULE)}
