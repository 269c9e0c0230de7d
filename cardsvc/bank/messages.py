"""What agency and bank say to each other: JSON bodies, and the one canonical way to write them as bytes."""

import base64
import hashlib
import json
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cardsvc.domain.orders import OrderKind
from cardsvc.errors import Rejected

MAX_BODY: Final = 1_000_000
_Shape = TypeVar("_Shape", bound=BaseModel)


class MessageInvalid(Rejected, code="bank.message_invalid"):
    """A message does not have the agreed shape; facts: field, reason (never the value)."""


class BankState(StrEnum):
    """Where an order stands at the bank; grows only to the right, or ends."""

    ACCEPTED = "accepted"
    PERSONALISING = "personalising"
    MADE = "made"
    ACTIVATED = "activated"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Person(_Message):
    """Who the account is for, as on the identity document."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    document_kind: str
    id_number: Annotated[str, Field(min_length=15, max_length=18)]
    sex: Annotated[str, Field(pattern=r"^[0129]$")]
    nation: Annotated[str, Field(max_length=2)] = ""
    birth: date
    valid_from: date | None = None
    valid_to: date | Literal["long_term"] | None = None
    address: Annotated[str, Field(max_length=200)]
    mobile: Annotated[str, Field(pattern=r"^1\d{10}$")]
    guardian: Annotated[str, Field(max_length=60)] = ""


class Photo(_Message):
    """The portrait, base64, with the digest of its bytes."""

    data: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class OrderMessage(_Message):
    """A make, correct or reissue order."""

    kind: OrderKind
    order: Annotated[str, Field(pattern=r"^\d{20}$")]
    revision: Annotated[int, Field(ge=1)]
    person: Person
    photo: Photo
    branch: Annotated[str, Field(min_length=1, max_length=16)]
    old_card: Annotated[str, Field(max_length=9)] = ""


class CancelMessage(_Message):
    """The agency drops an order before its making starts."""

    order: Annotated[str, Field(pattern=r"^\d{20}$")]
    revision: Annotated[int, Field(ge=1)]


class ReportKind(StrEnum):
    """What a branch did."""

    MAKING_STARTED = "making_started"
    CARD_ISSUED = "card_issued"
    CARD_FAILED = "card_failed"
    ACTIVATE = "activate"


class ReportMessage(_Message):
    """A branch's word about the making of one card (回盘)."""

    order: Annotated[str, Field(pattern=r"^\d{20}$")]
    revision: Annotated[int, Field(ge=1)]
    kind: ReportKind
    card_number: Annotated[str, Field(max_length=9)] = ""
    identification_code: Annotated[str, Field(max_length=32)] = ""
    atr_history: Annotated[str, Field(max_length=26)] = ""
    version: Annotated[str, Field(max_length=4)] = ""
    reason: Annotated[str, Field(max_length=200)] = ""


class OrderAnswer(_Message):
    """How the bank answers everything about an order."""

    order: str
    revision: Annotated[int, Field(ge=1)]  # the last one taken: an answer about an older one settles nothing
    bank_order_id: str
    state: BankState
    seq: int
    account_number: str = ""
    person_digest: str
    photo_digest: str
    reason: str = ""


class EventKind(StrEnum):
    """What a bank tells by itself."""

    ORDER_ACCEPTED = "order.accepted"
    ORDER_REFUSED = "order.refused"
    ORDER_CANCELLED = "order.cancelled"
    MAKING_STARTED = "making.started"
    CARD_ISSUED = "card.issued"
    CARD_FAILED = "card.failed"
    FINANCIAL_ACTIVATED = "financial.activated"
    CARD_BLOCKED = "card.blocked"


class Event(_Message):
    """One event of one order; ``seq`` counts 1, 2, 3 … within the order."""

    event_id: Annotated[str, Field(min_length=8, max_length=64)]
    bank: Annotated[str, Field(max_length=16)]
    order: Annotated[str, Field(pattern=r"^\d{20}$")]
    revision: Annotated[int, Field(ge=1)]
    seq: Annotated[int, Field(ge=1)]
    at: datetime
    kind: EventKind
    data: dict[str, str] = {}


def canonical_body(message: BaseModel) -> bytes:
    """Return the bytes a message travels as: UTF-8 JSON, keys sorted, no blanks, the same for ever."""
    plain: Any = message.model_dump(mode="json")
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def person_digest(person: Person) -> str:
    """Return the SHA-256 of the person as canonical JSON, for the answer to echo."""
    return hashlib.sha256(canonical_body(person)).hexdigest()


def photo_of(data: bytes) -> Photo:
    """Return a JPEG as it goes into a message."""
    return Photo(data=base64.b64encode(data).decode(), sha256=hashlib.sha256(data).hexdigest())


def parse_event(raw: bytes) -> Event:
    """Return the event in a callback's body; raise MessageInvalid."""
    return parse(Event, raw)


def parse(shape: type[_Shape], raw: bytes) -> _Shape:
    """Return ``raw`` as ``shape``; raise MessageInvalid naming the field, never the value."""
    try:
        return shape.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise MessageInvalid(field=".".join(str(part) for part in first["loc"]), reason=first["type"]) from None
