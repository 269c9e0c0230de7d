"""社会保障卡制卡个人信息单: what the applicant checks, signs and takes to the branch (A4)."""

import io
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from cardsvc.domain.orders import OrderKind
from cardsvc.domain.people import DocumentKind, Holder, LongTerm, Sex
from cardsvc.slips.fonts import FontChain
from cardsvc.slips.layout import Sheet

_ZONE: Final = ZoneInfo("Asia/Shanghai")
_LEFT: Final = 18 * mm
_WIDTH: Final = A4[0] - 2 * _LEFT
_PHOTO: Final = (26 * mm, 32 * mm)  # 358 x 441 at 350 dpi
_ROW: Final = 13.5 * mm
_KINDS: Final = {OrderKind.MAKE: "新申领制卡", OrderKind.CORRECT: "信息勘误换卡", OrderKind.REISSUE: "补换卡"}
_DOCUMENTS: Final = {
    DocumentKind.RESIDENT: "居民身份证",
    DocumentKind.RESIDENCE_PERMIT: "港澳台居民居住证",
    DocumentKind.FOREIGNER_2017: "外国人永久居留身份证",
    DocumentKind.FOREIGNER_2023: "外国人永久居留身份证",
}
_SEXES: Final = {Sex.MALE: "男", Sex.FEMALE: "女", Sex.UNKNOWN: "未知", Sex.UNSTATED: "未说明"}


@dataclass(frozen=True, slots=True)
class SlipData:
    """Everything the slip shows."""

    order_number: str
    kind: OrderKind
    holder: Holder
    mobile: str = field(repr=False)
    bank_name: str
    branch_name: str
    branch_address: str
    agency: str
    window: str
    clerk: str
    captured_at: datetime
    portrait: bytes = field(repr=False)  # JPEG 358 x 441
    nation_name: str
    slip_code: str  # what the QR holds: no personal data
    agent_name: str = ""
    agent_id_number: str = field(default="", repr=False)
    guardian_name: str = ""
    sample: bool = False  # a watermark says it is worth nothing


@dataclass(frozen=True, slots=True)
class Paper:
    """A rendered paper; ``missing`` are the characters no font could draw."""

    pdf: bytes = field(repr=False)
    missing: tuple[str, ...]


def render_information_slip(data: SlipData, fonts: FontChain) -> Paper:
    """Return the slip; the same data gives the same bytes."""
    out = io.BytesIO()
    # The first font is ours, or an unused and unembedded Helvetica comes along.
    first: Any = {"initialFontName": fonts.base, "initialFontSize": 10}
    canvas = Canvas(out, pagesize=A4, invariant=1, pageCompression=1, lang="zh-CN", **first)
    canvas.setTitle(f"社会保障卡制卡个人信息单 {data.order_number}")
    canvas.setAuthor(data.agency)
    sheet = Sheet(canvas, fonts)
    if data.sample:
        sheet.watermark("样张 无效", *A4)
    _head(sheet, data)
    bottom = _grid(sheet, data)
    _feet(sheet, data, bottom)
    canvas.showPage()
    canvas.save()
    return Paper(pdf=out.getvalue(), missing=tuple(sheet.missing))


def _head(sheet: Sheet, data: SlipData) -> None:
    top = A4[1] - 16 * mm
    sheet.centred(A4[0] / 2, top - 4 * mm, "社会保障卡制卡个人信息单", 20)
    sheet.centred(A4[0] / 2, top - 11 * mm, f"{data.agency}　·　{_KINDS[data.kind]}", 10, grey=True)
    y = top - 33 * mm
    sheet.code128(_LEFT - 6.35 * mm, y + 5 * mm, data.order_number)
    sheet.text(_LEFT, y, f"受理单号 {data.order_number}", 10)
    sheet.qr(A4[0] - _LEFT - 26 * mm, y - 3 * mm, data.slip_code, 28 * mm)


