"""社会保障卡制卡个人信息单: the A4 paper an applicant signs at the window and takes to the branch.

What it must carry is the source's flow [GZ]: all captured data to be compared, the signature, the agency's seal,
and where to go with it. The statement's wording is ours. The order number is printed as Code 128 for the
branch's scanner; the QR holds the slip code only, never an ID number.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from typing import Final

from cardsvc.domain.orders import OrderKind
from cardsvc.domain.people import Holder, LongTerm
from cardsvc.domain.words import say
from cardsvc.slips.fonts import REPORTLAB_LOCK, FontChain
from cardsvc.slips.form import (
    LEFT,
    PHOTO_WIDTH,
    SECTION_WIDTH,
    SHADE,
    VALUE,
    WIDTH,
    Cell,
    Section,
    draw_section,
    draw_section_name,
    longest,
    row_heights,
    text_height,
)
from cardsvc.slips.layout import PAGE_WIDTH, Box, Sheet, Style
from cardsvc.slips.wrapping import TextTooLong

TITLE: Final = "社会保障卡制卡个人信息单"
SEAL: Final = 40.0  # mm, the circle kept free for the agency's seal
_SHANGHAI: Final = timezone(timedelta(hours=8))  # no daylight saving since 1991

# Lengths in mm.
_TOP: Final = 46.5  # of the table
_END: Final = 284.0  # nothing but the foot line below
_ROWS: Final = (11.0, 10.5, 10.0, 9.5, 9.0, 8.5, 8.0, 7.5, 7.0)  # heights of a row, tried in turn
_SIGNING: Final = (44.0, 62.0)  # least and largest height of the row with signature and seal

_TITLE: Final = Style(22, bold=True, align="centre")
_NAME: Final = Style(16, leading=1.2)
_NUMBER: Final = Style(14.5)
_STATEMENT: Final = Style(11, leading=1.45)
_GUIDE: Final = Style(13.5, smallest=9, leading=1.4)
_GUIDE_INSET: Final = 5.0
_GUIDE_ROOM: Final = 4.0 + 8.5 + 3.0  # gap above, heading, space below
_GUIDE_LINES: Final = 3  # then it gets smaller


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipData:
    """Everything on the slip, named. ``captured_at`` is aware; ``slip_code`` is opaque and holds no personal data."""

    order_number: str
    kind: OrderKind
    holder: Holder
    mobile: str
    bank_name: str
    branch_name: str
    branch_address: str
    agency: str
    window: str
    clerk: str
    captured_at: datetime
    portrait: bytes = field(repr=False)  # JPEG, 358×441
    nation_name: str
    agent_name: str = ""
    agent_id_number: str = ""
    guardian_name: str = ""
    slip_code: str
    sample: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """A finished paper; ``missing`` are the characters no font could draw, to be resolved before signing."""

    pdf: bytes = field(repr=False)
    missing: tuple[str, ...]


_FULL: Final = WIDTH - SECTION_WIDTH - 25.0  # value that takes a whole row
_HALF_LEFT: Final = 58.0
_HALF_RIGHT: Final = WIDTH - SECTION_WIDTH - 2 * 25.0 - _HALF_LEFT
_BY_PHOTO: Final = _HALF_RIGHT - PHOTO_WIDTH
_MOST_LINES: Final = 3


def render_information_slip(data: SlipData, fonts: FontChain) -> Paper:
    """Return the slip as one A4 page, the same bytes for the same data and fonts.

    Raise TextTooLong or PortraitUnreadable where the data cannot be printed truthfully, NoFont never (the chain
    was built). Characters without a font are drawn as a box with their code and returned in ``missing``.
    """
    if data.captured_at.tzinfo is None:
        raise ValueError("captured_at must be aware")
    with REPORTLAB_LOCK:
        sheet = Sheet(fonts, title=f"{TITLE} {data.order_number}", subject=TITLE)
        _draw_head(sheet, data)
        bottom = _draw_table(sheet, data)
        _draw_guide(sheet, data, bottom)
        _draw_foot(sheet)
        if data.sample:
            sheet.watermark("样张  无效")
        return Paper(sheet.finish(), tuple(sheet.missing))


# -- what is said


def _sections(data: SlipData) -> list[Section]:
    """Return the table's content; blocks of an agent and a guardian only where there is one."""
    holder = data.holder
    sections = [
        Section(
            "申领人信息",
            (
                (Cell("姓名", holder.name, _HALF_LEFT, _NAME), Cell("性别", _said("sex", holder.sex), _BY_PHOTO)),
                (
                    Cell("出生日期", _long_date(holder.birth), _HALF_LEFT),
                    Cell("民族", data.nation_name or "—", _BY_PHOTO),
                ),
                (Cell("证件类型", _said("document", holder.document_kind), _FULL - PHOTO_WIDTH),),
                (Cell("证件号码", holder.id_number, _FULL - PHOTO_WIDTH, _NUMBER),),
                (
                    Cell("证件有效期", _validity(holder), _HALF_LEFT),
                    Cell("手机号码", data.mobile, _HALF_RIGHT),
                ),
                (Cell("签发机关", holder.authority or "—", _FULL),),
                (Cell("住址", holder.address, _FULL),),
            ),
            photo=True,
        ),
    ]
    if data.agent_name:
        sections.append(
            Section(
                "代办人",
                (
                    (
                        Cell("姓名", data.agent_name, _HALF_LEFT),
                        Cell("证件号码", data.agent_id_number, _HALF_RIGHT),
                    ),
                ),
            )
        )
    if data.guardian_name:
        sections.append(Section("监护人", ((Cell("姓名", data.guardian_name, _FULL),),)))
    sections += [
        Section(
            "领卡银行",
            (
                (
                    Cell("银行", data.bank_name, _HALF_LEFT),
                    Cell("网点", data.branch_name, _HALF_RIGHT),
                ),
                (Cell("网点地址", data.branch_address, _FULL),),
            ),
        ),
        Section(
            "受理信息",
            (
                (
                    Cell("受理机构", data.agency, _HALF_LEFT),
                    Cell("受理窗口", data.window, _HALF_RIGHT),
                ),
                (
                    Cell("受理时间", _moment(data.captured_at), _HALF_LEFT),
                    Cell("经办人", data.clerk, _HALF_RIGHT),
                ),
            ),
        ),
    ]
    return sections


