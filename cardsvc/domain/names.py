"""Names as on the card: characters that other systems may lose, and the keys a name is found by.

A name is never changed here. A suspect character is reported with, where one is known, the standard
character it stands for; a person decides. Keys are for searching only.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, product
from typing import Final

from pypinyin import Style, pinyin

from cardsvc.domain.name_tables import GB18030_PUA, SURNAMES

_FULL_CHARACTERS: Final = 300  # what the person table stores
_INITIALS_CHARACTERS: Final = 60
_MOST_READINGS: Final = 12
_DOT: Final = "\N{MIDDLE DOT}"
_OTHER_DOTS: Final = frozenset("\u2022\u2024\u2027\u2219\u22c5\u30fb\uff0e\uff65.")
_LOST: Final = frozenset("?\uff1f\ufffd\u25a1\u3013*")  # what other systems put for a character they do not have
# Ideographs newer than the Unicode data of Python 3.11: extensions I (15.1), H (15.0) and J (17.0)
_NEW_IDEOGRAPHS: Final = ((0x2EBF0, 0x2EE5D), (0x31350, 0x323AF), (0x323B0, 0x33479))


class Suspicion(StrEnum):
    """Why a character may be lost or refused elsewhere."""

    PRIVATE_USE = "private_use"  # means something only to the system that wrote it
    SURROGATE = "surrogate"  # half a character: the chip's field was too short
    UNASSIGNED = "unassigned"
    COMPATIBILITY = "compatibility"  # other systems may turn it into its common form
    DOT = "dot"  # looks like the middle dot of a name, and is another character
    LOST = "lost"  # put by some system for a character it did not have
    CONTROL = "control"  # cannot be seen or printed
    RARE = "rare"  # outside the plane old systems and fonts cover


_SHOWN: Final = frozenset({Suspicion.RARE, Suspicion.COMPATIBILITY, Suspicion.DOT, Suspicion.LOST})


@dataclass(frozen=True, slots=True)
class SuspectCharacter:
    """One character of a name that needs a look; ``suggestion`` is "" where none is known."""

    place: int  # index in the name
    character: str
    suspicion: Suspicion
    suggestion: str = ""

    @property
    def label(self) -> str:
        """Return the character where it can be shown, its code point, and the suggestion behind an arrow."""
        shown = f"{self.character} " if self.suspicion in _SHOWN else ""
        return f"{shown}U+{ord(self.character):04X}" + (f"→{self.suggestion}" if self.suggestion else "")


@dataclass(frozen=True, slots=True)
class PinyinKeys:
    """Every reading of a name without tones, most likely first, separated by a blank."""

    full: str  # "shanxiongxin danxiongxin", at most 300 characters
    initials: str  # "sxx dxx", at most 60 characters


def suspect_characters(name: str) -> tuple[str, ...]:
    r"""Return what to show for each character that printers, banks or fonts may not carry; never raises.

    >>> suspect_characters("王\ue81e㛃")
    ('U+E81E→龴', '㛃 U+36C3')
    """
    return tuple(suspect.label for suspect in find_suspects(name))


def find_suspects(name: str) -> tuple[SuspectCharacter, ...]:
    """Return the characters of ``name`` that printers, banks or fonts may not carry, in order; never raises."""
    found = []
    for place, character in enumerate(name):
        suspicion = _suspicion(character)
        if suspicion is not None:
            found.append(SuspectCharacter(place, character, suspicion, _suggestion(character, suspicion)))
    return tuple(found)


def invisible(text: str) -> bool:
    """Return whether the text holds control characters or half characters, which nobody can see or compare."""
    return any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)


def searchable(name: str) -> str:
    r"""Return the name as a database can keep it for searching: without control and half characters.

    >>> searchable("王\x00清\ud840河")
    '王清河'
    """
    return "".join(character for character in name if unicodedata.category(character) not in {"Cc", "Cs"})


def pinyin_keys(name: str) -> PinyinKeys:
    """Return the search keys of ``name``: surname readings first; what cannot be typed is left out; never raises.

    >>> pinyin_keys("单雄信")
    PinyinKeys(full='shanxiongxin danxiongxin chanxiongxin', initials='sxx dxx cxx')
    """
    standard = (GB18030_PUA.get(character, character) for character in name)
    syllables = _readings("".join(character for character in standard if _is_typed(character)))
    variants = list(islice(product(*syllables), _MOST_READINGS))
    return PinyinKeys(
        full=_join(("".join(variant) for variant in variants), _FULL_CHARACTERS),
        initials=_join(("".join(syllable[:1] for syllable in variant) for variant in variants), _INITIALS_CHARACTERS),
    )


def _suspicion(character: str) -> Suspicion | None:
    code = ord(character)
    category = unicodedata.category(character)
    if category == "Cn" and any(first <= code <= last for first, last in _NEW_IDEOGRAPHS):
        return Suspicion.RARE
    by_category = {
        "Co": Suspicion.PRIVATE_USE,
        "Cs": Suspicion.SURROGATE,
        "Cn": Suspicion.UNASSIGNED,
        "Cc": Suspicion.CONTROL,
        "Cf": Suspicion.CONTROL,
    }
    if category in by_category:
        return by_category[category]
    if character in _LOST:
        return Suspicion.LOST
    if character in _OTHER_DOTS:
        return Suspicion.DOT
    if _is_ideograph(character) and unicodedata.normalize("NFC", character) != character:
        return Suspicion.COMPATIBILITY
    # What GBK cannot write, older bank and printing systems cannot either.
    return Suspicion.RARE if _is_ideograph(character) and not _in_gbk(character) else None


def _suggestion(character: str, suspicion: Suspicion) -> str:
    if suspicion is Suspicion.PRIVATE_USE:
        return GB18030_PUA.get(character, "")
    if suspicion is Suspicion.COMPATIBILITY:
        return unicodedata.normalize("NFC", character)
    return _DOT if suspicion is Suspicion.DOT else ""


def _is_ideograph(character: str) -> bool:
    return unicodedata.name(character, "").startswith(("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH"))


def _in_gbk(character: str) -> bool:
    try:
        character.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


def _is_typed(character: str) -> bool:
    """Return whether a search would hold the character: no dots, blanks, halves or private characters."""
    return character.isalnum() or any(first <= ord(character) <= last for first, last in _NEW_IDEOGRAPHS)


def _readings(name: str) -> list[list[str]]:
    """Return the readings of each syllable; only the first character's doubtful ones are all kept."""
    plain = [_spellings([reading]) for reading in _syllables(name)]
    if not plain:
        return []
    for size in (2, 1):
        surname = SURNAMES.get(name[:size]) if len(name) > size or size == 1 else None
        if surname is not None:
            spelled = [[syllable] for syllable in surname.split()]
            plain[:size] = [_merge(own, other) for own, other in zip(spelled, plain[:size], strict=True)]
            break
    heteronyms = pinyin(name[0], style=Style.NORMAL, heteronym=True, errors="default")
    plain[0] = _merge(plain[0], _spellings(heteronyms[0]))
    return plain


def _syllables(text: str) -> list[str]:
    """Return one reading a character; Latin letters in lower case, unknown characters as they are."""
    readings = pinyin(text, style=Style.NORMAL, errors=list)  # type: ignore[arg-type]  # a list is documented too
    return [reading[0].lower() for reading in readings]


def _spellings(readings: list[str]) -> list[str]:
    """Return the readings, ü written as people type it (v) and as passports do (yu) or as plain u."""
    spelled: list[str] = []
    for reading in readings:
        spelled = _merge(spelled, [reading.lower()])
        if reading in {"lv", "nv", "lve", "nve"}:
            spelled = _merge(spelled, [reading.replace("v", "yu"), reading.replace("v", "u")])
    return spelled


def _merge(first: list[str], second: list[str]) -> list[str]:
    return list(dict.fromkeys(first + second))


def _join(keys: Iterable[str], limit: int) -> str:
    """Return different keys with a blank between, as many whole ones as fit into ``limit`` characters."""
    text = ""
    for key in dict.fromkeys(keys):
        longer = f"{text} {key}".strip()
        if len(longer) > limit:
            break
        text = longer
    return text