def _grid(sheet: Sheet, data: SlipData) -> float:
    holder = data.holder
    photo_width = _PHOTO[0] + 8 * mm
    inner = _WIDTH - photo_width
    y = A4[1] - 70 * mm
    rows: list[list[tuple[str, str, float]]] = [
        [("姓名", holder.name, 0.5), ("性别", _SEXES[holder.sex], 0.2), ("民族", data.nation_name, 0.3)],
        [("证件类型", _DOCUMENTS[holder.document_kind], 0.5), ("出生日期", f"{holder.birth:%Y年%m月%d日}", 0.5)],
        [("证件号码（社会保障号码）", holder.id_number, 0.5), ("证件有效期", _validity(holder), 0.5)],
    ]
    for row in rows:
        x = _LEFT
        for label, value, share in row:
            sheet.cell(x, y, inner * share, _ROW, label, value)
            x += inner * share
        y -= _ROW
    frame_bottom = y + _ROW
    sheet.canvas.rect(_LEFT + inner, frame_bottom, photo_width, 3 * _ROW)
    sheet.canvas.drawImage(
        ImageReader(io.BytesIO(data.portrait)),
        _LEFT + inner + (photo_width - _PHOTO[0]) / 2,
        frame_bottom + (3 * _ROW - _PHOTO[1]) / 2,
        *_PHOTO,
    )
    wide_rows: list[list[tuple[str, str, float]]] = [
        [("住址", holder.address, 1.0)],
        [("签发机关", holder.authority, 0.55), ("手机号码", data.mobile, 0.45)],
        [("制卡银行", data.bank_name, 0.4), ("制卡网点", data.branch_name, 0.6)],
        [("网点地址", data.branch_address, 1.0)],
    ]
    if data.agent_name:
        wide_rows.append([("代办人姓名", data.agent_name, 0.4), ("代办人证件号码", data.agent_id_number, 0.6)])
    if data.guardian_name:
        wide_rows.append([("监护人姓名", data.guardian_name, 1.0)])
    for row in wide_rows:
        x = _LEFT
        for label, value, share in row:
            sheet.cell(x, y, _WIDTH * share, _ROW, label, value)
            x += _WIDTH * share
        y -= _ROW
    return y + _ROW


def _feet(sheet: Sheet, data: SlipData, y: float) -> None:
    y -= 8 * mm
    statement = (
        "本人已逐项核对以上信息与照片，确认无误，同意以此制作社会保障卡，并由所选银行开立账户。"
        "如信息有误，请在签字前告知经办人员更正。"
    )
    bring = f"请携带本单及本人有效证件原件，到 {data.branch_name}（{data.branch_address}）办理制卡领卡，现场立等可取。"
    for text in (statement, bring):
        for line in sheet.wrapped(text, _WIDTH, 10.5):
            sheet.text(_LEFT, y, line, 10.5)
            y -= 5.6 * mm
        y -= 1.5 * mm
    y -= 8 * mm
    who = "代办人签字" if data.agent_name else "申领人签字"
    for label, start, length in ((who, 0.0, 62 * mm), ("日期", 88 * mm, 32 * mm)):
        end = sheet.text(_LEFT + start, y, f"{label}：", 11.5)
        sheet.canvas.line(end, y - 1 * mm, end + length, y - 1 * mm)
    sheet.seal(A4[0] - _LEFT - 22 * mm, y - 18 * mm, 20 * mm, "经办机构盖章")
    y -= 24 * mm
    stamp = data.captured_at.astimezone(_ZONE)
    for line in (
        f"经办人：{data.clerk}　　窗口：{data.window or '-'}",
        f"受理时间：{stamp:%Y年%m月%d日 %H:%M}",
    ):
        sheet.text(_LEFT, y, line, 10)
        y -= 6 * mm
    sheet.text(_LEFT, 12 * mm, "本单由系统存档，补打内容不变。条码供网点扫描。", 8, grey=True)


def _validity(holder: Holder) -> str:
    start = f"{holder.valid_from:%Y.%m.%d}" if holder.valid_from else ""
    if isinstance(holder.valid_to, LongTerm):
        return f"{start}-长期"
    return f"{start}-{holder.valid_to:%Y.%m.%d}" if isinstance(holder.valid_to, date) else start
