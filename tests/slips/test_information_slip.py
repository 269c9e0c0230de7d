import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import combinations

import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardsvc.domain.orders import OrderKind
from cardsvc.domain.people import LONG_TERM, DocumentKind, Sex
from cardsvc.domain.words import catalogue
from cardsvc.slips.fonts import CANDIDATES, FontChain
from cardsvc.slips.information_slip import TITLE, render_information_slip
from cardsvc.slips.layout import MM, PortraitUnreadable, Sheet
from cardsvc.slips.wrapping import TextTooLong
from tests.builders import id_number
from tests.slips.papers import NUMBER, portrait, slip

AGENT = {"agent_name": "代办甲", "agent_id_number": id_number(77)}
LONG_NAME = "MUHAMMAD ABDURRAHMAN ALEXANDER-CHRISTOPHERSON VAN DER BERG I"
EXTREME = {
    "holder_name": LONG_NAME,
    "holder_address": "贵州省黔东南苗族侗族自治州样例县" * 7,
    "holder_authority": "黔西南布依族苗族自治州样例县公安局出入境管理支队",
    "nation_name": "外国血统中国籍",
    "agent_name": "古丽米热·阿卜杜热合曼·买买提艾力·吐尔逊",
    "agent_id_number": id_number(77),
    "guardian_name": LONG_NAME,
    "bank_name": "贵州省农村信用社联合社黔西南布依族苗族自治州办事处",
    "branch_name": "中国工商银行股份有限公司贵阳经济技术开发区支行营业室",
    "branch_address": "贵州省贵阳市经济技术开发区样例大道中段 1088 号样例国际商务中心 A 座一层 101 至 108 号",
    "agency": "贵阳市人力资源和社会保障局社会保障卡服务中心云岩区分中心第二办事大厅",
    "window": "二楼综合服务区社会保障卡专窗 18 号",
    "clerk": "买买提·阿卜杜热合曼",
    "captured_at": datetime.fromisoformat("2026-12-31T23:59:59+08:00"),
}


def test_every_field_can_be_copied_out(fonts, read):
    data = slip(**AGENT, guardian_name="监护乙", kind=OrderKind.CORRECT, holder_valid_to=LONG_TERM)
    paper = render_information_slip(data, fonts)
    text = read(paper.pdf).text()
    person = data.holder
    expected = [
        TITLE,
        "业务类型：信息勘误换卡",
        "姓名" + person.name,
        "性别" + {Sex.MALE: "男", Sex.FEMALE: "女"}[person.sex],
        f"出生日期{person.birth.year}年{person.birth.month}月{person.birth.day}日",
        "民族汉",
        "证件类型居民身份证",
        "证件号码" + person.id_number,
        "证件有效期2020.05.01-长期",
        "手机号码" + data.mobile,
        "签发机关" + person.authority,
        "住址" + person.address,
        "姓名代办甲证件号码" + AGENT["agent_id_number"],
        "姓名监护乙",
        "银行" + data.bank_name,
        "网点" + data.branch_name,
        "网点地址" + "".join(data.branch_address.split()),
        "受理机构" + data.agency,
        "受理窗口3号窗口",
        "受理时间2026年3月9日09:30",  # captured at 01:30 UTC
        "经办人" + data.clerk,
        "（盖章）",
        "代办人（监护人）签字：",
        f"到{data.branch_name}（地址：{''.join(data.branch_address.split())}）",
    ]
    assert [part for part in expected if part not in text] == []
    assert text.count(NUMBER) == 2
    assert paper.missing == ()


def test_blocks_of_agent_and_guardian_only_where_there_is_one(fonts, read):
    alone = read(render_information_slip(slip(), fonts).pdf).text()
    assert "代办人" not in alone
    assert "监护人" not in alone
    assert "申领人签字：" in alone
    assert "请带上本单和居民身份证原件，到" in alone
    assert "样张" not in alone


@pytest.mark.parametrize(
    ("changes", "signer"),
    [(AGENT, "申领人（代办人）签字："), ({"guardian_name": "监护乙"}, "监护人签字：")],
)
def test_the_right_person_signs(fonts, read, changes, signer):
    assert signer in read(render_information_slip(slip(**changes), fonts).pdf).text()


def test_a_rare_name_prints_and_copies_out_right(fonts, read):
    paper = render_information_slip(slip(holder_name="䶮𬱖𠅤㛃龘"), fonts)
    assert "姓名䶮𬱖𠅤㛃龘性别" in read(paper.pdf).text()
    assert paper.missing == ()


