"""Orders as they are looked at, cancelled and revised."""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from cardsvc.domain.ids import (
    IdNumberBirthWrong,
    IdNumberCheckWrong,
    IdNumberMalformed,
    mask_id_number,
    parse_id_number,
)
from cardsvc.domain.names import invisible
from cardsvc.domain.orders import ENDED, Action, OrderState, moves_from
from cardsvc.domain.people import Holder
from cardsvc.errors import InvalidInput
from cardsvc.services import holders, moves, scope
from cardsvc.services.views import (
    Actor,
    BankWait,
    CardView,
    EventLine,
    OrderLine,
    OrderPage,
    OrderView,
    PhotoNote,
    PhotoVerdict,
    SlipView,
)
from cardsvc.store.models import (
    BankRow,
    BlobRow,
    BranchRow,
    CardRow,
    OrderEventRow,
    OrderRow,
    OutboxRow,
    OutboxState,
    PersonRow,
)
from cardsvc.store.uow import Tx

_REASON_MIN: Final = 2


def view(tx: Tx, number: str, *, by: Actor) -> OrderView:
    """Return one order, masked; raise NotFound."""
    order = moves.get_order(tx, number, by=by, lock=False)
    branch = tx.get(BranchRow, order.branch_code) if order.branch_code else None
    bank = tx.get(BankRow, order.bank_code) if order.bank_code else None
    agent = holders.agent_name(tx.unseal_text(order, "agent"))
    cards = tx.scalars(select(CardRow).where(CardRow.order_id == order.id).order_by(CardRow.created_at)).all()
    spoiled = [card for card in cards if card.state.value == "spoiled"]
    return OrderView(
        number=order.number,
        kind=order.kind,
        state=order.state,
        version=order.version,
        revision=order.revision,
        holder=holders.masked(holder_of(tx, order)),
        mobile_masked=_mask_mobile(tx.unseal_text(order, "mobile")),
        bank_code=order.bank_code,
        bank_name=bank.name if bank else "",
        branch_code=order.branch_code or "",
        branch_name=branch.name if branch else "",
        branch_address=branch.address if branch else "",
        agent_name=agent,
        opened_by=order.opened_by,
        window=order.window,
        opened_at=order.opened_at,
        state_since=order.state_since,
        photo=_photo(tx, order),
        slip=_slip(tx, order),
        slip_current=order.slip_id is not None,
        account_masked=mask_account(tx.unseal_text(order, "account")),
        refusal=order.refusal,
        wait=_wait(tx, order),
        card=next((_card(card) for card in cards if card not in spoiled), None),
        making=order.making,
        spoiled=len(spoiled),
        allowed=tuple(move.action for move in moves_from(order.state, by.role)) if by.role else (),
        events=_events(tx, order),
    )


def work_list(
    tx: Tx, *, by: Actor, state: OrderState | None = None, text: str = "", after: str = "", limit: int = 25
) -> OrderPage:
    """Return a page of orders, opened last on top; without a search those not ended.

    ``text`` is a number, a name or its pinyin.
    """
    query = scope.orders(by)
    counts = dict(
        tx.execute(
            select(OrderRow.state, func.count())
            .where(OrderRow.id.in_(query.with_only_columns(OrderRow.id)), OrderRow.state.not_in(ENDED))
            .group_by(OrderRow.state)
        ).all()
    )
    if state is not None:
        query = query.where(OrderRow.state == state)
    elif not text:
        query = query.where(OrderRow.state.not_in(ENDED))
    if invisible(text):
        raise InvalidInput(field="text", reason="characters")
    if text:
        query = query.where(_matching(tx, text.strip()))
    if after:
        at, _, number = after.partition("|")
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            raise InvalidInput(field="after", reason="not a page mark") from None
        query = query.where(
            or_(OrderRow.opened_at < moment, and_(OrderRow.opened_at == moment, OrderRow.number < number))
        )
    query = query.order_by(OrderRow.opened_at.desc(), OrderRow.number.desc()).limit(limit + 1)
    rows = list(tx.scalars(query))
    more = rows[limit:]
    rows = rows[:limit]
    banks = dict(tx.execute(select(BankRow.code, BankRow.name)).all())
    branches = dict(tx.execute(select(BranchRow.code, BranchRow.name)).all())
    held = _held(tx, rows)
    lines = tuple(
        OrderLine(
            number=row.number,
            kind=row.kind,
            state=row.state,
            name=holder.name,
            id_number_masked=mask_id_number(holder.id_number),
            bank_name=banks.get(row.bank_code, ""),
            branch_name=branches.get(row.branch_code or "", ""),
            opened_at=row.opened_at,
            state_since=row.state_since,
            opened_by=row.opened_by,
            held=row.id in held,
        )
        for row in rows
        for holder in [holder_of(tx, row)]
    )
    mark = f"{rows[-1].opened_at.isoformat()}|{rows[-1].number}" if more else ""
    return OrderPage(lines=lines, after=mark, counts=counts)


def cancel(tx: Tx, number: str, *, version: int, reason: str, by: Actor, now: datetime) -> OrderState:
    """Cancel an order, by way of the bank where it knows of it; return the new state."""
    if len(reason.strip()) < _REASON_MIN:
        raise InvalidInput(field="reason", reason="missing")
    order = moves.get_order(tx, number, by=by, version=version)
    moves.apply(tx, order, Action.CANCEL, by=by, now=now, reason=reason.strip())
    return order.state


