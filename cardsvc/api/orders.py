"""Orders from the window: open, contact, photo, slip, confirm; and looking at them."""

import uuid
from datetime import date
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, FileStorage, Tag
from pydantic import BaseModel, Field

from cardsvc.api.guard import actor, guard, parts
from cardsvc.api.shapes import plain
from cardsvc.domain.ids import birth_of, parse_id_number, sex_of
from cardsvc.domain.orders import OrderState
from cardsvc.domain.people import LONG_TERM, DocumentKind, Holder, Sex
from cardsvc.domain.staff import Permission
from cardsvc.errors import InvalidInput
from cardsvc.services import intake, looks, orders, papers
from cardsvc.slips.information_slip import Paper, SlipData, render_information_slip

api = APIBlueprint("api_orders", __name__, url_prefix="/api/v1/orders", abp_tags=[Tag(name="orders")])


class NumberPath(BaseModel):
    """An order number, 20 digits."""

    number: str = Field(pattern=r"^\d{20}$")


class TypedHolder(BaseModel):
    """A person typed in from the document; sex and birth follow from the number."""

    document_kind: DocumentKind = DocumentKind.RESIDENT
    id_number: str = Field(max_length=20)
    name: str = Field(min_length=1, max_length=60)
    nation: str = Field(default="", max_length=2)
    address: str = Field(min_length=1, max_length=200)
    authority: str = Field(default="", max_length=60)
    valid_from: date | None = None
    valid_to: date | None = None
    long_term: bool = False


class NewOrder(BaseModel):
    """Either a reading of an ID card or a person typed in."""

    reading: uuid.UUID | None = None
    holder: TypedHolder | None = None


class Contact(BaseModel):
    """How to reach the applicant, where the card is made, and who acts for them."""

    version: int
    mobile: str = Field(max_length=20)
    branch_code: str = Field(max_length=16)
    agent_name: str = Field(default="", max_length=60)
    agent_id_number: str = Field(default="", max_length=20)


class Photo(BaseModel):
    """A picture file in any of the accepted formats."""

    photo: FileStorage


class Confirmation(BaseModel):
    """The clerk's word that the slip is signed and stamped."""

    version: int
    signed: bool


class Versioned(BaseModel):
    """The version the caller looked at."""

    version: int


class Cancellation(Versioned):
    """Why an order is cancelled."""

    reason: str = Field(min_length=1, max_length=200)


class Reason(BaseModel):
    """Why somebody wants to see more."""

    reason: str = Field(min_length=1, max_length=200)


class ListQuery(BaseModel):
    """What to list."""

    state: OrderState | None = None
    text: str = Field(default="", max_length=60)
    after: str = Field(default="", max_length=80)
    limit: int = Field(default=25, ge=1, le=100)


def holder_of(typed: TypedHolder) -> Holder:
    """Return the holder a clerk typed in; raise Rejected."""
    number = parse_id_number(typed.id_number)
    if typed.valid_to is None and not typed.long_term:
        raise InvalidInput(field="valid_to", reason="missing")
    return Holder(
        document_kind=typed.document_kind,
        id_number=number,
        name=typed.name.strip(),
        sex=Sex(sex_of(number)),
        nation=typed.nation,
        birth=birth_of(number),
        address=typed.address.strip(),
        valid_from=typed.valid_from,
        valid_to=LONG_TERM if typed.long_term else typed.valid_to,
        authority=typed.authority.strip(),
    )


def render_slip(data: SlipData) -> Paper:
    """Render with the fonts of this installation."""
    return render_information_slip(data, parts().fonts)


@api.post("")
@guard(Permission.ORDER_CREATE)
def open_order(body: NewOrder) -> tuple[dict[str, Any], int]:
    """Open a make order (新申领制卡) for the person of a reading, or typed in."""
    now = parts().clock()
    if (body.reading is None) == (body.holder is None):
        raise InvalidInput(field="reading", reason="one_of_two")
    with parts().uow() as tx:
        if body.reading is not None:
            number = intake.open_from_reading(tx, body.reading, by=actor(), now=now)
        else:
            assert body.holder is not None  # noqa: S101 - said two lines above
            number = intake.open_typed(tx, holder_of(body.holder), by=actor(), now=now)
        return plain(orders.view(tx, number, by=actor())), 201