def test_characters_without_a_font_become_a_box_with_their_code(fonts, read):
    paper = render_information_slip(
        slip(holder_name="王\ue863\U0003106c\ue863", holder_address="样例路\ue001号"), fonts
    )
    assert paper.missing == ("\ue863", "\U0003106c", "\ue001")
    text = read(paper.pdf).text()
    assert "E863" in text
    assert "3106C" in text


def test_no_character_of_a_name_vanishes(fonts, read):
    paper = render_information_slip(slip(holder_name="王\U0002f803\x07明", holder_address="样例路\t8\u00a0号"), fonts)
    text = read(paper.pdf).text()
    assert "姓名王\U0002f803" in text
    assert "样例路8号" in text
    assert paper.missing == ("\x07",)


def test_without_fonts_for_rare_names_the_slip_says_what_is_missing():
    paper = render_information_slip(slip(holder_name="王𠅤"), FontChain.discover(CANDIDATES[:1]))
    assert paper.missing == ("𠅤",)


def test_all_fonts_are_embedded_subsets_and_none_is_there_unused(fonts, read):
    paper = render_information_slip(slip(holder_name="王䶮𬱖𠅤"), fonts)
    reader = read(paper.pdf)
    rows = reader.run("pdffonts", str(reader.file)).splitlines()[2:]
    assert len(rows) >= 2
    for row in rows:
        name, *_, embedded, subset, unicode_map, _, _ = row.split()
        assert (embedded, subset, unicode_map) == ("yes", "yes", "yes"), row
        assert "Helvetica" not in name


def test_title_language_and_size(fonts, read):
    paper = render_information_slip(slip(), fonts)
    reader = read(paper.pdf)
    info = reader.run("pdfinfo", str(reader.file))
    assert re.search(rf"Title:\s+{TITLE} {NUMBER}", info)
    assert re.search(r"Pages:\s+1\n", info)
    assert "(A4)" in info
    assert b"/Lang (zh-CN)" in paper.pdf


@pytest.mark.parametrize("changes", [{}, EXTREME, {"sample": True}], ids=["ordinary", "extreme", "sample"])
def test_a_scan_at_150_dpi_reads_both_codes(fonts, read, changes):
    data = slip(**changes)
    found = zxingcpp.read_barcodes(read(render_information_slip(data, fonts).pdf).image(150))
    assert {(code.format.name, code.text) for code in found} == {("Code128", NUMBER), ("QRCode", data.slip_code)}


def test_the_codes_hold_no_personal_data(fonts, read):
    data = slip()
    found = zxingcpp.read_barcodes(read(render_information_slip(data, fonts).pdf).image(150))
    assert not any(data.holder.id_number in code.text or data.mobile in code.text for code in found)


def test_the_portrait_is_printed_26_by_32_mm_and_unchanged(fonts, read, tmp_path):
    reader = read(render_information_slip(slip(), fonts).pdf)
    row = reader.run("pdfimages", "-list", str(reader.file)).splitlines()[2].split()
    assert (row[3], row[4], row[8]) == ("358", "441", "jpeg")
    assert [int(row[12]), int(row[13])] == pytest.approx([350, 350], abs=2)
    reader.run("pdfimages", "-all", str(reader.file), str(tmp_path / "image"))
    assert (tmp_path / "image-000.jpg").read_bytes() == portrait()


def test_same_data_same_bytes_whatever_was_printed_between_and_beside(fonts):
    data = slip(holder_name="王䶮𬱖𠅤")
    first = render_information_slip(data, fonts).pdf
    render_information_slip(slip(5), fonts)
    assert render_information_slip(data, FontChain.discover()).pdf == first
    with ThreadPoolExecutor(4) as pool:
        papers = list(pool.map(lambda seed: render_information_slip(slip(seed), fonts).pdf, [1, 2, 3, 4] * 3))
    assert papers == [render_information_slip(slip(seed), fonts).pdf for seed in [1, 2, 3, 4] * 3]


def _words(reader):
    """Return (text, left, top, right, bottom) of each word in points; heights without the fonts' spare room."""
    page = reader.run("pdftotext", "-bbox", str(reader.file), "-")
    pattern = r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>'
    for left, top, right, bottom, text in re.findall(pattern, page):
        spare = (float(bottom) - float(top)) * 0.2
        yield text, float(left), float(top) + spare, float(right), float(bottom) - spare


@pytest.fixture
def drawn(monkeypatch):
    """Boxes with an outline, and pictures, of the papers drawn in this test, in points from the upper left."""
    found = {"frame": [], "jpeg": [], "qr": []}

    def record(kind, method):
        def recorder(self, box, *rest, **named):
            found[kind].append((box.x * MM, box.y * MM, box.right * MM, box.bottom * MM))
            return method(self, box, *rest, **named)

        monkeypatch.setattr(Sheet, kind, recorder)

    for kind in found:
        record(kind, getattr(Sheet, kind))
    return found


