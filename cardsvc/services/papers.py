"""Papers: rendered once, stored, and the same bytes for ever after."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

from cardsvc.domain.nations import nation_name
from cardsvc.domain.orders import OrderState
from cardsvc.domain.profiles import RegionProfile
from cardsvc.errors import NotFound, StaleRecord
from cardsvc.services import audit, holders, intake, moves, orders
from cardsvc.services.views import Actor, SlipView
from cardsvc.slips.information_slip import Paper, SlipData
from cardsvc.store.models import BankRow, BranchRow, OrderRow
from cardsvc.store.uow import Tx, UnitOfWork

_MAC_DIGITS: Final = 6
_MISSING: Final = 7  # characters without a glyph that are named; one is enough to stop


def make_slip(
    uow: UnitOfWork,
    render: Callable[[SlipData], Paper],
    profile: RegionProfile,
    number: str,
    *,
    by: Actor,
    now: datetime,
    sample: bool = False,
) -> SlipView:
    """Render and store the information slip (制卡个人信息单), or return the one that is stored; raise Rejected."""
    with uow.reading() as tx:
        order = moves.get_order(tx, number, by=by, lock=False)
        if order.slip_id is not None:
            return _view(tx, number, by=by)
        if order.state is not OrderState.DRAFT:
            raise NotFound(kind="slip", ref=number)
        version = order.version
        data = _data(tx, order, profile, by=by, now=now, sample=sample)
    paper = render(data)
    with uow() as tx:
        order = moves.get_order(tx, number, by=by)
        if order.version != version:
            raise StaleRecord(kind="order", ref=number)
        order.slip_id = intake.keep_blob(tx, "slip", paper.pdf, now=now)
        order.slip_code = data.slip_code
        order.slip_digest = hashlib.sha256(paper.pdf).hexdigest()
        order.slip_missing = " ".join(f"U+{ord(character):04X}" for character in paper.missing[:_MISSING])
        order.slip_at, order.slip_prints = now, 0
        moves.note(tx, order, "step.slip", source=order.state.value, by=by, now=now)
    with uow.reading() as tx:
        return _view(tx, number, by=by)


def slip_pdf(tx: Tx, number: str, *, by: Actor, now: datetime) -> bytes:
    """Return the stored slip's bytes and count the print; raise NotFound."""
    order = moves.get_order(tx, number, by=by)
    if order.slip_id is None:
        raise NotFound(kind="slip", ref=number)
    audit.record(tx, by=by, action="slip.printed", subject=number, now=now, nth=order.slip_prints + 1)
    pdf = tx.blobs.read(order.slip_id)
    orders.count_print(tx, order)
    return pdf


def slip_code(tx: Tx, order: OrderRow, portrait: bytes) -> str:
    """Return what the slip's QR holds: the order number and six digits that only this order, as it is, has."""
    told = "|".join(
        [
            order.number,
            str(order.revision),
            hashlib.sha256(tx.unseal(order, "holder")).hexdigest(),
            tx.unseal_text(order, "mobile"),
            order.branch_code or "",
            tx.unseal_text(order, "agent"),
            hashlib.sha256(portrait).hexdigest(),
        ]
    )
    mac = int.from_bytes(tx.vault.mac("slip", told)[:8], "big") % 10**_MAC_DIGITS
    return f"{order.number}{mac:0{_MAC_DIGITS}d}"


def _data(tx: Tx, order: OrderRow, profile: RegionProfile, *, by: Actor, now: datetime, sample: bool) -> SlipData:
    missing = [
        name for name, there in (("contact", order.branch_code), ("photo", order.photo_id is not None)) if not there
    ]
    if missing or order.photo_id is None:
        raise intake.NotComplete(missing=", ".join(missing))
    portrait = tx.blobs.read(order.photo_id)
    branch = tx.get_one(BranchRow, order.branch_code)
    bank = tx.get_one(BankRow, order.bank_code)
    holder = orders.holder_of(tx, order)
    agent = tx.unseal_text(order, "agent")
    return SlipData(
        order_number=order.number,
        kind=order.kind,
        holder=holder,
        mobile=tx.unseal_text(order, "mobile"),
        bank_name=bank.name,
        branch_name=branch.name,
        branch_address=branch.address,
        agency=profile.agency_zh,
        window=order.window,
        clerk=by.title or by.name,
        captured_at=now,
        portrait=portrait,
        nation_name=nation_name(holder.nation),
        agent_name=holders.agent_name(agent),
        agent_id_number=holders.agent_id_number(agent),
        slip_code=slip_code(tx, order, portrait),
        sample=sample,
    )


def _view(tx: Tx, number: str, *, by: Actor) -> SlipView:
    found = orders.view(tx, number, by=by).slip
    if found is None:
        raise NotFound(kind="slip", ref=number)
    return found