def revise(tx: Tx, number: str, *, version: int, by: Actor, now: datetime) -> OrderState:
    """Take an order the bank refused back to the window as a new revision."""
    order = moves.get_order(tx, number, by=by, version=version)
    moves.apply(tx, order, Action.REVISE, by=by, now=now)
    order.revision += 1
    order.refusal = ""
    forget_slip(order)
    return order.state


def forget_slip(order: OrderRow) -> None:
    """Mark that the slip no longer says what the order says; a new one must be printed and signed."""
    order.slip_id = None
    order.slip_code = None
    order.slip_digest = None
    order.slip_at = None
    order.slip_missing = ""
    order.slip_prints = 0


def count_print(tx: Tx, order: OrderRow) -> None:
    """Count one more print of the slip; a print changes nothing else, so the order's version stays."""
    tx.execute(
        update(OrderRow)
        .where(OrderRow.id == order.id)
        .values(slip_prints=OrderRow.slip_prints + 1)
        .execution_options(synchronize_session=False)
    )


def holder_of(tx: Tx, order: OrderRow) -> Holder:
    """Return who the order is for."""
    return holders.from_json(tx.unseal(order, "holder"))


def mask_account(account: str) -> str:
    """Return the last four digits of an account number.

    >>> mask_account("6222021234567890123")
    '**** 0123'
    """
    return f"**** {account[-4:]}" if account else ""


def _mask_mobile(mobile: str) -> str:
    return f"{mobile[:3]}****{mobile[-4:]}" if mobile else ""


def _matching(tx: Tx, text: str) -> ColumnElement[bool]:
    people = select(PersonRow.id)
    try:
        number = parse_id_number(text)
    except (IdNumberMalformed, IdNumberCheckWrong, IdNumberBirthWrong):
        number = ""
    if number:
        return OrderRow.person_id.in_(people.where(PersonRow.id_index == tx.vault.blind(number)))
    if text.isdigit():
        return OrderRow.number.startswith(text)
    if text.isascii():
        lowered = text.lower()
        return OrderRow.person_id.in_(
            people.where(or_(*(_begins(column, lowered) for column in (PersonRow.initials, PersonRow.pinyin))))
        )
    return OrderRow.person_id.in_(people.where(PersonRow.name.startswith(text)))


def _begins(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    """Any of the readings in the column, which stand apart by blanks, begins with ``text``."""
    return or_(column.startswith(text, autoescape=True), column.contains(f" {text}", autoescape=True))


def _held(tx: Tx, rows: list[OrderRow]) -> set[object]:
    ids = [row.id for row in rows]
    found = select(OutboxRow.order_id).where(OutboxRow.order_id.in_(ids), OutboxRow.state == OutboxState.HELD)
    return set(tx.scalars(found))


def _photo(tx: Tx, order: OrderRow) -> PhotoVerdict | None:
    if order.photo_id is None or order.photo_report is None:
        return None
    blob = tx.get(BlobRow, order.photo_id)
    report = order.photo_report
    return PhotoVerdict(
        accepted=True,
        notes=tuple(PhotoNote(**note) for note in report["notes"]),  # type: ignore[attr-defined]  # our own JSON
        background_replaced=bool(report["background_replaced"]),
        size=blob.size if blob else 0,
    )


def _slip(tx: Tx, order: OrderRow) -> SlipView | None:
    if order.slip_id is None or order.slip_at is None:
        return None
    blob = tx.get(BlobRow, order.slip_id)
    return SlipView(
        sha256=blob.sha256 if blob else "",
        code=order.slip_code or "",
        printed_at=order.slip_at,
        prints=order.slip_prints,
        missing=tuple(order.slip_missing.split()),
    )


def _card(card: CardRow) -> CardView:
    return CardView(
        card_number=card.card_number,
        state=card.state,
        identification_code=card.identification_code,
        version=card.chip_version,
        issued_on=card.issued_on,
        expires_on=card.expires_on,
        social_enabled=card.social_enabled,
        financial_active=card.financial_active,
    )


def _wait(tx: Tx, order: OrderRow) -> BankWait | None:
    row = tx.scalar(
        select(OutboxRow)
        .where(OutboxRow.order_id == order.id, OutboxRow.state != OutboxState.DONE)
        .order_by(OutboxRow.position)
        .limit(1)
    )
    if row is None:
        return None
    return BankWait(
        since=row.created_at,
        attempts=row.attempts,
        next_at=row.due_at if row.state is OutboxState.DUE else None,
        last_error=row.last_error,
        held=row.state is OutboxState.HELD,
    )


def _events(tx: Tx, order: OrderRow) -> tuple[EventLine, ...]:
    rows = tx.scalars(select(OrderEventRow).where(OrderEventRow.order_id == order.id).order_by(OrderEventRow.seq))
    return tuple(
        EventLine(
            seq=row.seq,
            at=row.at,
            action=row.action,
            source=OrderState(row.source) if row.source else None,
            target=OrderState(row.target),
            actor=row.actor,
            role=row.role,
            reason=row.reason,
            facts=row.facts,
        )
        for row in rows
    )


def ping(tx: Tx) -> None:
    """Ask the database anything."""
    tx.scalar(select(1))
