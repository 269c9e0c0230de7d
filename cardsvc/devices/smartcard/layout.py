"""The chip's files and records, and everything that is assumed about them, in this one place.

Sources: field code that drives real cards ([F] in the notes of docs/smartcard.md). The text of LD/T 32-2015 was
not at hand; what is marked [A] is assumed, so that a holder of the standard corrects it here and nowhere else.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Final

from cardsvc.devices.base import ChipData
from cardsvc.devices.smartcard.faults import NameUnwritable
from cardsvc.domain.people import Sex

SSSE: Final = "sx1.sh.社会保障".encode("gbk")  # the DDF's name, in GBK [F]
PBOC: Final = bytes.fromhex("A000000333010101")  # bank debit application [F]
EF05: Final = 0xEF05  # the card
EF06: Final = 0xEF06  # the holder

KID_READ: Final = 0x0A  # before personal data is read or written [F, meaning inferred]
KID_WRITE_HOLDER: Final = 0x04  # before EF06 is written [F]
KID_WRITE_CARD: Final = 0x05  # before EF05 is written [A]: field code authenticates nothing here
NAME_ENCODING: Final = "gb18030"  # [A]: GBK cannot hold rare characters; the same for common ones


class Kind(Enum):
    """How a value is written (the standard's an, cn, b)."""

    TEXT = "an"  # GB 18030, padded with 00 on the right
    DIGITS = "cn"  # packed BCD, padded with 0 on the left [A]
    BYTES = "b"


@dataclass(frozen=True, slots=True)
class Item:
    """One record: tag, length byte, value."""

    ef: int
    record: int
    tag: int
    length: int  # of the value, bytes
    kind: Kind


IDENTIFICATION_CODE: Final = Item(EF05, 1, 0x01, 16, Kind.BYTES)  # 卡的识别码
CARD_CLASS: Final = Item(EF05, 2, 0x02, 1, Kind.TEXT)  # 卡的类别
VERSION: Final = Item(EF05, 3, 0x03, 4, Kind.TEXT)  # 规范版本
ISSUER: Final = Item(EF05, 4, 0x04, 12, Kind.DIGITS)  # 初始化机构编号
ISSUE_DATE: Final = Item(EF05, 5, 0x05, 4, Kind.DIGITS)  # 发卡日期
EXPIRY: Final = Item(EF05, 6, 0x06, 4, Kind.DIGITS)  # 卡有效期
CARD_NUMBER: Final = Item(EF05, 7, 0x07, 9, Kind.TEXT)  # 卡号
NUMBER: Final = Item(EF06, 1, 0x08, 18, Kind.TEXT)  # 社会保障号码
NAME: Final = Item(EF06, 2, 0x09, 30, Kind.TEXT)  # 姓名
NAME_MORE: Final = Item(EF06, 3, 0x4E, 20, Kind.TEXT)  # 姓名扩展; what does not fit NAME [A]
SEX: Final = Item(EF06, 4, 0x0A, 1, Kind.TEXT)  # 性别
NATION: Final = Item(EF06, 5, 0x0B, 1, Kind.DIGITS)  # 民族
BIRTH_PLACE: Final = Item(EF06, 6, 0x0C, 3, Kind.DIGITS)  # 出生地
BIRTH: Final = Item(EF06, 7, 0x0D, 4, Kind.DIGITS)  # 出生日期

HOLDER_ITEMS: Final = (NUMBER, NAME, NAME_MORE, SEX, NATION, BIRTH_PLACE, BIRTH)
# The card number comes last: a card that was torn away midway still reads as blank.
CARD_ITEMS: Final = (CARD_CLASS, ISSUER, ISSUE_DATE, EXPIRY, CARD_NUMBER)
ALL_ITEMS: Final = (IDENTIFICATION_CODE, VERSION, *CARD_ITEMS, *HOLDER_ITEMS)


def encode(item: Item, value: str) -> bytes:
    """Return the whole record (tag, length, padded value); raise NameUnwritable."""
    if item.kind is Kind.BYTES:
        raw = bytes.fromhex(value)
    elif item.kind is Kind.DIGITS:
        raw = bytes.fromhex(value.rjust(item.length * 2, "0"))
    else:
        try:
            raw = value.encode(NAME_ENCODING)
        except UnicodeEncodeError:
            raise NameUnwritable from None
    if len(raw) > item.length:
        raise NameUnwritable(tag=f"{item.tag:02X}", length=len(raw))
    return bytes([item.tag, item.length]) + raw.ljust(item.length, b"\0")


def decode(item: Item, record: bytes) -> str:
    """Return the value of a record; "" for one that is blank (all 00 or all FF) or not of this tag."""
    if len(record) < 2 or record[0] != item.tag:  # noqa: PLR2004 - tag and length
        return ""
    raw = record[2 : 2 + record[1]]
    if raw.strip(b"\xff") == b"" or raw.strip(b"\0") == b"":
        return ""
    if item.kind is Kind.TEXT:
        return raw.rstrip(b"\0").decode(NAME_ENCODING, "replace")
    return raw.hex()


def values_of(data: ChipData) -> dict[Item, str]:
    """Return what goes into each record; raise NameUnwritable."""
    first, more = split_name(data.name)
    return {
        CARD_CLASS: data.card_class,
        ISSUER: data.issuer,
        ISSUE_DATE: f"{data.issue_date:%Y%m%d}",
        EXPIRY: f"{data.expiry:%Y%m%d}",
        CARD_NUMBER: data.card_number,
        NUMBER: data.social_security_number,
        NAME: first,
        NAME_MORE: more,
        SEX: data.sex.value,
        NATION: data.nation or "00",
        BIRTH_PLACE: data.birth_place or "000000",
        BIRTH: f"{data.birth:%Y%m%d}",
    }


def data_of(values: dict[Item, str]) -> ChipData:
    """Return what the records say."""
    nation, place = values[NATION], values[BIRTH_PLACE]
    return ChipData(
        social_security_number=values[NUMBER],
        name=values[NAME] + values[NAME_MORE],
        sex=Sex(values[SEX] or "0"),
        nation="" if nation in {"", "00"} else nation,
        birth=_day(values[BIRTH]),
        card_number=values[CARD_NUMBER],
        issue_date=_day(values[ISSUE_DATE]),
        expiry=_day(values[EXPIRY]),
        issuer=values[ISSUER],
        card_class=values[CARD_CLASS],
        version=values[VERSION],
        birth_place="" if place in {"", "000000"} else place,
    )


def split_name(name: str) -> tuple[str, str]:
    """Return the name in two parts that fit NAME and NAME_MORE, cut between characters; raise NameUnwritable."""
    first, size = "", 0
    for index, character in enumerate(name):
        try:
            size += len(character.encode(NAME_ENCODING))
        except UnicodeEncodeError:
            raise NameUnwritable from None
        if size > NAME.length:
            more = name[index:]
            if len(more.encode(NAME_ENCODING, "replace")) > NAME_MORE.length:
                raise NameUnwritable(length=len(name))
            return first, more
        first += character
    return first, ""


def _day(digits: str) -> date:
    try:
        return datetime.strptime(digits, "%Y%m%d").date()  # noqa: DTZ007 - a calendar date
    except ValueError:
        return date.min
