"""What the service expects of a bank's line: one thing to post, one thing to ask, four ways to fail."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from cardsvc.errors import BankFault


class BankUnreachable(BankFault, code="bank.unreachable"):
    """Nothing was sent: no connection, no such host, TLS refused."""


class BankDoubt(BankFault, code="bank.doubt"):
    """Something may have arrived: time-out, 5xx, a broken or unsigned answer. Ask before sending again."""


class BankBusy(BankFault, code="bank.busy"):
    """The bank asks to wait (429, 503, 409 in progress); facts: retry_after in seconds."""


class BankRefusal(BankFault, code="bank.refused"):
    """The bank's signed no; facts: reason, a stable code."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message exactly as it goes on the wire; stored so, never rebuilt."""

    path: str
    key: str  # Idempotency-Key
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class BankAnswer:
    """What the bank says of an order."""

    state: str
    revision: int
    seq: int
    bank_order_id: str
    account_number: str = field(repr=False)
    person_digest: str
    photo_digest: str
    raw: dict[str, Any] = field(repr=False)


class BankGateway(Protocol):
    """The line to one bank."""

    def post(self, parcel: Parcel) -> BankAnswer:
        """Send the parcel; raise BankUnreachable, BankDoubt, BankBusy or BankRefusal."""
        ...

    def find_order(self, order: str) -> BankAnswer | None:
        """Return what the bank knows of an order, None on its signed word that it knows none; raise as above."""
        ...
