"""The door the partner banks knock at with their events (回调)."""

from typing import Any

from flask import request
from flask_openapi3 import APIBlueprint, Tag

from cardsvc.api.guard import parts, public
from cardsvc.bank import callbacks, signing
from cardsvc.services import audit, inbox

api = APIBlueprint("api_bank", __name__, url_prefix="/api/v1/bank", abp_tags=[Tag(name="bank")])


@api.post("/events")
@public("a bank signs its requests instead of signing in")
def event() -> tuple[dict[str, Any], int]:
    """Take one signed event; 200 only after it is kept."""
    built = parts()
    now = built.clock()
    raw = request.get_data()
    seen = signing.Request(request.method, request.url, dict(request.headers.items()))
    try:
        keyid, told = callbacks.read_event(
            seen, raw, verifier=built.bank_verifier, nonces=inbox.DatabaseNonces(built.uow), now=now
        )
    except signing.SignatureInvalid as error:
        with built.uow() as tx:
            audit.record(
                tx, by=audit.SERVICE, action="bank.signature_refused", subject="bank", now=now, why=error.facts["why"]
            )
        raise
    fresh = inbox.receive(built.uow, told, raw, bank_code=built.bank_of_key.get(keyid, ""), now=now)
    return {"taken": True, "fresh": fresh}, 200
