"""Making one card at a branch: each step is saved before the next, so that any of them can be the last today."""

from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from cardsvc.devices.base import CardReader, ChipData, ChipIdentity, ChipStatus, IdReader
from cardsvc.domain.cards import CardAction, CardState, next_card_state
from cardsvc.domain.ids import OrderNumberWrong, parse_order_number
from cardsvc.domain.making import MakingStep, StepOutOfOrder, next_step, require_next
from cardsvc.domain.orders import Action, BankCall, OrderState
from cardsvc.domain.people import is_expired
from cardsvc.domain.profiles import RegionProfile
from cardsvc.errors import Conflict, InvalidInput, NotFound, Rejected
from cardsvc.services import audit, holders, intake, moves, orders, outbox_queue, scope
from cardsvc.services.views import Actor, OrderView
from cardsvc.store.models import CardRow, OrderRow
from cardsvc.store.uow import Tx, UnitOfWork, forbid_io, violated

_NUMBER_LENGTH: Final = 20
_CODE_LENGTH: Final = 26
_ISSUER_DIGITS: Final = 24
_REASON_MIN: Final = 2


class NotReady(Conflict, code="making.not_ready"):
    """The order is not at the branch yet, or any more; facts: state."""


class SlipOutdated(Rejected, code="making.slip_outdated"):
    """The slip was printed before the order was changed, or is not ours."""


class PersonDiffers(Rejected, code="making.person_differs"):
    """The ID card read is not the holder's (nor the agent's) of this order."""


class NotBlank(Conflict, code="making.not_blank"):
    """The card in the reader is already written, and not for this order."""


class BlankUsed(Conflict, code="making.blank_used"):
    """This blank has been used before, by its identification code."""


class ReadBackDiffers(Conflict, code="making.read_back_differs"):
    """The chip holds something else than was written; facts: fields."""


def open_slip(tx: Tx, code: str, *, by: Actor) -> str:
    """Return the order number for a slip code (26 digits) or an order number (20) typed; raise Rejected."""
    digits = "".join(code.split())
    if len(digits) not in {_NUMBER_LENGTH, _CODE_LENGTH}:
        raise OrderNumberWrong(length=len(digits))
    number = parse_order_number(digits[:_NUMBER_LENGTH])
    order = tx.scalar(scope.of_branch(by).where(OrderRow.number == number))
    if order is None:
        raise NotFound(kind="order", ref=number)
    if len(digits) == _CODE_LENGTH and order.slip_code != digits:
        raise SlipOutdated
    if order.state in scope.BEFORE_BRANCH or order.state in {OrderState.CANCELLED, OrderState.CANCELLING}:
        raise NotReady(state=order.state.value)
    return number


def identify(uow: UnitOfWork, reader: IdReader, number: str, *, by: Actor, now: datetime) -> OrderView:
    """Read the ID card again and compare; the first time this starts the making; raise Rejected or DeviceFault."""
    forbid_io("the ID reader")
    with uow.reading() as tx:
        order = moves.get_order(tx, number, by=by, lock=False)
        if order.state not in {OrderState.ACCEPTED, OrderState.MAKING}:
            raise NotReady(state=order.state.value)
    found = reader.read(timeout=8.0)
    with uow() as tx:
        order = moves.get_order(tx, number, by=by)
        holder = orders.holder_of(tx, order)
        agent = holders.agent_id_number(tx.unseal_text(order, "agent"))
        who = {holder.id_number: "holder", agent: "agent"}.get(found.number, "")
        if not who:
            audit.record(tx, by=by, action="making.person_differs", subject=number, now=now)
        else:
            if is_expired(found.valid_to, now.astimezone(intake.SHANGHAI).date()):
                raise intake.DocumentExpired(valid_to=str(found.valid_to))
            if order.state is OrderState.ACCEPTED:
                moves.apply(tx, order, Action.START_MAKING, by=by, now=now)
            if order.making is None:
                moves.save_step(tx, order, MakingStep.IDENTIFIED, by=by, now=now, facts={"who": who})
    if not who:
        raise PersonDiffers
    return _view(uow, number, by=by)


