"""The simulated reader itself: its cable, its people, its control socket, its command."""

import json
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardsvc.cli.idcard import command
from cardsvc.devices.idcard.frames import BAUD_RATES, Command, FrameBuffer, Sw, pack, unpack_reply
from cardsvc.devices.idcard.port import open_line
from cardsvc.devices.simulated.control import ReaderControl
from cardsvc.devices.simulated.id_cards import SimPerson, default_person, load_person, synthetic_people
from cardsvc.devices.simulated.id_reader import SimulatedIdReader
from cardsvc.domain.ids import parse_id_number
from cardsvc.errors import InvalidInput

NUMBER = "11010519491231002X"


def ask(path, *frames):
    line = open_line(path, baud=BAUD_RATES[0], lock_wait=0)
    buffer, replies = FrameBuffer(), []
    for frame in frames:
        line.write(frame)
        while chunk := line.read(1):
            found = list(buffer.feed(chunk))
            replies += map(unpack_reply, found)
            if found:
                break
    line.close()
    return replies


def descriptors():
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


def tell(path, request):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        line = request if isinstance(request, bytes) else json.dumps(request).encode()
        client.sendall(line + b"\n")
        return json.loads(client.makefile().readline())


# cable


def test_the_link_follows_the_cable(sim, tmp_path):
    link = tmp_path / "tty.idr"
    assert link.is_symlink()
    sim.unplug()
    sim.unplug()
    assert not link.is_symlink()
    sim.replug()
    sim.replug()
    assert ask(sim.path, pack(Command.STATUS))[0].sw3 == Sw.OK


def test_stop_removes_the_link_and_leaves_no_descriptor(tmp_path):
    before = descriptors()
    reader = SimulatedIdReader(tmp_path / "link")
    reader.start()
    reader.stop()
    reader.stop()
    assert list(tmp_path.iterdir()) == []
    assert descriptors() == before


def test_without_a_link_the_path_is_the_terminals():
    with SimulatedIdReader() as reader:
        assert reader.path.startswith("/dev/")
        assert ask(reader.path, pack(Command.STATUS))[0].sw3 == Sw.OK


def test_a_file_in_the_links_place_is_left_alone(tmp_path):
    place = tmp_path / "file"
    place.write_text("mine")
    with pytest.raises(FileExistsError):
        SimulatedIdReader(place).start()
    assert place.read_text() == "mine"


def test_a_stale_link_is_taken_over(tmp_path):
    (tmp_path / "link").symlink_to("/dev/pts/no-such")
    with SimulatedIdReader(tmp_path / "link") as reader:
        assert ask(reader.path, pack(Command.STATUS))


# protocol


def test_commands_out_of_order_and_unknown_ones(sim):
    commands = [Command.READ, Command.SELECT, b"\x99\x00", Command.FIND, Command.READ, Command.READ_ADDRESS]
    statuses = [reply.sw3 for reply in ask(sim.path, *map(pack, commands))]
    assert statuses == [0x23, 0x81, 0x21, 0x9F, 0x23, 0x23]


def test_a_command_that_breaks_off_is_forgotten(sim):
    line = open_line(sim.path, baud=BAUD_RATES[0], lock_wait=0)
    line.write(pack(bytes(200))[:20])
    time.sleep(0.25)
    line.close()
    assert ask(sim.path, pack(Command.STATUS))[0].sw3 == Sw.OK


def test_a_damaged_command_is_answered_with_checksum(sim):
    frame = bytearray(pack(Command.FIND))
    frame[-1] ^= 1
    assert ask(sim.path, bytes(frame))[0].sw3 == Sw.CHECKSUM


@pytest.mark.parametrize(("size", "length"), [(0, 1297), (512, 1809), (1024, 2321)])
def test_fingerprints(sim, size, length):
    sim.place(SimPerson(name="样例", number=NUMBER, fingerprint=b"\1" * size))
    frames = map(pack, (Command.FIND, Command.SELECT, Command.READ_FINGERPRINT))
    assert len(ask(sim.path, *frames)[-1].data) == length - 11


def test_the_rate_changes_after_the_reply(sim):
    sim.fail(baud=115200)
    assert ask(sim.path, pack(Command.SET_BAUD + b"\x01"))[0].sw3 == Sw.OK
    until = time.monotonic() + 1
    while sim.faults.baud != 57600 and time.monotonic() < until:
        time.sleep(0.001)
    assert sim.faults.baud == 57600


@pytest.mark.parametrize(
    "faults", [{"condition": "sad"}, {"drop": "1"}, {"no_such": 1}, {"at": "DANCE"}, {"baud": 12}, {"repeat": 1}]
)
def test_unknown_faults_are_refused(sim, faults):
    with pytest.raises(InvalidInput):
        sim.fail(**faults)


# people


def test_people_are_synthetic_valid_and_repeatable():
    people = synthetic_people(200, seed=9, rare=True)
    assert people == synthetic_people(200, seed=9, rare=True)
    assert len({person.number for person in people}) == 200
    for person in people:
        assert parse_id_number(person.number) == person.number
        assert person.number[6:14] == person.birth
    assert any(ord(max(person.name)) > 0xFFFF for person in people)
    assert any("\ue81e" in person.name for person in people)


