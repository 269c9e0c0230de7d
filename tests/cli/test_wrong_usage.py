import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments, folder, **environment):
    command = [sys.executable, "-m", "cardsvc", *map(str, arguments)]
    clean = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False, env=clean)


def one_sentence(done, status, code):
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    assert lines[0].endswith(f"[{code}]")
    return lines[0]


@pytest.fixture
def taken_port():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


@pytest.fixture
def closed_port():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return holder.getsockname()[1]


@pytest.fixture
def text(tmp_path):
    file = tmp_path / "text.jpg"
    file.write_text("no photo")
    return file


def test_a_reader_that_is_not_there(tmp_path):
    one_sentence(run("idcard", "read", "--port", "/nonexistent", folder=tmp_path), 4, "device.missing")


def test_a_link_that_cannot_be_made_is_named(tmp_path):
    done = run("idcard", "simulate", "--link", "/nonexistent/reader", folder=tmp_path)
    assert "/nonexistent/" in one_sentence(done, 1, "cli.file")


def test_the_walk_with_a_server_that_does_not_answer(tmp_path, text, closed_port):
    for server in (f"http://127.0.0.1:{closed_port}", "no-address"):
        done = run("walkthrough", "--photo", text, "--out", tmp_path / "out", "--server", server, folder=tmp_path)
        assert server in one_sentence(done, 1, "cli.server_unreachable")


def test_the_walk_with_a_person_that_is_none_says_what_the_reader_said(tmp_path, text):
    (tmp_path / "person.json").write_text("{}")
    done = run(
        "walkthrough", "--photo", text, "--out", "out", "--id-card", "person.json", "--no-pcscd", folder=tmp_path
    )
    assert "name" in one_sentence(done, 1, "cli.part_failed")


def test_a_folder_that_cannot_be_written_is_found_before_anything_starts(tmp_path, text):
    done = run("walkthrough", "--photo", text, "--out", "/proc/nothing", "--no-pcscd", folder=tmp_path)
    assert "/proc/nothing" in one_sentence(done, 1, "cli.file")
    done = run("smartcard", "simulate", "--folder", "/proc/nothing", "--control", "c", folder=tmp_path)
    assert "/proc/nothing" in one_sentence(done, 1, "cli.file")


def test_a_port_that_is_taken(tmp_path, taken_port):
    done = run("demo", "--port", taken_port, "--data", "data", folder=tmp_path)
    assert str(taken_port) in one_sentence(done, 3, "cli.port_taken")
    assert not (tmp_path / "data").exists()
    done = run("serve", folder=tmp_path, CARDSVC_PORT=str(taken_port), CARDSVC_DATA_DIR=str(tmp_path / "data"))
    assert str(taken_port) in one_sentence(done, 3, "cli.port_taken")


def test_settings_that_are_wrong_are_named_without_their_values(tmp_path):
    done = run("serve", folder=tmp_path, CARDSVC_PORT="secret-abc")
    assert "port" in one_sentence(done, 1, "cli.settings")
    assert "secret-abc" not in done.stderr
    (tmp_path / "c.toml").write_text("x = [")
    for file in ("c.toml", "missing.toml"):
        for command in (["serve"], ["worker"], ["db", "upgrade"], ["db", "verify"]):
            done = run(*command, folder=tmp_path, CARDSVC_CONFIG=file)
            assert file in one_sentence(done, 1, "cli.settings")


def test_a_database_that_does_not_answer(tmp_path, closed_port):
    url = f"postgresql+psycopg://nobody@127.0.0.1:{closed_port}/nothing"
    done = run("db", "upgrade", folder=tmp_path, CARDSVC_DATABASE_URL=url)
    one_sentence(done, 1, "cli.database")


def test_the_simulated_bank_with_wrong_keys_or_faults(tmp_path):
    (tmp_path / "key").write_text(json.dumps({}))
    done = run("bank-sim", "--key", "key", "--agency-key", "key", folder=tmp_path)
    assert "key" in one_sentence(done, 1, "cli.key")
    done = run("bank-sim", "--key", "new", "--agency-key", "key", "--fault", "F01=often", folder=tmp_path)
    assert done.returncode == 2
    assert "F01=often" in done.stderr
    assert "Traceback" not in done.stderr
