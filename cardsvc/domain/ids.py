"""Citizen identity numbers (公民身份号码, GB 11643) and our own order numbers."""

import re
from datetime import date, datetime
from typing import Final

from cardsvc.errors import Rejected

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_SHAPE: Final = re.compile(r"^\d{17}[\dX]$")
_LEGACY: Final = re.compile(r"^\d{15}$")


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
    if _LEGACY.match(number):
        body = number[:6] + "19" + number[6:]
        number = body + check_character(body)
    if not _SHAPE.match(number):
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
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise IdNumberBirthWrong from None


def sex_of(number: str) -> str:
    """Return the GB/T 2261.1 code the number implies: "1" male for an odd 17th digit, "2" female."""
    return "1" if int(number[16]) % 2 else "2"


def mask_id_number(number: str) -> str:
    """Return the number with the birth date and serial hidden, for lists and logs.

    >>> mask_id_number("11010519491231002X")
    '110105********002X'
    """
    return number[:6] + "*" * 8 + number[-4:] if len(number) == 18 else "*" * len(number)  # noqa: PLR2004 - GB 11643


def make_order_number(day: date, branch: str, serial: int) -> str:
    """Return a 20-digit order number: date, branch (4), serial (6) and two MOD 97-10 check digits (ISO 7064)."""
    body = f"{day:%Y%m%d}{int(branch):04d}{serial:06d}"
    return body + f"{98 - int(body) * 100 % 97:02d}"


def parse_order_number(text: str) -> str:
    """Return the order number as typed or scanned, blanks removed; raise OrderNumberWrong.

    >>> parse_order_number(make_order_number(date(2026, 1, 2), "17", 3))[:18]
    '202601020017000003'
    """
    number = re.sub(r"\s", "", text)
    if not re.fullmatch(r"\d{20}", number) or int(number) % 97 != 1:
        raise OrderNumberWrong(length=len(number))
    try:
        datetime.strptime(number[:8], "%Y%m%d")  # noqa: DTZ007 - a calendar date, not a moment
    except ValueError:
        raise OrderNumberWrong(length=len(number)) from None
    return number
