import io
import re

from reportlab.pdfbase import ttfonts
from reportlab.pdfgen.canvas import Canvas

from cardsvc.slips.tounicode import make_cmap

RARE = "㛃䶮𬱖𠅤龘"


def test_a_code_point_beyond_the_bmp_is_a_surrogate_pair():
    assert "<01> <D873DC56>" in make_cmap("F", [0, 0x2CC56])


def test_notdef_stands_for_nothing():
    assert "<00> <" not in make_cmap("F", [0, 0x4E2D]).split("endcodespacerange")[1]


def test_no_block_has_more_than_a_hundred_entries():
    cmap = make_cmap("F", [0, *range(0x4E00, 0x4E00 + 255)])
    announced = [int(count) for count in re.findall(r"(\d+) beginbfchar", cmap)]
    assert announced == [100, 100, 55]
    assert len(re.findall(r"^<..> <....>$", cmap, re.MULTILINE)) == 255


def test_reportlab_uses_it(fonts):
    assert fonts
    assert ttfonts.makeToUnicodeCMap is make_cmap


def test_rare_characters_are_copied_as_they_are_printed(fonts, read):
    file = io.BytesIO()
    canvas = Canvas(file, initialFontName=fonts.base)
    x = 50.0
    for run in fonts.runs(RARE):
        canvas.setFont(run.font, 30)
        canvas.drawString(x, 500, run.text)
        x += fonts.width(run.text, 30)
    canvas.save()
    assert read(file.getvalue()).text() == RARE
