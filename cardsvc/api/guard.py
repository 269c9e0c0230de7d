"""Who may come in: every route names one permission or is public in writing; anything else is refused.

A view is marked with ``@guard(Permission.X)`` or ``@public("why")`` next to its route. One
``before_request`` hook, installed by :func:`install`, finds the mark of the view about to run, finds the
actor behind the cookie or the bearer token, and refuses by default.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from flask import Flask, current_app, g, request, session

from cardsvc.domain.staff import Permission, may
from cardsvc.errors import NotAllowed, Rejected
from cardsvc.parts import Parts
from cardsvc.services import audit, staff
from cardsvc.services.views import Actor

_View = TypeVar("_View", bound=Callable[..., Any])
_PERMISSION: Final = "__cardsvc_permission__"
_PUBLIC: Final = "__cardsvc_public__"
POLLING_HEADER: Final = "X-Cardsvc-Poll"  # a page asking by itself; does not count as activity


class NotSignedIn(Rejected, code="access.not_signed_in"):
    """Nobody is signed in, or the session has ended."""


def guard(permission: Permission) -> Callable[[_View], _View]:
    """Mark a view as open to whoever has ``permission``."""

    def mark(view: _View) -> _View:
        setattr(view, _PERMISSION, permission)
        return view

    return mark


def public(reason: str) -> Callable[[_View], _View]:
    """Mark a view as open to everybody, with the reason why."""

    def mark(view: _View) -> _View:
        setattr(view, _PUBLIC, reason)
        return view

    return mark


def permission_of(view: Callable[..., Any]) -> Permission | str | None:
    """Return the view's permission, the reason it is public, or None where neither was written."""
    found: Permission | str | None = getattr(view, _PERMISSION, None) or getattr(view, _PUBLIC, None)
    return found


def is_file(endpoint: str) -> bool:
    """Return whether an endpoint serves the files of an application or an extension."""
    return endpoint == "static" or endpoint.endswith(".static")


def parts() -> Parts:
    """Return the parts of the running application."""
    return cast("Parts", current_app.extensions["cardsvc"])


def actor() -> Actor:
    """Return who makes this request; raise NotSignedIn."""
    found: Actor | None = g.get("actor")
    if found is None:
        raise NotSignedIn
    return found


def token_of_request() -> str:
    """Return the session token: a program's bearer token, or on pages the browser's cookie; else nothing."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return bearer.strip()
    if request.path.startswith("/api/"):
        return ""  # a cookie would let a foreign page speak for whoever is signed in
    return str(session.get("token", ""))


def install(app: Flask, built: Parts) -> None:
    """Put the guard in front of every route of ``app``."""
    app.extensions["cardsvc"] = built
    app.before_request(_check)


def _check() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or is_file(request.endpoint or ""):
        return  # no such route: Flask answers 404 by itself; style sheets and scripts hold no data
    needed = permission_of(view)
    token = token_of_request()
    if token:
        polling = POLLING_HEADER in request.headers
        g.actor = staff.actor_of(parts().uow, token, now=parts().clock(), active=not polling)
    if getattr(view, _PUBLIC, None):
        return
    if not isinstance(needed, Permission):
        raise NotAllowed(permission="unwritten")
    role = actor().role
    if role is None or not may(role, needed):
        with parts().uow() as tx:
            audit.record(tx, by=actor(), action="access.refused", subject=needed.value, now=parts().clock())
        raise NotAllowed(permission=needed.value)
