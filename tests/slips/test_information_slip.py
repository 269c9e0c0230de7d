import io
import subprocess
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import zxingcpp
from PIL import Image

from cardsvc.domain.ids import make_order_number
from cardsvc.domain.orders import OrderKind
from cardsvc.slips.fonts import FontChain, NoFont
from cardsvc.slips.information_slip import SlipData, render_information_slip
from tests.builders import holder, id_number

NUMBER = make_order_number(datetime(2026, 3, 2, tzinfo=UTC).date(), "1", 16)


@pytest.fixture(scope="module")
def fonts():
    return FontChain.discover()


def slip(**changes):
    picture = io.BytesIO()
    Image.new("RGB", (358, 441), (200, 210, 220)).save(picture, "JPEG")
    data = SlipData(
        order_number=NUMBER,
        kind=OrderKind.MAKE,
        holder=holder(3, name="㛃䶮𬱖𠅤龘"),
        mobile="13800138000",
        bank_name="样例银行",
        branch_name="南明支行",
        branch_address="贵阳市南明区样例路 17 号",
        agency="贵阳市社会保障卡服务中心",
        window="3",
        clerk="经办员甲",
        captured_at=datetime(2026, 3, 2, 1, 30, tzinfo=UTC),
        portrait=picture.getvalue(),
        nation_name="汉",
        slip_code=NUMBER + "123456",
    )
    return replace(data, **changes)


def copied_out(pdf, tmp_path):
    path = tmp_path / "slip.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
    return done.stdout.decode()


def test_everything_captured_is_on_it_and_copies_out(fonts, tmp_path):
    data = slip(agent_name="李远山", agent_id_number=id_number(8), guardian_name="王清河")
    paper = render_information_slip(data, fonts)
    text = copied_out(paper.pdf, tmp_path)
    for wanted in (
        "社会保障卡制卡个人信息单", NUMBER, "㛃䶮𬱖𠅤龘", data.holder.id_number, data.holder.address, "13800138000",
        "样例银行", "南明支行", "贵阳市南明区样例路 17 号", "经办员甲", "窗口：3", "2026年03月02日 09:30", "李远山",
        id_number(8), "王清河", "代办人签字", "盖章", "贵阳市公安局南明分局", "2020.05.01-2040.05.01",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert paper.missing == ()


def test_every_font_is_embedded_and_none_is_a_stranger(fonts, tmp_path):
    path = tmp_path / "slip.pdf"
    path.write_bytes(render_information_slip(slip(), fonts).pdf)
    lines = subprocess.run(["pdffonts", str(path)], capture_output=True, check=True, text=True).stdout.splitlines()[2:]
    assert lines
    assert all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in lines)
    assert not any("Helvetica" in line for line in lines)


def test_the_same_data_gives_the_same_bytes(fonts):
    assert render_information_slip(slip(), fonts).pdf == render_information_slip(slip(), fonts).pdf


def test_the_codes_are_read_off_the_page(fonts, tmp_path):
    path = tmp_path / "slip.pdf"
    path.write_bytes(render_information_slip(slip(sample=True), fonts).pdf)
    subprocess.run(["pdftoppm", "-r", "150", "-png", str(path), str(tmp_path / "page")], check=True)
    with Image.open(tmp_path / "page-1.png") as page:
        found = {code.text for code in zxingcpp.read_barcodes(page)}
    assert found == {NUMBER, NUMBER + "123456"}


def test_what_no_font_can_draw_is_reported_and_drawn_as_a_box(fonts, tmp_path):
    paper = render_information_slip(slip(holder=holder(3, name="王\ue001")), fonts)
    assert paper.missing == ("\ue001",)
    assert "E001" in copied_out(paper.pdf, tmp_path)


def test_long_values_stay_inside(fonts, tmp_path):
    data = slip(
        holder=holder(
            3, name="ALEXANDROS CONSTANTINOS PAPADIMITRIOU OF THESSALONIKI THE THIRD"[:60], address="贵州省" * 23
        )
    )
    text = copied_out(render_information_slip(data, fonts).pdf, tmp_path).replace("\n", "").replace(" ", "")
    assert text.count("贵州省") >= 23
    assert all(word in text for word in data.holder.name.split())


def test_without_any_font_it_says_which_is_wanted(tmp_path):
    with pytest.raises(NoFont):
        FontChain([("None", tmp_path / "none.ttf")])
