"""Slips for the tests: synthetic people, a drawn face."""

import io
from datetime import UTC, date, datetime
from functools import cache

from PIL import Image, ImageDraw

from cardsvc.domain.ids import make_order_number
from cardsvc.domain.nations import nation_name
from cardsvc.domain.orders import OrderKind
from cardsvc.slips.information_slip import SlipData
from tests.builders import holder

NUMBER = make_order_number(date(2026, 3, 9), "17", 328)


@cache
def portrait() -> bytes:
    """Return a drawn bust as a JPEG of 358×441 pixels at 350 dpi."""
    picture = Image.new("RGB", (358, 441), "white")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((20, 330, 338, 640), fill=(52, 73, 110))
    draw.rectangle((150, 280, 208, 350), fill=(226, 180, 150))
    draw.ellipse((90, 40, 268, 320), fill=(236, 194, 164))
    draw.pieslice((84, 18, 274, 260), 180, 360, fill=(30, 26, 24))
    for x in (138, 206):
        draw.ellipse((x, 178, x + 18, 190), fill=(30, 26, 24))
    draw.arc((145, 220, 213, 275), 20, 160, fill=(150, 70, 70), width=5)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85, dpi=(350, 350))
    return file.getvalue()


def slip(seed: int = 3, **changes: object) -> SlipData:
    """Return ordinary data; ``changes`` name fields of the slip, or with ``holder_`` in front of the holder."""
    of_holder = {key.removeprefix("holder_"): value for key, value in changes.items() if key.startswith("holder_")}
    of_slip = {key: value for key, value in changes.items() if not key.startswith("holder_")}
    person = holder(seed, **of_holder)
    fields: dict[str, object] = {
        "order_number": NUMBER,
        "kind": OrderKind.MAKE,
        "holder": person,
        "mobile": "13800000000",
        "bank_name": "中国工商银行",
        "branch_name": "工商银行贵阳样例支行",
        "branch_address": "贵州省贵阳市云岩区样例大道 100 号一层",
        "agency": "贵阳市社会保障卡服务中心",
        "window": "3 号窗口",
        "clerk": "经办员甲",
        "captured_at": datetime(2026, 3, 9, 1, 30, tzinfo=UTC),
        "portrait": portrait(),
        "nation_name": nation_name(person.nation),
        "slip_code": "SC1-7F3K9-QX2M8-5RTVW",
    }
    return SlipData(**(fields | of_slip))  # type: ignore[arg-type]  # fields by name
