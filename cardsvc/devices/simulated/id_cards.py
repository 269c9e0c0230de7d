"""Synthetic ID cards: people who do not exist, and the bytes their cards would carry."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import Any, Final

from cardsvc.devices.idcard.layouts import (
    ADDRESS_BYTES,
    FIELDS,
    KIND_OF_LETTER,
    PHOTO_BYTES,
    TEXT_BYTES,
    TYPE_AT,
    Blocks,
)
from cardsvc.devices.idcard.photo import SIM_MARKER, WLT_HEADER
from cardsvc.domain.ids import check_character
from cardsvc.domain.people import DocumentKind
from cardsvc.errors import InvalidInput

_LETTER_OF_KIND: Final = {kind: letter for letter, kind in KIND_OF_LETTER.items()}
_SURNAMES: Final = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN: Final = "安宁远山清河明月松竹云海星辰思源若水之恒嘉禾景行知秋"
# Extension A, B and E ideographs, a private-use character of old systems, and a long name with its dot
_RARE: Final = ("㛃", "䶮", "\U0002b74e", "\U00020087", "\ue81e")
_LONG_NAME: Final = "样例阿卜杜热合曼·样例买买提江"
_REGIONS: Final = (
    ("520102", "贵州省贵阳市南明区", "贵阳市公安局南明分局"),
    ("520103", "贵州省贵阳市云岩区", "贵阳市公安局云岩分局"),
    ("520302", "贵州省遵义市红花岗区", "遵义市公安局红花岗分局"),
    ("522601", "贵州省凯里市", "凯里市公安局"),
    ("520402", "贵州省安顺市西秀区", "安顺市公安局西秀分局"),
)
_NATIONS: Final = ("01", "01", "01", "03", "06", "12")
_FIRST_BIRTH: Final = date(1956, 1, 1)
_BIRTH_DAYS: Final = 18000  # to spring 2005


@dataclass(frozen=True, slots=True)
class SimPerson:
    """What is on a simulated card, as text of the chip's fields; dates YYYYMMDD or 长期."""

    name: str
    number: str
    kind: str = DocumentKind.RESIDENT
    sex: str = "1"
    nation: str = "01"
    birth: str = ""
    address: str = ""
    authority: str = ""
    valid_from: str = "20200101"
    valid_to: str = "20400101"
    english_name: str = ""
    nationality: str = ""
    pass_number: str = ""
    issue_count: str = ""
    newest_address: str = ""  # "" = none was ever added
    portrait: int = 0  # 0 = drawn after the number
    fingerprint: bytes = field(default=b"", repr=False)  # 0, 512 or 1024 bytes
    letter: str = ""  # another type letter than the kind's

    @classmethod
    def from_json(cls, given: object) -> "SimPerson":
        """Return the person in a JSON object, dates also with dashes; raise InvalidInput.

        Only ``name`` and ``number`` are required; birth and sex follow from the number where missing.
        """
        if not isinstance(given, dict):
            raise InvalidInput(field="person", reason="not an object")
        known = {entry.name for entry in fields(cls)} - {"fingerprint"}
        values: dict[str, Any] = {}
        for key, value in given.items():
            if key not in known:
                raise InvalidInput(field=str(key), reason="unknown field")
            values[key] = _checked(key, value)
        for key in ("name", "number"):
            if key not in values:
                raise InvalidInput(field=key, reason="missing")
        if values.get("kind", DocumentKind.RESIDENT) not in set(DocumentKind):
            raise InvalidInput(field="kind", reason="one of " + ", ".join(DocumentKind))
        return cls(**(_implied(values["number"]) | values))


def _checked(key: str, value: object) -> str | int:
    if key == "portrait":
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32:
            return value
        raise InvalidInput(field=key, reason="not a number from 0 to 2^32 - 1")
    if not isinstance(value, str):
        raise InvalidInput(field=key, reason="not a string")
    if key in {"birth", "valid_from", "valid_to"}:
        return value.replace("-", "")
    if key == "sex":
        return {"男": "1", "女": "2"}.get(value, value)
    return value


def _implied(number: str) -> dict[str, str]:
    if len(number) != 18 or not number[:17].isdigit():  # noqa: PLR2004 - GB 11643
        return {}
    return {"birth": number[6:14], "sex": "1" if int(number[16]) % 2 else "2"}


