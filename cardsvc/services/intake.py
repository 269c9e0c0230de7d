"""Taking an application in at the window: read, enter, photograph, check, confirm."""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from cardsvc.capture.normalise import PhotoResult
from cardsvc.devices.base import IdReader
from cardsvc.domain.cards import LIVE
from cardsvc.domain.ids import make_order_number, parse_id_number
from cardsvc.domain.names import invisible, pinyin_keys, searchable
from cardsvc.domain.orders import OPEN, Action, IllegalMove, OrderKind, OrderState
from cardsvc.domain.people import Holder, is_expired
from cardsvc.domain.profiles import RegionProfile
from cardsvc.errors import Conflict, InvalidInput, NotFound, Rejected
from cardsvc.services import holders, moves, orders, readings, scope
from cardsvc.services.views import Actor, BankChoice, PhotoNote, PhotoVerdict, ReadingView
from cardsvc.store.models import BankRow, BlobRow, BranchRow, CardRow, OrderRow, PersonRow, ReadingRow, SerialRow
from cardsvc.store.uow import Tx, UnitOfWork, forbid_io, violated

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_MOBILE_DIGITS: Final = 11
_AGENCY_SERIES: Final = "0001"


class DocumentExpired(Rejected, code="intake.expired"):
    """The ID document has run out; facts: valid_to."""


class OpenOrderExists(Conflict, code="intake.open_order_exists"):
    """This person has an order that is not ended; facts: number, state."""


class LiveCardExists(Conflict, code="intake.live_card_exists"):
    """This person has a card already; a second one is a correction or a reissue."""


class ReadingGone(Rejected, code="intake.reading_gone"):
    """The reading is older than a few minutes, or another user's; read the card again."""


class NotComplete(Rejected, code="intake.not_complete"):
    """Something is missing before the order can be confirmed; facts: missing."""


class NotSigned(Rejected, code="intake.not_signed"):
    """The clerk has not said that the slip is signed and stamped."""


def read_id_card(uow: UnitOfWork, reader: IdReader, *, by: Actor, now: datetime, timeout: float = 8.0) -> ReadingView:
    """Read the card on the desk's reader and keep the reading for this user; raise DeviceFault."""
    forbid_io("the ID reader")
    record = reader.read(timeout=timeout)
    with uow() as tx:
        kept = readings.keep(tx, record, by=by, now=now)
        return _with_warnings(tx, readings.view(tx, kept), by=by)


def find_reading(tx: Tx, reading: uuid.UUID, *, by: Actor, now: datetime) -> ReadingView:
    """Return a reading of this user that is still fresh; raise ReadingGone."""
    return _with_warnings(tx, readings.view(tx, _fresh(tx, reading, by=by, now=now)), by=by)


def reading_photo(tx: Tx, reading: uuid.UUID, *, by: Actor, now: datetime) -> bytes | None:
    """Return the chip's photo as BMP, None where it could not be decoded; raise ReadingGone."""
    row = _fresh(tx, reading, by=by, now=now)
    return tx.unseal(row, "photo") if row.photo else None


def open_from_reading(tx: Tx, reading: uuid.UUID, *, by: Actor, now: datetime) -> str:
    """Open a make order for the person of a reading; return its number; raise Rejected or Conflict."""
    record = readings.record(tx, _fresh(tx, reading, by=by, now=now))
    number = parse_id_number(record.number)
    if record.birth is None:
        raise InvalidInput(field="birth", reason="unreadable")
    return _open(tx, holders.of_record(record, record.birth), number, source="reader", by=by, now=now)


def open_typed(tx: Tx, holder: Holder, *, by: Actor, now: datetime) -> str:
    """Open a make order for a person typed in; return its number; raise Rejected or Conflict."""
    number = parse_id_number(holder.id_number)
    if not holder.name.strip():
        raise InvalidInput(field="name", reason="missing")
    for field, text in (("name", holder.name), ("address", holder.address), ("authority", holder.authority)):
        require_visible(field, text)
    return _open(tx, holder, number, source="typed", by=by, now=now)


