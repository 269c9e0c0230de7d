"""The 256-byte text of the four kinds of card, and the blocks around it.

UTF-16LE, space padded, no BOM. The type letter is at 248 in every kind; name 15 and address 35 code
units long, so that long names are cut on the chip and a cut may leave a lone surrogate. Text is kept
exactly as read: decoded with ``surrogatepass``, stripped of U+0020 and NUL on the right, never
normalised. Offsets: GA 467 tables in vendors' documents and demonstration code; not read in the
standard itself.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from cardsvc.devices.base import IdRecord, Warned
from cardsvc.domain.people import LONG_TERM, DocumentKind, LongTerm, Sex

TEXT_BYTES: Final = 256
PHOTO_BYTES: Final = 1024
ADDRESS_BYTES: Final = 70
TYPE_AT: Final = 248

KIND_OF_LETTER: Final = {
    " ": DocumentKind.RESIDENT,
    "J": DocumentKind.RESIDENCE_PERMIT,
    "I": DocumentKind.FOREIGNER_2017,
    "Y": DocumentKind.FOREIGNER_2023,
}

_RESIDENT: Final = {
    "name": (0, 30),
    "sex": (30, 2),
    "nation": (32, 4),
    "birth": (36, 16),
    "address": (52, 70),
    "number": (122, 36),
    "authority": (158, 30),
    "valid_from": (188, 16),
    "valid_to": (204, 16),
}

# kind → field → (offset, bytes)
FIELDS: Final[dict[DocumentKind, dict[str, tuple[int, int]]]] = {
    DocumentKind.RESIDENT: _RESIDENT,
    DocumentKind.RESIDENCE_PERMIT: _RESIDENT | {"pass_number": (220, 18), "issue_count": (238, 4)},
    DocumentKind.FOREIGNER_2017: {
        "english_name": (0, 120),
        "sex": (120, 2),
        "number": (122, 30),
        "nationality": (152, 6),
        "name": (158, 30),
        "valid_from": (188, 16),
        "valid_to": (204, 16),
        "birth": (220, 16),
        "version": (236, 4),
        "authority": (240, 8),  # code of the accepting office
    },
    DocumentKind.FOREIGNER_2023: {
        "name": (0, 30),
        "sex": (30, 2),
        "issue_count": (32, 4),  # 换证次数
        "birth": (36, 16),
        "english_name": (52, 70),
        "number": (122, 36),
        "valid_from": (188, 16),
        "valid_to": (204, 16),
        "english_name_more": (220, 22),
        "nationality": (242, 6),
        "old_number_link": (250, 6),
    },
}


class LayoutWrong(ValueError):
    """A block has not the size its own length fields or the standard give it."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """The parts of a 30 01 or 30 10 reply."""

    text: bytes = field(repr=False)
    photo: bytes = field(repr=False)
    fingerprint: bytes = field(default=b"", repr=False)


def split_blocks(data: bytes, *, fingerprint: bool = False) -> Blocks:
    """Return text (256 bytes), photo and fingerprint (any length) of a read reply; raise LayoutWrong."""
    head = 6 if fingerprint else 4
    if len(data) < head:
        raise LayoutWrong
    sizes = [int.from_bytes(data[at : at + 2], "big") for at in range(0, head, 2)]
    if head + sum(sizes) != len(data) or sizes[0] != TEXT_BYTES:
        raise LayoutWrong
    text_end, photo_end = head + sizes[0], head + sizes[0] + sizes[1]
    return Blocks(data[head:text_end], data[text_end:photo_end], data[photo_end:])


def join_blocks(blocks: Blocks, *, fingerprint: bool = False) -> bytes:
    """Return the data of a read reply: big-endian sizes, then the blocks."""
    parts = [blocks.text, blocks.photo] + ([blocks.fingerprint] if fingerprint else [])
    return b"".join(len(part).to_bytes(2, "big") for part in parts) + b"".join(parts)


def decode(block: bytes) -> str:
    """Return the text in a field, code units kept as they are (an unpaired surrogate stays one)."""
    return block.decode("utf-16-le", "surrogatepass").rstrip(" \0")


def parse_address(data: bytes) -> str:
    """Return the newest address in a 30 03 reply: 70 bytes, bare or behind a length; raise LayoutWrong."""
    if len(data) == ADDRESS_BYTES + 2 and int.from_bytes(data[:2], "big") == ADDRESS_BYTES:
        data = data[2:]
    if len(data) != ADDRESS_BYTES:
        raise LayoutWrong
    return decode(data)


def parse_text(text: bytes) -> IdRecord:
    """Return the record in 256 bytes of text; what cannot be read is left empty with a warning; raise LayoutWrong."""
    if len(text) != TEXT_BYTES:
        raise LayoutWrong
    warnings: list[Warned] = []
    letter = decode(text[TYPE_AT : TYPE_AT + 2]) or " "
    if letter not in KIND_OF_LETTER:  # a kind of card made after this program: its number and validity lie as ever
        warnings.append(Warned("idcard.unknown_kind", {"letter": ascii(letter)[1:-1]}))
    kind = KIND_OF_LETTER.get(letter, DocumentKind.RESIDENT)
    raw = {name: text[at : at + size] for name, (at, size) in FIELDS[kind].items()}
    if "english_name_more" in raw:  # one name over two fields: a blank at the seam belongs to it
        raw["english_name"] += raw.pop("english_name_more")
    found = {name: decode(block) for name, block in raw.items()}
    return IdRecord(
        kind=kind,
        number=found["number"],
        name=found["name"],
        english_name=found.get("english_name", ""),
        sex=_sex(found["sex"], warnings),
        nation=found.get("nation", ""),
        birth=_date("birth", found["birth"], warnings),
        address=found.get("address", ""),
        authority=found.get("authority", ""),
        valid_from=_date("valid_from", found["valid_from"], warnings),
        valid_to=_end(found["valid_to"], warnings),
        pass_number=found.get("pass_number", ""),
        issue_count=found.get("issue_count", ""),
        nationality=found.get("nationality", ""),
        warnings=tuple(warnings),
    )


def _sex(text: str, warnings: list[Warned]) -> Sex:
    try:
        return Sex(text)
    except ValueError:
        warnings.append(Warned("idcard.sex_unreadable"))
        return Sex.UNKNOWN


def _date(field_name: str, text: str, warnings: list[Warned]) -> date | None:
    if re.fullmatch(r"[0-9]{8}", text):
        try:
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            pass
    warnings.append(Warned("idcard.date_unreadable", {"field": field_name}))
    return None


def _end(text: str, warnings: list[Warned]) -> date | LongTerm | None:
    if text == LONG_TERM.value:
        return LONG_TERM
    return _date("valid_to", text, warnings)
