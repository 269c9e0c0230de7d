"""The bodies of what we owe a bank, built once, in the commit that makes it owed."""

from cardsvc.bank.messages import (
    CancelMessage,
    OrderMessage,
    Person,
    ReportKind,
    ReportMessage,
    canonical_body,
    person_digest,
    photo_of,
)
from cardsvc.domain.orders import BankCall
from cardsvc.domain.people import LongTerm
from cardsvc.errors import NotFound
from cardsvc.services import holders
from cardsvc.store.models import CardRow, OrderRow
from cardsvc.store.uow import Tx

_REPORTS = {
    BankCall.MAKING_STARTED: ReportKind.MAKING_STARTED,
    BankCall.CARD_ISSUED: ReportKind.CARD_ISSUED,
    BankCall.CARD_FAILED: ReportKind.CARD_FAILED,
    BankCall.ACTIVATE: ReportKind.ACTIVATE,
}


def build(
    tx: Tx, order: OrderRow, call: BankCall, *, card: CardRow | None, reason: str
) -> tuple[str, bytes, dict[str, str]]:
    """Return path, body and what the answer must echo."""
    if call is BankCall.ORDER:
        message = _order(tx, order)
        expect = {
            "revision": str(message.revision),
            "person_digest": person_digest(message.person),
            "photo_digest": message.photo.sha256,
        }
        return "/v1/orders", canonical_body(message), expect
    if call is BankCall.CANCEL:
        body = canonical_body(CancelMessage(order=order.number, revision=order.revision))
        return f"/v1/orders/{order.number}/cancel", body, {}
    report = ReportMessage(
        order=order.number,
        revision=order.revision,
        kind=_REPORTS[call],
        card_number=card.card_number if card else "",
        identification_code=card.identification_code if card else "",
        atr_history=card.atr_history if card else "",
        version=card.chip_version if card else "",
        reason=reason,
    )
    return f"/v1/orders/{order.number}/reports", canonical_body(report), {}


def _order(tx: Tx, order: OrderRow) -> OrderMessage:
    if order.photo_id is None or order.branch_code is None:
        raise NotFound(kind="photo", ref=order.number)
    holder = holders.from_json(tx.unseal(order, "holder"))
    return OrderMessage(
        kind=order.kind,
        order=order.number,
        revision=order.revision,
        person=Person(
            name=holder.name,
            document_kind=holder.document_kind.value,
            id_number=holder.id_number,
            sex=holder.sex.value,
            nation=holder.nation,
            birth=holder.birth,
            valid_from=holder.valid_from,
            valid_to="long_term" if isinstance(holder.valid_to, LongTerm) else holder.valid_to,
            address=holder.address,
            mobile=tx.unseal_text(order, "mobile"),
        ),
        photo=photo_of(tx.blobs.read(order.photo_id)),
        branch=order.branch_code,
    )