def advance(
    uow: UnitOfWork, reader: CardReader, profile: RegionProfile, number: str, *, by: Actor, now: datetime
) -> OrderView:
    """Do and save the next step with the card: take the blank, write, read back, return the data."""
    forbid_io("the card reader")
    with uow.reading() as tx:
        order = moves.get_order(tx, number, by=by, lock=False)
        if order.state is not OrderState.MAKING:
            raise NotReady(state=order.state.value)
        step = next_step(order.making)
    if step is MakingStep.BLANK_TAKEN:
        _take_blank(uow, reader.identify(), profile, number, by=by, now=now)
    elif step is MakingStep.CHIP_WRITTEN:
        code, data = _chip_data(uow, profile, number, by=by)
        reader.personalise(data, identification_code=code)
        _save(uow, number, step, by=by, now=now)
    elif step is MakingStep.READ_BACK:
        code, data = _chip_data(uow, profile, number, by=by)
        differing = _differences(data, reader.read_back(identification_code=code))
        _save(uow, number, step if not differing else None, by=by, now=now, differing=differing)
        if differing:
            raise ReadBackDiffers(fields=", ".join(differing))
    elif step is MakingStep.RETURNED:
        _return_data(uow, number, by=by, now=now)
    else:
        raise StepOutOfOrder(
            done=order.making.value if order.making else "", wanted="", next=step.value if step else ""
        )
    return _view(uow, number, by=by)


def spoil(uow: UnitOfWork, number: str, *, reason: str, by: Actor, now: datetime) -> OrderView:
    """Retire the card on the reader (废卡); the order goes on with another blank."""
    if len(reason.strip()) < _REASON_MIN:
        raise InvalidInput(field="reason", reason="missing")
    with uow() as tx:
        order = moves.get_order(tx, number, by=by)
        card = _card_in_making(tx, order)
        card.state = next_card_state(card.state, CardAction.SPOIL)
        card.state_since, card.spoil_reason = now, reason.strip()[:200]
        order.making = MakingStep.IDENTIFIED
        call = outbox_queue.Call(card=card, reason=reason.strip()[:200])
        outbox_queue.put(tx, order, BankCall.CARD_FAILED, call, now=now)
        moves.note(tx, order, "step.spoiled", source=order.state.value, by=by, now=now, reason=reason.strip())
    return _view(uow, number, by=by)


def enable(uow: UnitOfWork, number: str, *, by: Actor, now: datetime) -> OrderView:
    """Enable the social function and ask the bank to activate the account."""
    with uow() as tx:
        order = moves.get_order(tx, number, by=by)
        require_next(order.making, MakingStep.ENABLED)
        card = tx.scalars(
            select(CardRow).where(CardRow.order_id == order.id, CardRow.state == CardState.NOT_ENABLED)
        ).one()
        card.state, card.state_since = next_card_state(card.state, CardAction.ENABLE), now
        card.social_enabled = True
        try:
            tx.flush()
        except IntegrityError as error:  # a card of this person came alive meanwhile
            if violated(error) == "ux_live_card":
                raise intake.LiveCardExists from error
            raise
        moves.apply(tx, order, Action.ENABLE, by=by, now=now, call=outbox_queue.Call(card=card))
        moves.save_step(tx, order, MakingStep.ENABLED, by=by, now=now)
    return _view(uow, number, by=by)


def hand_over(uow: UnitOfWork, number: str, *, received_by: str, by: Actor, now: datetime) -> OrderView:
    """Hand the card over (领卡) to the holder or the agent."""
    with uow() as tx:
        order = moves.get_order(tx, number, by=by)
        require_next(order.making, MakingStep.HANDED_OVER)
        if received_by not in {"holder", "agent"} or (received_by == "agent" and not order.agent):
            raise InvalidInput(field="received_by", reason="agent")
        moves.apply(tx, order, Action.HAND_OVER, by=by, now=now, facts={"received_by": received_by})
        moves.save_step(tx, order, MakingStep.HANDED_OVER, by=by, now=now)
    return _view(uow, number, by=by)


def chip(
    uow: UnitOfWork, reader: CardReader, number: str, *, by: Actor, now: datetime
) -> tuple[ChipIdentity, ChipData]:
    """Return what the chip of this order's card says now; raise DeviceFault where another card lies there."""
    forbid_io("the card reader")
    with uow() as tx:
        order = moves.get_order(tx, number, by=by, lock=False)
        card = tx.scalar(select(CardRow).where(CardRow.order_id == order.id, CardRow.state != CardState.SPOILED))
        if card is None:
            raise NotFound(kind="card", ref=number)
        code = card.identification_code
        audit.record(tx, by=by, action="chip.read", subject=number, now=now)
    return reader.identify(), reader.read_back(identification_code=code)


