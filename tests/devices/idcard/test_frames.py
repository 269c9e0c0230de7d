"""Frames against published vectors, and streams of any shape."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardsvc.devices.idcard.frames import (
    MAX_LENGTH,
    PREAMBLE,
    Command,
    FrameBuffer,
    Reply,
    Sw,
    pack,
    pack_reply,
    unpack_reply,
)

PUBLISHED_COMMANDS = [
    (Command.RESET, "AAAAAA9669000310FFEC"),
    (Command.STATUS, "AAAAAA9669000311FFED"),
    (Command.MODULE, "AAAAAA9669000312FFEE"),
    (Command.FIND, "AAAAAA96690003200122"),
    (Command.SELECT, "AAAAAA96690003200221"),
    (Command.READ, "AAAAAA96690003300132"),
    (Command.READ_FINGERPRINT, "AAAAAA96690003301023"),
    (Command.READ_ADDRESS, "AAAAAA96690003300330"),
    (Command.SET_BAUD + b"\0", "AAAAAA96690003600063"),
]
PUBLISHED_REPLIES = [
    (Reply(0, 0, Sw.OK), "AAAAAA9669000400009094"),
    (Reply(0, 0, Sw.SELF_TEST), "AAAAAA9669000400006064"),
    (Reply(0, 0, Sw.FOUND, bytes(4)), "AAAAAA9669000800009F0000000097"),
    (Reply(0, 0, Sw.OK, bytes(8)), "AAAAAA9669000C00009000000000000000009C"),
    (Reply(0, 0, Sw.NO_CARD), "AAAAAA9669000400008084"),
]


def contents(*chunks):
    buffer = FrameBuffer()
    return [content for chunk in chunks for content in buffer.feed(chunk)]


@pytest.mark.parametrize(("command", "published"), PUBLISHED_COMMANDS)
def test_commands_are_the_published_bytes(command, published):
    assert pack(command) == bytes.fromhex(published)


@pytest.mark.parametrize(("reply", "published"), PUBLISHED_REPLIES)
def test_replies_are_the_published_bytes(reply, published):
    frame = bytes.fromhex(published)
    assert pack_reply(reply) == frame
    assert [unpack_reply(content) for content in contents(frame)] == [reply]


@pytest.mark.parametrize(
    ("data", "length"),
    [(4 + 1280, 1295), (6 + 1280, 1297), (6 + 1280 + 512, 1809), (6 + 1280 + 1024, 2321), (70, 81)],
)
def test_read_frames_have_the_published_lengths(data, length):
    assert len(pack_reply(Reply(0, 0, Sw.OK, bytes(data)))) == length


@given(st.binary(max_size=300), st.integers(1, 400))
def test_any_content_survives_any_chunking(content, size):
    stream = b"\x00\xaa" + pack(content + b"\0\0") + pack(content + b"\0\0")
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert contents(*pieces) == [content + b"\0\0"] * 2


@given(st.binary(max_size=200))
def test_noise_before_a_frame_is_stepped_over(noise):
    buffer = FrameBuffer()
    found = list(buffer.feed(noise + pack(Command.FIND)))
    found += list(buffer.give_up())
    assert bytes(Command.FIND) in found


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_random_bytes_never_raise_and_never_pile_up(chunks):
    buffer = FrameBuffer()
    for chunk in chunks:
        for content in buffer.feed(chunk):
            unpack_reply(content)
    list(buffer.give_up())
    assert not buffer.begun
    assert len(buffer._bytes) < len(PREAMBLE)


@given(st.integers(0, 14), st.integers(1, 255))
def test_one_flipped_byte_never_passes(at, flip):
    frame = bytearray(pack_reply(Reply(0, 0, Sw.FOUND, bytes(4))))
    frame[at] ^= flip
    buffer = FrameBuffer()
    assert [*buffer.feed(bytes(frame)), *buffer.give_up()] == []


def test_a_preamble_inside_data_is_data():
    content = Command.READ + PREAMBLE + pack(Command.FIND)
    assert contents(pack(content)) == [content]


@pytest.mark.parametrize("length", [0, 1, 2, MAX_LENGTH + 1, 0xFFFF])
def test_impossible_lengths_are_noise_at_once(length):
    buffer = FrameBuffer()
    assert list(buffer.feed(PREAMBLE + length.to_bytes(2, "big") + b"\0" * 8 + pack(Command.FIND))) == [Command.FIND]
    assert buffer.damaged == 1


def test_a_frame_behind_one_that_breaks_off_is_found_when_waiting_ends():
    buffer = FrameBuffer()
    stream = PREAMBLE + b"\x00\x50" + pack(Command.FIND) + PREAMBLE + b"\x00"
    assert list(buffer.feed(stream)) == []
    assert buffer.begun
    assert list(buffer.give_up()) == [Command.FIND]
    assert not buffer.begun


def test_a_content_without_status_words_is_no_reply():
    assert unpack_reply(b"\0\0") is None


def test_two_hundred_reads_in_random_pieces():
    rng = random.Random(7)  # noqa: S311 - test data
    frame = pack_reply(Reply(0, 0, Sw.OK, rng.randbytes(1284)))
    for _ in range(200):
        stream = bytes(rng.randrange(0x80) for _ in range(rng.randrange(20))) + frame
        buffer, found = FrameBuffer(), []
        while stream:
            size = rng.randrange(1, 500)
            found += buffer.feed(stream[:size])
            stream = stream[size:]
        assert len(found) == 1


def test_a_reply_does_not_show_what_it_carries():
    assert "\\x51" not in repr(Reply(0, 0, Sw.OK, b"\x51" * 4))
