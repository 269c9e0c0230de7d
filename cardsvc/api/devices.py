"""The readers of the caller's desk."""

import uuid
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel

from cardsvc.api.guard import actor, guard, parts
from cardsvc.api.shapes import plain
from cardsvc.devices.base import DeviceState
from cardsvc.domain.staff import Permission
from cardsvc.errors import NotFound
from cardsvc.services import intake

api = APIBlueprint("api_devices", __name__, url_prefix="/api/v1/devices", abp_tags=[Tag(name="devices")])


class ReadingPath(BaseModel):
    """A reading's id."""

    reading: uuid.UUID


@api.get("")
@guard(Permission.ID_CARD_READ)
def states() -> dict[str, Any]:
    """Return whether the desk's readers answer."""
    desk = parts().desks.get(actor().desk)
    missing = DeviceState(ready=False, name="", error="device.missing")
    return {
        "id_reader": plain(desk.id_reader.state() if desk and desk.id_reader else missing),
        "card_reader": plain(desk.card_reader.state() if desk and desk.card_reader else missing),
    }


@api.post("/id-card/readings")
@guard(Permission.ID_CARD_READ)
def read_id_card() -> tuple[dict[str, Any], int]:
    """Read the ID card on the desk's reader; the reading is kept ten minutes for this user."""
    found = intake.read_id_card(parts().uow, parts().id_reader(actor().desk), by=actor(), now=parts().clock())
    return plain(found), 201


@api.get("/id-card/readings/<uuid:reading>/photo")
@guard(Permission.ID_CARD_READ)
def reading_photo(path: ReadingPath) -> Response:
    """Return the chip's photo of a reading as BMP."""
    with parts().uow.reading() as tx:
        photo = intake.reading_photo(tx, path.reading, by=actor(), now=parts().clock())
    if photo is None:
        raise NotFound(kind="photo", ref=str(path.reading))
    return Response(photo, content_type="image/bmp")
