"""The door the partner banks knock at with their events (回调)."""

from typing import Any

from flask import request
from flask_openapi3 import APIBlueprint, Tag

from cardsvc.api.guard import parts, public
from cardsvc.bank import callbacks
from cardsvc.services import audit, bank_results, inbox

api = APIBlueprint("api_bank", __name__, url_prefix="/api/v1/bank", abp_tags=[Tag(name="bank")])


@api.post("/events")
@public("a bank signs its requests instead of signing in")
def event() -> tuple[dict[str, Any], int]:
    """Take one signed event; 200 only after it is kept."""
    raise NotImplementedError