def load_person(text: str) -> SimPerson:
    """Return the person in a JSON text; raise InvalidInput."""
    try:
        given = json.loads(text)
    except ValueError:
        raise InvalidInput(field="person", reason="not JSON") from None
    return SimPerson.from_json(given)


def default_person() -> SimPerson:
    """Return the person a simulator shows when none is given."""
    return synthetic_people(1, seed=1)[0]


def synthetic_people(count: int, seed: int, *, rare: bool = False) -> list[SimPerson]:
    """Return ``count`` different residents who do not exist, the same for the same seed.

    With ``rare`` every third name has a rare character, a private-use one or the full 15 code units.
    Numbers have valid check digits and made-up serials.
    """
    rng = random.Random(seed)  # noqa: S311 - made-up people
    people: list[SimPerson] = []
    seen: set[str] = set()
    while len(people) < count:
        person = _resident(rng, rare_name=rare and len(people) % 3 == 2)  # noqa: PLR2004 - every third
        if person.number not in seen:
            seen.add(person.number)
            people.append(person)
    return people


def _resident(rng: random.Random, *, rare_name: bool) -> SimPerson:
    region, place, authority = rng.choice(_REGIONS)
    birth = _FIRST_BIRTH + timedelta(days=rng.randrange(_BIRTH_DAYS))
    serial = rng.randrange(1000)
    body = f"{region}{birth:%Y%m%d}{serial:03d}"
    name = rng.choice(_SURNAMES) + "".join(rng.sample(_GIVEN, rng.choice([1, 2, 2])))
    if rare_name:
        rare = rng.choice([*_RARE, _LONG_NAME])
        name = rare if rare == _LONG_NAME else name[:2] + rare
    issued = date(2016, 1, 1) + timedelta(days=rng.randrange(3000))
    return SimPerson(
        name=name,
        number=body + check_character(body),
        sex="1" if serial % 2 else "2",
        nation=rng.choice(_NATIONS),
        birth=f"{birth:%Y%m%d}",
        address=f"{place}样例路{rng.randrange(1, 400)}号{rng.randrange(1, 30)}单元{rng.randrange(101, 1800)}室",
        authority=authority,
        valid_from=f"{issued:%Y%m%d}",
        valid_to="长期" if birth.year < 1970 else f"{issued.year + 20}{issued:%m%d}".replace("0229", "0301"),  # noqa: PLR2004 - the edge of a mask, a year
    )


def build_text(person: SimPerson) -> bytes:
    """Return the 256 bytes of text; what is too long is cut at the field's end, as issuers do."""
    kind = DocumentKind(person.kind)
    text = bytearray(" ".encode("utf-16-le") * (TEXT_BYTES // 2))
    for name, (at, size) in FIELDS[kind].items():
        text[at : at + size] = _fitted(_content(person, kind, name), size)
    text[TYPE_AT : TYPE_AT + 2] = _fitted(person.letter or _LETTER_OF_KIND[kind], 2)
    return bytes(text)


def _content(person: SimPerson, kind: DocumentKind, name: str) -> str:
    special: dict[str, Callable[[], str]] = {
        "english_name_more": lambda: person.english_name[35:],
        "version": lambda: "01",
        "old_number_link": lambda: "",
        "nation": lambda: person.nation if kind is DocumentKind.RESIDENT else "",
    }
    return special[name]() if name in special else str(getattr(person, name))


def _fitted(text: str, size: int) -> bytes:
    units = text.encode("utf-16-le", "surrogatepass")[:size]
    return units + " ".encode("utf-16-le") * ((size - len(units)) // 2)


def build_address(person: SimPerson) -> bytes:
    """Return the 70 bytes of the newest address, b"" where none was added."""
    return _fitted(person.newest_address, ADDRESS_BYTES) if person.newest_address else b""


def build_photo(person: SimPerson) -> bytes:
    """Return 1024 bytes with a WLT header that name a portrait ``SimDecoder`` can draw; no face is in them."""
    drawn = int.from_bytes(person.number.encode("utf-8", "replace")[-4:], "big") * 2 + (person.sex == "2")
    portrait = person.portrait or drawn
    return (WLT_HEADER + SIM_MARKER + (portrait % 2**32).to_bytes(4, "big")).ljust(PHOTO_BYTES, b"\x51")


def build_blocks(person: SimPerson) -> Blocks:
    """Return what a read of the card gives."""
    return Blocks(build_text(person), build_photo(person), person.fingerprint)
