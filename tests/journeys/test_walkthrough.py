import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def walk(out, photo, *more):
    command = [sys.executable, "-m", "cardsvc", "walkthrough", "--photo", str(photo), "--out", str(out), *more]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("how", ["--pcscd", "--no-pcscd"])
def test_one_card_from_end_to_end(tmp_path, portraits, how):
    person = {
        "name": "㛃䶮𬱖", "sex": "1", "nation": "01", "birth": "19491231", "address": "样例路1号",
        "number": "11010519491231002X", "authority": "样例分局", "valid_from": "20200101", "valid_to": "长期",
    }  # fmt: skip
    (tmp_path / "person.json").write_text(json.dumps(person), encoding="utf-8")
    done = walk(tmp_path / "out", portraits / "obama.jpg", how, "--id-card", str(tmp_path / "person.json"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" ms  ") == 20
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["data"]["name"] == "㛃䶮𬱖"
    assert card["data"]["social_security_number"] == "11010519491231002X"
    timeline = json.loads((tmp_path / "out" / "timeline.json").read_text())
    assert timeline["state"] == "handed_over"
    with Image.open(tmp_path / "out" / "photo.jpg") as photo:
        assert photo.size == (358, 441)
    text = subprocess.run(["pdftotext", str(tmp_path / "out" / "slip.pdf"), "-"], capture_output=True, check=True)
    assert "㛃䶮𬱖" in text.stdout.decode()


def test_a_bad_photo_ends_it_with_its_reasons(tmp_path):
    (tmp_path / "p.jpg").write_bytes(b"%PDF-1.7 not a photo")
    done = walk(tmp_path / "out", tmp_path / "p.jpg", "--no-pcscd")
    assert done.returncode == 2
    assert "photo.not_an_image" in done.stderr
    assert not (tmp_path / "out" / "card.json").exists()