def _take_blank(
    uow: UnitOfWork, found: ChipIdentity, profile: RegionProfile, number: str, *, by: Actor, now: datetime
) -> None:
    if found.status is not ChipStatus.BLANK:
        raise NotBlank
    today = now.astimezone(intake.SHANGHAI).date()
    with uow() as tx:
        order = moves.get_order(tx, number, by=by)
        require_next(order.making, MakingStep.BLANK_TAKEN)
        if tx.scalar(select(CardRow.id).where(CardRow.identification_code == found.identification_code)) is not None:
            raise BlankUsed
        card = CardRow(
            person_id=order.person_id,
            order_id=order.id,
            card_number=f"G{intake.next_serial(tx, 'card'):08d}",
            identification_code=found.identification_code,
            atr=found.atr,
            atr_history=found.atr_history,
            chip_version=found.version,
            state=CardState.MAKING,
            bank_code=order.bank_code,
            issued_on=today,
            expires_on=_years_later(today, profile.card_years),
            created_at=now,
            state_since=now,
        )
        tx.add(card)
        facts = {"card_number": card.card_number, "identification_code": card.identification_code}
        moves.save_step(tx, order, MakingStep.BLANK_TAKEN, by=by, now=now, facts=facts)


def _chip_data(uow: UnitOfWork, profile: RegionProfile, number: str, *, by: Actor) -> tuple[str, ChipData]:
    with uow.reading() as tx:
        order = moves.get_order(tx, number, by=by, lock=False)
        holder = orders.holder_of(tx, order)
        card = _card_in_making(tx, order)
        data = ChipData(
            social_security_number=holder.id_number,
            name=holder.name,
            sex=holder.sex,
            nation=holder.nation,
            birth=holder.birth,
            card_number=card.card_number,
            issue_date=card.issued_on,
            expiry=card.expires_on,
            issuer=profile.region_code.ljust(_ISSUER_DIGITS, "0"),
            version=card.chip_version,
            birth_place=holder.id_number[:6] if holder.id_number[:6].isdigit() else "",
        )
        return card.identification_code, data


def _save(
    uow: UnitOfWork,
    number: str,
    step: MakingStep | None,
    *,
    by: Actor,
    now: datetime,
    differing: tuple[str, ...] = (),
) -> None:
    """Save a step done with the chip; ``step`` None: read back wrong, so the writing must be done again."""
    with uow() as tx:
        order = moves.get_order(tx, number, by=by)
        if step is not None:
            require_next(order.making, step)
            moves.save_step(tx, order, step, by=by, now=now)
            return
        order.making = MakingStep.BLANK_TAKEN
        facts = {"fields": ", ".join(differing)}
        moves.note(tx, order, "step.read_back_differs", source=order.state.value, by=by, now=now, facts=facts)


def _return_data(uow: UnitOfWork, number: str, *, by: Actor, now: datetime) -> None:
    with uow() as tx:
        order = moves.get_order(tx, number, by=by)
        require_next(order.making, MakingStep.RETURNED)
        card = _card_in_making(tx, order)
        card.state, card.state_since = next_card_state(card.state, CardAction.FINISH), now
        moves.apply(tx, order, Action.RETURN_DATA, by=by, now=now, call=outbox_queue.Call(card=card))
        moves.save_step(tx, order, MakingStep.RETURNED, by=by, now=now, facts={"card_number": card.card_number})


def _card_in_making(tx: Tx, order: OrderRow) -> CardRow:
    card = tx.scalar(select(CardRow).where(CardRow.order_id == order.id, CardRow.state == CardState.MAKING))
    if card is None:
        raise NotFound(kind="card", ref=order.number)
    return card


def _differences(written: ChipData, read: ChipData) -> tuple[str, ...]:
    names = [name for name in ChipData.__dataclass_fields__ if getattr(written, name) != getattr(read, name)]
    return tuple(sorted(names))


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def _view(uow: UnitOfWork, number: str, *, by: Actor) -> OrderView:
    with uow.reading() as tx:
        return orders.view(tx, number, by=by)
