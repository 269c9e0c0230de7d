import io
import json

import pytest
from click.testing import CliRunner
from PIL import Image

from cardsvc.cli.photo import command


@pytest.fixture
def run(tmp_path):
    def start(*files, extra=()):
        args = ["normalise", *map(str, files), "--out", str(tmp_path / "out"), "--report", str(tmp_path / "r.json")]
        outcome = CliRunner().invoke(command, [*args, *extra])
        report = tmp_path / "r.json"
        return outcome, json.loads(report.read_text("utf-8")) if report.is_file() else None

    return start


def test_accepted_photos_are_written_and_one_refusal_makes_the_status_one(run, tmp_path, obama):
    good, bad = tmp_path / "王芳.jpg", tmp_path / "scan.jpg"
    good.write_bytes(obama)
    bad.write_bytes(b"%PDF-1.7")
    outcome, report = run(good, bad)
    assert outcome.exit_code == 1
    assert "PDF" in outcome.output
    assert (report["version"], report["profile"]) == (1, "guizhou")
    first, second = report["photos"]
    assert first["accepted"]
    assert Image.open(io.BytesIO((tmp_path / "out" / "王芳.jpg").read_bytes())).size == (358, 441)
    assert second["output"] is None
    assert second["problems"][0]["zh"]
    assert not (tmp_path / "out" / "scan.jpg").exists()


def test_all_accepted_is_status_zero_and_equal_names_do_not_overwrite(run, tmp_path, obama, biden):
    files = []
    for folder, data in (("a", obama), ("b", biden)):
        (tmp_path / folder).mkdir()
        files.append(tmp_path / folder / "1.jpg")
        files[-1].write_bytes(data)
    outcome, report = run(*files)
    assert outcome.exit_code == 0
    assert len({photo["output"] for photo in report["photos"]}) == 2


def test_an_unknown_region_is_said_so(run, tmp_path):
    (tmp_path / "x.jpg").write_bytes(b"")
    outcome, report = run(tmp_path / "x.jpg", extra=["--profile", "atlantis"])
    assert outcome.exit_code == 1
    assert "profile.unknown" in outcome.output
    assert report is None