def _statement(data: SlipData) -> str:
    who = "本人"
    if data.agent_name or data.guardian_name:
        who = "签字人（代申领人）"
    return (
        f"{who}已逐项核对以上信息和照片，确认真实、准确，与有效证件一致；"
        "同意用于制作社会保障卡，并由上列银行开立社会保障卡银行账户。"
    )


def _guide(data: SlipData) -> str:
    """Return what the applicant does next, in one sentence."""
    document = _said("document", data.holder.document_kind)
    papers = f"{document}原件"
    if data.agent_name:
        papers = f"申领人的{document}原件、代办人的身份证件原件"
    place = f"{data.branch_name}（地址：{data.branch_address}）" if data.branch_address else data.branch_name
    return f"请带上本单和{papers}，到{place}现场制卡、领卡。"


def _signer(data: SlipData) -> str:
    if data.agent_name and data.guardian_name:
        return "代办人（监护人）签字："
    if data.agent_name:
        return "申领人（代办人）签字："
    if data.guardian_name:
        return "监护人签字："
    return "申领人签字："


def _said(kind: str, value: str) -> str:
    return say(f"slip.{kind}.{value}", "zh")


def _long_date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _moment(moment: datetime) -> str:
    local = moment.astimezone(_SHANGHAI)
    return f"{_long_date(local.date())} {local:%H:%M}"


def _validity(holder: Holder) -> str:
    """Return the period as the ID document prints it: 2020.05.01-2040.05.01 or 2020.05.01-长期."""
    end = holder.valid_to
    if holder.valid_from is None and end is None:
        return "—"
    first = f"{holder.valid_from:%Y.%m.%d}" if holder.valid_from else ""
    last = end.value if isinstance(end, LongTerm) else f"{end:%Y.%m.%d}" if end else ""
    return f"{first}-{last}"


# -- where it stands


def _draw_head(sheet: Sheet, data: SlipData) -> None:
    """Draw the codes in the upper corners, the title between and below them, and the kind of order."""
    code = Box(LEFT - 3.3, 9.0, 54.5, 11.0)  # its quiet zone lies in the margin
    sheet.code128(code.x, code.y, code.height, data.order_number)
    sheet.text(Box(code.x, code.bottom + 0.5, code.width, 5), data.order_number, Style(9.5, align="centre"))
    qr = Box(PAGE_WIDTH - LEFT - 25.0, 7.0, 27.0, 27.0)
    sheet.qr(qr, data.slip_code)
    sheet.text(Box(LEFT, 26.0, WIDTH, 11.0), TITLE, _TITLE)
    line = Box(LEFT, 39.0, WIDTH, 6.0)
    sheet.text(line, f"业务类型：{_said('kind', data.kind)}", Style(11))
    sheet.text(line, f"受理单号：{data.order_number}", Style(11, align="right"))