def _straddles(word, box):
    """Return whether a word lies partly inside and partly outside of a box."""
    _, left, top, right, bottom = word
    touches = min(right, box[2]) - max(left, box[0]) > 0.5 and min(bottom, box[3]) - max(top, box[1]) > 0.5
    inside = left >= box[0] - 0.5 and right <= box[2] + 0.5 and top >= box[1] - 0.5 and bottom <= box[3] + 0.5
    return touches and not inside


def _overlap(one, other):
    return min(one[2], other[2]) - max(one[0], other[0]) > 0.5 and min(one[3], other[3]) - max(one[1], other[1]) > 0.5


@pytest.mark.parametrize(
    "changes",
    [
        {},
        EXTREME,
        EXTREME | {"holder_name": "阿卜杜热合曼·\ue001\ue002" * 5, "holder_address": "\ue003" * 100},
        {"holder_address": "A" * 140, "branch_address": "1" * 120, "window": "W" * 40, "mobile": "+86 138 0000 0000"},
        {"holder_nation": "", "nation_name": "", "holder_authority": "", "branch_address": "", "holder_valid_to": None},
    ],
    ids=["ordinary", "extreme", "extreme-missing", "no-blanks", "sparse"],
)
def test_nothing_overlaps_or_leaves_the_page(fonts, read, drawn, changes):
    words = list(_words(read(render_information_slip(slip(**changes), fonts).pdf)))
    assert len(words) > 40
    for text, left, top, right, bottom in words:
        assert left >= 28, text  # 10 mm
        assert right <= 595 - 28, text
        assert top >= 20, text
        assert bottom <= 842 - 14, text
    for one, other in combinations(words, 2):
        across = min(one[3], other[3]) - max(one[1], other[1])
        down = min(one[4], other[4]) - max(one[2], other[2])
        assert across <= 0.5 or down <= 0.5, (one, other)
    assert len(drawn["frame"]) > 30
    for word in words:
        assert not any(_straddles(word, box) for box in drawn["frame"]), word
        assert not any(_overlap(word[1:], box) for box in drawn["jpeg"] + drawn["qr"]), word


def test_extreme_data_still_copies_out_whole(fonts, read):
    text = read(render_information_slip(slip(**EXTREME), fonts).pdf).text()
    for field in ("holder_name", "holder_address", "branch_address", "agency", "window", "agent_name", "bank_name"):
        assert "".join(EXTREME[field].split()) in text, field


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(st.sampled_from("王𠅤·\ue001AB -"), min_size=1, max_size=60),
    address=st.text(st.sampled_from("贵阳市（，）A1 -\ue001𠅤"), max_size=120),
)
def test_any_name_of_60_and_address_of_120_characters_is_printed(fonts, name, address):
    assert render_information_slip(slip(holder_name=name, holder_address=address), fonts).pdf.startswith(b"%PDF")


def test_what_cannot_be_printed_legibly_is_refused_by_the_field_s_name(fonts):
    with pytest.raises(TextTooLong) as caught:
        render_information_slip(slip(holder_address="贵" * 2000), fonts)
    assert caught.value.facts == {"field": "住址"}


@pytest.mark.parametrize("data", [b"", b"GIF89a", portrait()[:4000]], ids=["empty", "other", "cut"])
def test_a_damaged_portrait_is_refused(fonts, data):
    with pytest.raises(PortraitUnreadable):
        render_information_slip(slip(portrait=data), fonts)


def test_a_time_without_zone_is_a_mistake_of_the_caller(fonts):
    with pytest.raises(ValueError, match="aware"):
        render_information_slip(slip(captured_at=datetime(2026, 3, 9, 9, 30)), fonts)  # noqa: DTZ001 - the point


def test_the_sample_says_so(fonts, read):
    assert "样张" in read(render_information_slip(slip(sample=True), fonts).pdf).text()


@pytest.mark.parametrize("kind", OrderKind)
@pytest.mark.parametrize("document", DocumentKind)
def test_every_kind_has_words(fonts, kind, document):
    render_information_slip(slip(kind=kind, holder_document_kind=document), fonts)
    assert f"slip.kind.{kind}" in catalogue()
    assert f"slip.document.{document}" in catalogue()


@pytest.mark.parametrize("sex", Sex)
def test_every_sex_code_has_words(sex):
    assert catalogue()[f"slip.sex.{sex}"]["zh"]


def test_data_and_paper_show_no_picture_when_logged(fonts):
    assert "portrait" not in repr(slip())
    assert repr(render_information_slip(slip(), fonts)) == "Paper(missing=())"
