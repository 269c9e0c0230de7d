"""Tables by subject; relationships go one way across files."""

from cardsvc.store.models.bank import (
    BankRow,
    BranchRow,
    BreakerRow,
    InboxRow,
    NonceRow,
    OutboxRow,
    OutboxState,
)
from cardsvc.store.models.cards import CardRow
from cardsvc.store.models.orders import OrderEventRow, OrderRow, SerialRow
from cardsvc.store.models.people import BlobRow, KeyRow, PersonRow, ReadingRow
from cardsvc.store.models.staff import AuditRow, ChainRow, SessionRow, UserRow
from cardsvc.store.models.tables import Base
from cardsvc.store.models.work import PhotoBatchRow, PhotoItemRow, WorkState

__all__ = [
    "AuditRow",
    "BankRow",
    "Base",
    "BlobRow",
    "BranchRow",
    "BreakerRow",
    "CardRow",
    "ChainRow",
    "InboxRow",
    "KeyRow",
    "NonceRow",
    "OrderEventRow",
    "OrderRow",
    "OutboxRow",
    "OutboxState",
    "PersonRow",
    "PhotoBatchRow",
    "PhotoItemRow",
    "ReadingRow",
    "SerialRow",
    "SessionRow",
    "UserRow",
    "WorkState",
]