def branches(tx: Tx) -> tuple[BankChoice, ...]:
    """Return the branches that issue instantly."""
    rows = tx.execute(
        select(BankRow, BranchRow)
        .join(BranchRow, BranchRow.bank_code == BankRow.code)
        .where(BranchRow.issues_instantly)
        .order_by(BankRow.code, BranchRow.code)
    )
    return tuple(
        BankChoice(
            bank_code=bank.code,
            bank_name=bank.name,
            branch_code=branch.code,
            branch_name=branch.name,
            branch_address=branch.address,
        )
        for bank, branch in rows
    )


def save_contact(
    tx: Tx,
    number: str,
    *,
    version: int,
    mobile: str,
    branch_code: str,
    by: Actor,
    now: datetime,
    agent_name: str = "",
    agent_id_number: str = "",
) -> None:
    """Keep the mobile number, the branch and the agent; raise Rejected with the field."""
    order = _draft(tx, number, version=version, by=by)
    digits = mobile.replace(" ", "").replace("-", "")
    if len(digits) != _MOBILE_DIGITS or not (digits.isascii() and digits.isdigit()) or not digits.startswith("1"):
        raise InvalidInput(field="mobile", reason="mobile")
    branch = tx.get(BranchRow, branch_code)
    if branch is None or not branch.issues_instantly:
        raise InvalidInput(field="branch", reason="branch")
    if bool(agent_name.strip()) != bool(agent_id_number.strip()):
        raise InvalidInput(field="agent", reason="agent")
    require_visible("agent", agent_name)
    agent_number = parse_id_number(agent_id_number) if agent_id_number.strip() else ""
    order.mobile = tx.seal(order, "mobile", digits)
    order.branch_code, order.bank_code = branch.code, branch.bank_code
    named = holders.agent_to_json(agent_name.strip(), agent_number) if agent_number else ""
    order.agent = tx.seal(order, "agent", named) if named else None
    orders.forget_slip(order)
    moves.note(tx, order, "step.contact", source=order.state.value, by=by, now=now)


def save_photo(
    uow: UnitOfWork,
    normalise: Callable[[bytes, RegionProfile], PhotoResult],
    profile: RegionProfile,
    number: str,
    data: bytes,
    *,
    by: Actor,
    now: datetime,
) -> PhotoVerdict:
    """Make the standard portrait and keep it; a refused photo leaves nothing behind but its reasons."""
    with uow.reading() as tx:
        _draft(tx, number, by=by, lock=False)
    result = normalise(data, profile)
    notes = tuple(
        PhotoNote(code=problem.code, severity=problem.severity.value, value=problem.value, limit=problem.limit)
        for problem in result.problems
    )
    if not result.accepted or result.portrait is None:
        return PhotoVerdict(accepted=False, notes=notes, background_replaced=False, size=0)
    with uow() as tx:
        order = _draft(tx, number, by=by)
        order.photo_id = keep_blob(tx, "portrait", result.portrait, now=now)
        order.photo_report = {
            "notes": [
                {"code": note.code, "severity": note.severity, "value": note.value, "limit": note.limit}
                for note in notes
            ],
            "background_replaced": result.background_replaced,
            "measures": result.measures,
        }
        orders.forget_slip(order)
        moves.note(tx, order, "step.photo", source=order.state.value, by=by, now=now)
    return PhotoVerdict(
        accepted=True, notes=notes, background_replaced=result.background_replaced, size=len(result.portrait)
    )


def portrait(tx: Tx, number: str, *, by: Actor) -> bytes:
    """Return the order's portrait as JPEG; raise NotFound."""
    order = moves.get_order(tx, number, by=by, lock=False)
    if order.photo_id is None:
        raise NotFound(kind="photo", ref=number)
    return tx.blobs.read(order.photo_id)


def require_visible(field: str, text: str) -> None:
    """Raise InvalidInput for text with control characters: nobody can compare what cannot be seen."""
    if invisible(text):
        raise InvalidInput(field=field, reason="characters")


def confirm(tx: Tx, number: str, *, version: int, signed: bool, by: Actor, now: datetime) -> OrderState:
    """Send the order on its way: state, event, audit and the bank's message in this one commit."""
    order = moves.get_order(tx, number, by=by, version=version)
    missing = [
        name
        for name, there in (
            ("contact", order.mobile is not None and order.branch_code is not None),
            ("photo", order.photo_id is not None),
            ("slip", order.slip_id is not None),
        )
        if not there
    ]
    if missing:
        raise NotComplete(missing=", ".join(missing))
    if order.slip_missing:
        raise NotComplete(missing="glyphs")
    if not signed:
        raise NotSigned
    moves.apply(tx, order, Action.CONFIRM, by=by, now=now)
    return order.state


