"""Who a card is for: the applicant as the ID document names them."""

from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum


class DocumentKind(StrEnum):
    """Identity documents a reader can read, by the type letter on the chip (GA 467)."""

    RESIDENT = "resident"  # 居民身份证, type ' '
    RESIDENCE_PERMIT = "residence_permit"  # 港澳台居民居住证, type 'J'
    FOREIGNER_2017 = "foreigner_2017"  # 外国人永久居留身份证 (2017), type 'I'
    FOREIGNER_2023 = "foreigner_2023"  # 外国人永久居留身份证 (2023), type 'Y'


class Sex(StrEnum):
    """GB/T 2261.1 codes."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    UNSTATED = "9"


class LongTerm(Enum):
    """A document without end date (长期)."""

    LONG_TERM = "长期"


LONG_TERM = LongTerm.LONG_TERM


@dataclass(frozen=True, slots=True)
class Holder:
    """The future cardholder (持卡人): what the order, the slip, the bank and the chip must agree on."""

    document_kind: DocumentKind
    id_number: str
    name: str
    sex: Sex
    nation: str  # GB/T 3304 two digits, "" where the document has none
    birth: date
    address: str
    valid_from: date | None
    valid_to: date | LongTerm | None
    authority: str = ""


def is_expired(valid_to: date | LongTerm | None, today: date) -> bool:
    """Return whether a document that is valid to ``valid_to`` (inclusive) has run out by ``today``."""
    return isinstance(valid_to, date) and valid_to < today
