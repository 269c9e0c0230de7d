"""Whatever is wrong with a call, it ends with one sentence, a stable code and no traceback."""

import json
import os
import socket
import subprocess
import sys

import pytest


def cardsvc(*arguments, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CARDSVC_")}
    return subprocess.run(
        [sys.executable, "-m", "cardsvc", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env=kept | environment,
        check=False,
    )


def said(done, code, status):
    assert (done.returncode, "Traceback" in done.stderr) == (status, False), done.stderr
    assert done.stderr.strip().endswith(f"[{code}]")
    assert done.stderr.count("\n") == 1


@pytest.fixture
def taken():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_reader_that_is_not_there():
    said(cardsvc("idcard", "read", "--port", "/nonexistent"), "device.missing", 4)


def test_a_setting_that_is_no_number(tmp_path):
    said(cardsvc("serve", CARDSVC_PORT="many", CARDSVC_DATA_DIR=str(tmp_path)), "config.invalid", 1)


def test_a_settings_file_that_is_not_there():
    said(cardsvc("serve", CARDSVC_CONFIG="/nowhere.toml"), "config.invalid", 1)


@pytest.mark.parametrize("text", ["port = [", "prot = 8080"])
def test_a_settings_file_that_is_wrong(tmp_path, text):
    (tmp_path / "wrong.toml").write_text(text)
    said(cardsvc("serve", CARDSVC_CONFIG=str(tmp_path / "wrong.toml")), "config.invalid", 1)


def test_a_region_nobody_knows(tmp_path):
    said(cardsvc("serve", CARDSVC_PROFILE="atlantis", CARDSVC_DATA_DIR=str(tmp_path)), "profile.unknown", 1)


def test_a_port_somebody_has(tmp_path, taken):
    said(cardsvc("serve", CARDSVC_PORT=str(taken), CARDSVC_DATA_DIR=str(tmp_path)), "serve.port_taken", 3)


def test_a_database_that_does_not_answer(tmp_path, taken):
    del taken
    url = "postgresql+psycopg://nobody:secret@127.0.0.1:1/none"
    done = cardsvc("worker", CARDSVC_DATABASE_URL=url, CARDSVC_DATA_DIR=str(tmp_path))
    said(done, "store.unreachable", 1)
    assert "secret" not in done.stderr


def test_a_walk_to_a_server_that_is_not_there(tmp_path, portraits):
    photo = portraits / "biden.jpg"
    done = cardsvc("walkthrough", "--photo", photo, "--out", tmp_path, "--server", "http://127.0.0.1:1")
    said(done, "walkthrough.unreachable", 1)


def test_a_walk_with_an_id_card_that_is_none(tmp_path, portraits):
    person = tmp_path / "person.json"
    person.write_text(json.dumps({"name": "王清河", "number": "123"}))
    photo = portraits / "biden.jpg"
    done = cardsvc("walkthrough", "--photo", photo, "--out", tmp_path / "out", "--id-card", person, "--no-pcscd")
    said(done, "walkthrough.failed", 1)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_photo_that_is_not_there(tmp_path):
    done = cardsvc("walkthrough", "--photo", tmp_path / "none.jpg", "--out", tmp_path)
    assert done.returncode == 2
    assert "does not exist" in done.stderr


def test_told_to_end_it_ends_in_order(tmp_path):
    ready = tmp_path / "ready"
    environment = os.environ | {"CARDSVC_PORT": "0", "CARDSVC_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "cardsvc", "serve", "--ready-file", str(ready)]
    service = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert service.stdout.readline().startswith(("ready", "rare"))
    service.terminate()
    _, said_last = service.communicate(timeout=30)
    assert (service.returncode, "Traceback" in said_last) == (0, False)