@api.get("")
@guard(Permission.ORDER_READ)
def work_list(query: ListQuery) -> dict[str, Any]:
    """Return a page of orders, the newest first."""
    with parts().uow.reading() as tx:
        page = orders.work_list(
            tx, by=actor(), state=query.state, text=query.text, after=query.after, limit=query.limit
        )
    found: dict[str, Any] = plain(page)
    return found


@api.get("/branches")
@guard(Permission.ORDER_READ)
def branches() -> list[dict[str, Any]]:
    """Return the branches that issue instantly."""
    with parts().uow.reading() as tx:
        return [plain(choice) for choice in intake.branches(tx)]


@api.get("/<string:number>")
@guard(Permission.ORDER_READ)
def show(path: NumberPath) -> dict[str, Any]:
    """Return one order with its timeline, masked."""
    return _shown(path.number)


@api.put("/<string:number>/contact")
@guard(Permission.ORDER_CREATE)
def save_contact(path: NumberPath, body: Contact) -> dict[str, Any]:
    """Keep mobile number, branch and agent."""
    with parts().uow() as tx:
        intake.save_contact(tx, path.number, **body.model_dump(), by=actor(), now=parts().clock())
    return _shown(path.number)


@api.post("/<string:number>/photo")
@guard(Permission.ORDER_CREATE)
def save_photo(path: NumberPath, form: Photo) -> tuple[dict[str, Any], int]:
    """Make the standard portrait of a photo; 201 when kept, 422 with every reason when refused."""
    verdict = intake.save_photo(
        parts().uow,
        parts().normalise,
        parts().profile,
        path.number,
        form.photo.read(),
        by=actor(),
        now=parts().clock(),
    )
    return plain(verdict), 201 if verdict.accepted else 422


@api.get("/<string:number>/photo.jpg")
@guard(Permission.ORDER_READ)
def photo(path: NumberPath) -> Response:
    """Return the portrait."""
    with parts().uow.reading() as tx:
        return Response(intake.portrait(tx, path.number, by=actor()), content_type="image/jpeg")


@api.post("/<string:number>/slip")
@guard(Permission.ORDER_CREATE)
def make_slip(path: NumberPath) -> tuple[dict[str, Any], int]:
    """Render and store the information slip, or return the one that is stored."""
    slip = papers.make_slip(
        parts().uow,
        render_slip,
        parts().profile,
        path.number,
        by=actor(),
        now=parts().clock(),
        sample=parts().demo,
    )
    return plain(slip), 201


@api.get("/<string:number>/slip.pdf")
@guard(Permission.ORDER_READ)
def slip_pdf(path: NumberPath) -> Response:
    """Return the stored slip; every call counts as a print."""
    with parts().uow() as tx:
        pdf = papers.slip_pdf(tx, path.number, by=actor(), now=parts().clock())
    return Response(pdf, content_type="application/pdf")


@api.post("/<string:number>/confirm")
@guard(Permission.ORDER_CONFIRM)
def confirm(path: NumberPath, body: Confirmation) -> dict[str, Any]:
    """Confirm the signed order: it goes to the bank."""
    with parts().uow() as tx:
        intake.confirm(tx, path.number, version=body.version, signed=body.signed, by=actor(), now=parts().clock())
    return _shown(path.number)


@api.post("/<string:number>/cancel")
@guard(Permission.ORDER_CANCEL)
def cancel(path: NumberPath, body: Cancellation) -> dict[str, Any]:
    """Cancel the order; where the bank knows of it, by way of the bank."""
    with parts().uow() as tx:
        orders.cancel(tx, path.number, version=body.version, reason=body.reason, by=actor(), now=parts().clock())
    return _shown(path.number)


@api.post("/<string:number>/revise")
@guard(Permission.ORDER_CREATE)
def revise(path: NumberPath, body: Versioned) -> dict[str, Any]:
    """Take an order the bank refused back to the window."""
    with parts().uow() as tx:
        orders.revise(tx, path.number, version=body.version, by=actor(), now=parts().clock())
    return _shown(path.number)


@api.post("/<string:number>/reveal")
@guard(Permission.PERSON_REVEAL)
def reveal(path: NumberPath, body: Reason) -> dict[str, str]:
    """Return the whole ID number; the look is audited with its reason."""
    with parts().uow() as tx:
        found = looks.reveal_id_number(tx, path.number, reason=body.reason, by=actor(), now=parts().clock())
    return {"id_number": found}


def _shown(number: str) -> dict[str, Any]:
    with parts().uow.reading() as tx:
        found: dict[str, Any] = plain(orders.view(tx, number, by=actor()))
        return found
