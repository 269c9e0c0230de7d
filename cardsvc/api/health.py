"""Whether the service is alive."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag

from cardsvc.api.guard import parts, public
from cardsvc.services import orders

api = APIBlueprint("api_health", __name__, abp_tags=[Tag(name="health")])


@api.get("/healthz")
@public("a load balancer has no account; says nothing but yes")
def health() -> dict[str, Any]:
    """Return that the database answers."""
    with parts().uow.reading() as tx:
        orders.ping(tx)
    return {"ok": True}
