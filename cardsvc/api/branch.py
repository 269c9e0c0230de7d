"""The branch: open by slip, identify, make step by step, enable, hand over."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from cardsvc.api.guard import actor, guard, parts
from cardsvc.api.orders import NumberPath
from cardsvc.api.shapes import plain
from cardsvc.domain.staff import Permission
from cardsvc.services import making, orders

api = APIBlueprint("api_branch", __name__, url_prefix="/api/v1/branch/orders", abp_tags=[Tag(name="branch")])


class Scan(BaseModel):
    """What the scanner read off the slip."""

    code: str = Field(min_length=1, max_length=60)


class Spoil(BaseModel):
    """Why a blank is retired."""

    reason: str = Field(min_length=1, max_length=200)


class HandOver(BaseModel):
    """Who takes the card."""

    received_by: str = Field(default="holder", max_length=10)


@api.post("/scan")
@guard(Permission.CARD_MAKE)
def scan(body: Scan) -> dict[str, Any]:
    """Open the order of a slip."""
    with parts().uow.reading() as tx:
        number = making.open_slip(tx, body.code, by=actor())
        found: dict[str, Any] = plain(orders.view(tx, number, by=actor()))
        return found


@api.post("/<string:number>/identify")
@guard(Permission.CARD_MAKE)
def identify(path: NumberPath) -> dict[str, Any]:
    """Read the ID card again; the number must be the order's."""
    reader = parts().id_reader(actor().desk)
    found: dict[str, Any] = plain(making.identify(parts().uow, reader, path.number, by=actor(), now=parts().clock()))
    return found


@api.post("/<string:number>/advance")
@guard(Permission.CARD_MAKE)
def advance(path: NumberPath) -> dict[str, Any]:
    """Do and save the next step with the card in the reader."""
    reader = parts().card_reader(actor().desk)
    found: dict[str, Any] = plain(
        making.advance(parts().uow, reader, parts().profile, path.number, by=actor(), now=parts().clock())
    )
    return found


@api.post("/<string:number>/spoil")
@guard(Permission.CARD_MAKE)
def spoil(path: NumberPath, body: Spoil) -> dict[str, Any]:
    """Retire the blank that was bound to the order."""
    found: dict[str, Any] = plain(
        making.spoil(parts().uow, path.number, reason=body.reason, by=actor(), now=parts().clock())
    )
    return found


@api.post("/<string:number>/enable")
@guard(Permission.CARD_MAKE)
def enable(path: NumberPath) -> dict[str, Any]:
    """Enable the social function; the bank activates the account."""
    found: dict[str, Any] = plain(making.enable(parts().uow, path.number, by=actor(), now=parts().clock()))
    return found


@api.post("/<string:number>/hand-over")
@guard(Permission.CARD_MAKE)
def hand_over(path: NumberPath, body: HandOver) -> dict[str, Any]:
    """Record that the card was handed over."""
    found: dict[str, Any] = plain(
        making.hand_over(parts().uow, path.number, received_by=body.received_by, by=actor(), now=parts().clock())
    )
    return found


@api.get("/<string:number>/chip")
@guard(Permission.CARD_READ)
def chip(path: NumberPath) -> dict[str, Any]:
    """Return what the chip in the reader says, which must be this order's card."""
    reader = parts().card_reader(actor().desk)
    identity, data = making.chip(parts().uow, reader, path.number, by=actor(), now=parts().clock())
    return {"identity": plain(identity), "data": plain(data)}
