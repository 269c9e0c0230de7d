"""Synthetic people and things for tests: valid check digits, no real person."""

import random
from datetime import date, timedelta

from cardsvc.domain.ids import check_character
from cardsvc.domain.people import DocumentKind, Holder, Sex

_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
_GIVEN = "安宁远山清河明月松竹云海星辰思源"


def id_number(seed: int = 1, *, birth: date = date(1990, 1, 1), sex: Sex = Sex.MALE, region: str = "520102") -> str:
    serial = (seed * 2 + (1 if sex is Sex.MALE else 0)) % 1000
    body = f"{region}{birth:%Y%m%d}{serial:03d}"
    return body + check_character(body)


def holder(seed: int = 1, **changes: object) -> Holder:
    rng = random.Random(seed)  # noqa: S311 - test data
    birth = date(1960, 1, 1) + timedelta(days=rng.randrange(15000))
    sex = rng.choice([Sex.MALE, Sex.FEMALE])
    fields: dict[str, object] = {
        "document_kind": DocumentKind.RESIDENT,
        "id_number": id_number(seed, birth=birth, sex=sex),
        "name": rng.choice(_SURNAMES) + "".join(rng.sample(_GIVEN, 2)),
        "sex": sex,
        "nation": "01",
        "birth": birth,
        "address": f"贵州省贵阳市南明区样例路{seed}号",
        "valid_from": date(2020, 5, 1),
        "valid_to": date(2040, 5, 1),
        "authority": "贵阳市公安局南明分局",
    }
    return Holder(**(fields | changes))  # type: ignore[arg-type]  # built from names
