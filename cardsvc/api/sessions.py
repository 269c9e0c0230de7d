"""Signing in as a program: a bearer token instead of a cookie."""

from typing import Any

from flask import request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from cardsvc.api.guard import actor, guard, parts, public, token_of_request
from cardsvc.api.shapes import plain
from cardsvc.domain.staff import Permission
from cardsvc.services import staff

api = APIBlueprint("api_sessions", __name__, url_prefix="/api/v1/sessions", abp_tags=[Tag(name="sessions")])


class SignIn(BaseModel):
    """A user name and a password; the desk whose readers this session will use."""

    username: str = Field(max_length=64)
    password: str = Field(max_length=200)
    desk: str = Field(default="1", max_length=64)


@api.post("")
@public("this is the door")
def sign_in(body: SignIn) -> tuple[dict[str, Any], int]:
    """Sign in; the token goes into ``Authorization: Bearer``."""
    token, who = staff.sign_in(
        parts().uow,
        body.username,
        body.password,
        desk=body.desk,
        address=request.remote_addr or "",
        now=parts().clock(),
    )
    return {"token": token, "actor": plain(who)}, 201


@api.delete("")
@guard(Permission.SELF)
def sign_out() -> tuple[str, int]:
    """Sign out: the token is worth nothing any more."""
    with parts().uow() as tx:
        staff.sign_out(tx, token_of_request(), by=actor(), now=parts().clock())
    return "", 204