def _draw_table(sheet: Sheet, data: SlipData) -> float:
    """Draw all sections, the statement, and the row with signature and seal; return where they end."""
    sections = _sections(data)
    statement = Box(LEFT + SECTION_WIDTH, 0, WIDTH - SECTION_WIDTH, 200).inset(4)
    statement_height = text_height(sheet, _statement(data), statement.width, _STATEMENT) + 4.0
    guide_height = _guide_height(sheet, data)
    for least, most_lines in [(row, _MOST_LINES) for row in _ROWS] + [(_ROWS[-1], 1)]:
        heights = [row_heights(sheet, section, least, most_lines) for section in sections]
        table = sum(map(sum, heights))
        signing = min(_SIGNING[1], _END - _TOP - table - statement_height - guide_height)
        if signing >= _SIGNING[0]:
            break
    else:
        raise TextTooLong(field=longest(sections).label)
    y = _TOP
    for section, rows in zip(sections, heights, strict=True):
        draw_section(sheet, section, rows, y, data.portrait)
        y += sum(rows)
    _draw_signing(sheet, data, Box(LEFT, y, WIDTH, statement_height + signing), statement_height)
    y += statement_height + signing
    sheet.frame(Box(LEFT, _TOP, WIDTH, y - _TOP), width=1.3)
    return y


def _draw_signing(sheet: Sheet, data: SlipData, box: Box, statement_height: float) -> None:
    name = Box(box.x, box.y, SECTION_WIDTH, box.height)
    sheet.frame(name, shade=SHADE)
    draw_section_name(sheet, name, "确认签章")
    text = Box(name.right, box.y, box.width - SECTION_WIDTH, statement_height)
    sheet.frame(text)
    sheet.text(text.inset(4, 1.5), _statement(data), _STATEMENT)
    signing = Box(text.x, text.bottom, 106.0, box.height - statement_height)
    sheet.frame(signing)
    sheet.text(Box(signing.x + 4, signing.y + 3, 80, 6), _signer(data), VALUE)
    sheet.rule(signing.x + 14, signing.bottom - 15, signing.width - 28)
    date_line = Box(signing.x, signing.bottom - 10, signing.width - 6, 6)
    sheet.text(date_line, "日期：            年        月        日", Style(12, align="right"))
    sealing = Box(signing.right, signing.y, box.right - signing.right, signing.height)
    sheet.frame(sealing)
    centre = (sealing.x + sealing.width / 2, sealing.y + sealing.height / 2)
    sheet.dashed_circle(*centre, SEAL)
    place = Box(centre[0] - SEAL / 2, centre[1] - 6, SEAL, 12).inset(3)
    sheet.text(place, "受理机构\n（盖章）", Style(11, align="centre", grey=0.4))


def _guide_style(sheet: Sheet, data: SlipData) -> Style:
    """Return the guide's style, up to 1.5 points smaller if that saves a line with little on it."""
    width = WIDTH - 2 * _GUIDE_INSET
    styles = [replace(_GUIDE, size=_GUIDE.size - less) for less in (0.0, 0.5, 1.0, 1.5)]
    counts = [sheet.lines(_guide(data), width, style) for style in styles]
    return styles[counts.index(min(counts))]


def _guide_height(sheet: Sheet, data: SlipData) -> float:
    """Return the height of the guide with the gap above it."""
    style = _guide_style(sheet, data)
    return text_height(sheet, _guide(data), WIDTH - 2 * _GUIDE_INSET, style, _GUIDE_LINES) + _GUIDE_ROOM


def _draw_guide(sheet: Sheet, data: SlipData, top: float) -> None:
    """Draw where to go next, in the largest letters of the sheet after the name."""
    box = Box(LEFT, top + 4.0, WIDTH, _guide_height(sheet, data) - 4.0)
    sheet.frame(box, width=1.0)
    sheet.text(Box(box.x + _GUIDE_INSET, box.y + 2.5, 60, 6), "下一步怎么办", Style(11.5, bold=True))
    words = Box(box.x, box.y + 8.5, box.width, box.height - 10.5).inset(_GUIDE_INSET)
    sheet.text(words, _guide(data), _guide_style(sheet, data), "网点地址")


def _draw_foot(sheet: Sheet) -> None:
    line = Box(LEFT, 287.0, WIDTH, 4.0)
    sheet.text(line, "本单含个人信息，请妥善保管；信息有误请当场提出更正。", Style(8.5, grey=0.25))
    sheet.text(line, "第 1 页  共 1 页", Style(8.5, align="right", grey=0.25))