def test_a_person_from_json():
    person = load_person(
        '{"name": "王\\ud842", "number": "11010519491231002X", "sex": "女",'
        ' "valid_to": "长期", "valid_from": "2020-01-31"}'
    )
    assert person == SimPerson(
        name="王\ud842", number=NUMBER, sex="2", birth="19491231", valid_from="20200131", valid_to="长期"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"name": "x"}',
        '{"name": 1, "number": "1"}',
        '{"name": "x", "number": "1", "shoe": "2"}',
        '{"name": "x", "number": "1", "kind": "cat"}',
        '{"name": "x", "number": "1", "portrait": -1}',
    ],
)
def test_what_is_no_person_is_refused(text):
    with pytest.raises(InvalidInput):
        load_person(text)


# control


def test_control(sim, tmp_path):
    path = tmp_path / "control"
    with ReaderControl(path, sim):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert tell(path, {"remove": True}) == {"ok": True}
        assert tell(path, {"state": True}) == {"ok": True, "card": False, "condition": "none"}
        assert tell(path, {"place": {"name": "样例", "number": NUMBER}}) == {"ok": True}
        assert sim.person.number == NUMBER
        assert tell(path, {"place": None}) == {"ok": True}
        assert sim.person == default_person()
        assert tell(path, {"fault": "half"}) == {"ok": True}
        assert tell(path, {"set": {"drop": 2, "late_seconds": 1, "garbage": "00ff"}}) == {"ok": True}
        assert (sim.faults.condition, sim.faults.drop, sim.faults.garbage) == ("half", 2, b"\0\xff")
        for verb in ("heal", "unplug", "replug"):
            assert tell(path, {verb: True}) == {"ok": True}
        assert sim.faults.condition == "none"
    assert not path.exists()


@pytest.mark.parametrize(
    "request_line",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        b'{"fault": "sad"}',
        b'{"fault": []}',
        b'{"fly": 1}',
        b'{"set": 1}',
        b'{"place": {}}',
        b'{"place": 5}',
        b"[" * 5000,
        b"\xff",
        b'{"set": {"self": 1}}',
    ],
)
def test_control_refuses_without_falling_over(sim, tmp_path, request_line):
    with ReaderControl(tmp_path / "control", sim):
        assert tell(tmp_path / "control", request_line)["ok"] is False
        assert tell(tmp_path / "control", {"state": True})["ok"] is True


def test_control_takes_over_a_stale_socket_but_not_a_live_one(sim, tmp_path):
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    with ReaderControl(path, sim):
        with pytest.raises(FileExistsError), ReaderControl(path, sim):
            pass
        assert tell(path, {"state": True})["ok"]
    path.write_text("mine")
    with pytest.raises(FileExistsError), ReaderControl(path, sim):
        pass


# commands


def test_read_prints_json_and_writes_the_photo(sim, tmp_path):
    photo = tmp_path / "photo.bmp"
    result = CliRunner().invoke(command, ["read", "--port", sim.path, "--json", "--photo", str(photo)])
    assert result.exit_code == 0
    shown = json.loads(result.output)
    assert shown["number"] == default_person().number
    assert photo.stat().st_size == 38862


def test_read_json_keeps_half_a_character(sim):
    sim.place(SimPerson(name="王\ud842", number=NUMBER, sex="2", birth="19491231"))
    result = CliRunner().invoke(command, ["read", "--port", sim.path, "--json"])
    assert json.loads(result.output)["name"] == "王\ud842"
    assert CliRunner().invoke(command, ["read", "--port", sim.path]).exit_code == 0


def test_read_masks_the_number(sim):
    result = CliRunner().invoke(command, ["read", "--port", sim.path])
    number = default_person().number
    assert number not in result.output
    assert number[:6] + "********" + number[-4:] in result.output


def test_read_without_a_card_is_a_device_fault(sim):
    sim.remove()
    result = CliRunner().invoke(command, ["read", "--port", sim.path, "--timeout", "0"])
    assert result.exit_code == 4
    assert "[idcard.no_card]" in result.output


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_simulate_runs_until_told_to_end(tmp_path, ending):
    person = tmp_path / "person.json"
    person.write_text(json.dumps({"name": "样例", "number": NUMBER}))
    link, control = tmp_path / "tty", tmp_path / "control"
    arguments = ["--link", str(link), "--person", str(person), "--control", str(control)]
    with subprocess.Popen(
        [sys.executable, "-m", "cardsvc", "idcard", "simulate", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as process:
        assert process.stdout.readline() == f"ready: {link}\n"
        assert ask(str(link), pack(Command.FIND))[0].sw3 == Sw.FOUND
        process.send_signal(ending)
        assert process.wait(timeout=10) == 0
    assert not link.is_symlink()
    assert not control.exists()


def test_simulate_refuses_a_taken_place(tmp_path):
    place = tmp_path / "file"
    place.write_text("mine")
    result = CliRunner().invoke(command, ["simulate", "--link", str(place)])
    assert result.exit_code == 1
    assert "Error" in result.output


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.binary(max_size=40), st.binary(min_size=2, max_size=6).map(pack)), max_size=6))
def test_nothing_a_client_sends_ends_the_reader(sim, sent):
    line = open_line(sim.path, baud=BAUD_RATES[0], lock_wait=0)
    for chunk in sent:
        line.write(chunk)
    line.close()
    sim.unplug()
    sim.replug()
    assert ask(sim.path, pack(Command.STATUS))[0].sw3 == Sw.OK