def keep_blob(tx: Tx, kind: str, data: bytes, *, now: datetime) -> uuid.UUID:
    """Write an encrypted file and its row; return the id."""
    row = BlobRow(kind=kind, sha256=hashlib.sha256(data).hexdigest(), size=len(data), created_at=now)
    tx.blobs.write(row.id, data)
    tx.add(row)
    tx.flush()
    return row.id


def next_serial(tx: Tx, name: str) -> int:
    """Return the next number of a series; rolled back with its unit of work."""
    row = tx.get(SerialRow, name, with_for_update=True)
    if row is None:
        row = SerialRow(name=name, value=0)
        tx.add(row)
    row.value += 1
    tx.flush()
    return row.value


def _open(tx: Tx, holder: Holder, id_number: str, *, source: str, by: Actor, now: datetime) -> str:
    today = now.astimezone(SHANGHAI).date()
    if is_expired(holder.valid_to, today):
        raise DocumentExpired(valid_to=str(holder.valid_to))
    person = _person(tx, holder, id_number, now=now)
    found = tx.scalar(select(OrderRow).where(OrderRow.person_id == person.id, OrderRow.state.in_(OPEN)))
    if found is not None:
        raise OpenOrderExists(number=found.number, state=found.state.value)
    if tx.scalar(select(CardRow.id).where(CardRow.person_id == person.id, CardRow.state.in_(LIVE))) is not None:
        raise LiveCardExists
    number = make_order_number(today, _AGENCY_SERIES, next_serial(tx, f"order:{today:%Y%m%d}"))
    order = OrderRow(
        number=number,
        kind=OrderKind.MAKE,
        state=OrderState.DRAFT,
        person_id=person.id,
        opened_by=by.name,
        window=by.window,
        opened_at=now,
        state_since=now,
    )
    order.holder = tx.seal(order, "holder", holders.to_json(holder))
    tx.add(order)
    try:
        tx.flush()
    except IntegrityError as error:  # two windows at once: the database lets one through
        if violated(error) == "ux_open_order":
            raise OpenOrderExists(number="", state="") from error
        raise
    moves.note(tx, order, "step.opened", source="", by=by, now=now, facts={"source": source})
    return number


def _draft(tx: Tx, number: str, *, by: Actor, version: int | None = None, lock: bool = True) -> OrderRow:
    order = moves.get_order(tx, number, by=by, version=version, lock=lock)
    if order.state is not OrderState.DRAFT:
        raise IllegalMove(state=order.state.value, action="edit", allowed="")
    return order


def _fresh(tx: Tx, reading: uuid.UUID, *, by: Actor, now: datetime) -> ReadingRow:
    row = readings.find(tx, reading, by=by, now=now)
    if row is None:
        raise ReadingGone
    return row


def _with_warnings(tx: Tx, view: ReadingView, *, by: Actor) -> ReadingView:
    index = tx.vault.blind(view.id_number)
    person = tx.scalar(select(PersonRow.id).where(PersonRow.id_index == index))
    if person is None:
        return view
    number = tx.scalar(
        scope.orders(by)
        .where(OrderRow.person_id == person, OrderRow.state.in_(OPEN))
        .with_only_columns(OrderRow.number)
    )
    live = tx.scalar(select(CardRow.id).where(CardRow.person_id == person, CardRow.state.in_(LIVE)))
    return replace(view, open_order=number or "", live_card=live is not None)


def _person(tx: Tx, holder: Holder, id_number: str, *, now: datetime) -> PersonRow:
    index = tx.vault.blind(id_number)
    person = tx.scalar(select(PersonRow).where(PersonRow.id_index == index).with_for_update())
    if person is None:
        person = PersonRow(id_index=index, name=searchable(holder.name), birth=holder.birth, updated_at=now)
        person.id_number = tx.seal(person, "id_number", id_number)
        tx.add(person)
    keys = pinyin_keys(holder.name)
    person.name, person.birth, person.updated_at = searchable(holder.name), holder.birth, now
    person.pinyin, person.initials = keys.full, keys.initials
    tx.flush()
    return person
