import io
import shutil
import subprocess
import sys

import numpy as np
from PIL import Image, ImageFont

from cardsvc.capture.normalise import normalise
from cardsvc.capture.sheet import Entry, contact_sheet
from cardsvc.domain.profiles import load_profile


def test_a_row_shows_source_result_lines_and_verdict(portraits):
    profile = load_profile("guizhou")
    good, bad = (portraits / "obama.jpg").read_bytes(), b"%PDF"
    entries = [Entry("good", good, normalise(good, profile)), Entry("bad", bad, normalise(bad, profile))]
    sheet = np.asarray(contact_sheet(entries, profile.photo, ImageFont.load_default, language="en"))
    upper, lower = np.split(sheet, 2)
    portrait = upper[16:457, 452:810]
    with Image.open(io.BytesIO(entries[0].made.portrait)) as written:
        assert np.array_equal(portrait, np.asarray(written.convert("RGB")))
    lined = upper[16:457, 826:1184]
    assert (lined == (0, 120, 255)).all(2).sum() > 1000  # what was measured
    assert (lined == (255, 150, 0)).all(2).sum() > 1000  # what is allowed
    assert (upper[:, 1200:] < 200).any()
    assert ((lower[:, :420] == 255).all(2)).mean() > 0.99  # no source to show


def test_the_command_writes_sheets_and_says_where_there_is_nothing(portraits, tmp_path):
    (tmp_path / "in").mkdir()
    command = [sys.executable, "-m", "cardsvc", "photo", "sheet", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    nothing = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (nothing.returncode, nothing.stderr.strip().endswith("[photo.nothing_to_show]")) == (1, True)
    shutil.copy(portraits / "biden.jpg", tmp_path / "in")
    subprocess.run(command, capture_output=True, check=True)
    with Image.open(tmp_path / "out" / "sheet-1.png") as sheet:
        assert sheet.height == 473
