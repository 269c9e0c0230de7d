"""Failures on a page: one clear sentence where the person looks, the stable code beneath it."""

import contextlib
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import current_app, flash, g, make_response, redirect, render_template, request, session, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from cardsvc.api import problems
from cardsvc.api.guard import parts
from cardsvc.api.problems import status_of
from cardsvc.domain.words import catalogue
from cardsvc.errors import CardsvcError
from cardsvc.services import staff
from counter_ui import asking, shown

log = structlog.get_logger()
_INTERNAL = 500


@dataclass(frozen=True, slots=True)
class HttpFault:
    """One of HTTP's own refusals, as the templates show errors."""

    code: str
    facts: dict[str, Any] = field(default_factory=dict)


def here(error: CardsvcError) -> int:
    """Put ``error`` where the page about to be rendered shows it; return its status."""
    g.error = error
    status = status_of(error)
    log.info("page_refused", code=error.code, status=status, path=request.path)
    return status


def page(error: CardsvcError) -> Response:
    """Render an error nobody put in its place: as a fragment for htmx, else as a page of its own."""
    if error.code == "access.not_signed_in":
        return _go(url_for("public.sign_in", next=asking.page()), status_of(error))
    return _render(error, here(error))


def csrf(_error: CSRFError) -> Response:
    """Give the page anew to somebody whose form is from an earlier session; strangers sign in first."""
    log.info("page_refused", code="page.outdated", status=409, path=request.path)
    if g.get("actor") is None and request.endpoint != "public.sign_in":
        return _go(url_for("public.sign_in", next=asking.page()), 409)
    flash(shown.word("page.outdated"), "fault")
    return _go(asking.page(), 409)


def http_error(error: HTTPException) -> Any:
    """Render what HTTP itself refuses: an address that is none, a file too big, too many tries."""
    if request.path.startswith("/api/"):
        return problems.http_problem(error)
    status = error.code or _INTERNAL
    log.info("page_refused", code=f"http.{status}", status=status, path=request.path)
    return _render(_http_fault(status), status)


def unexpected(error: Exception) -> Any:
    """Render a bare failure; the log has the trace, the page never does."""
    if request.path.startswith("/api/"):
        return problems.unexpected(error)
    log.error("page_failed", path=request.path, kind=type(error).__name__, exc_info=error)
    if current_app.testing:
        raise error
    return _render(_http_fault(_INTERNAL), _INTERNAL)


def _http_fault(status: int) -> HttpFault:
    code = f"http.{status}"
    return HttpFault(code if code in catalogue() else "http.other")


def _render(error: CardsvcError | HttpFault, status: int) -> Response:
    if "actor" not in g:  # an address that is none has no guard; whoever is signed in still is
        with contextlib.suppress(Exception):
            g.actor = staff.actor_of(parts().uow, str(session.get("token", "")), now=parts().clock(), active=False)
    template = "_error.html" if request.headers.get("HX-Request") else "error.html"
    return make_response(render_template(template, error=error), status)


def _go(target: str, status: int) -> Response:
    """Send the whole page there, also when htmx asked for a part of it."""
    if request.headers.get("HX-Request"):
        return make_response("", status, {"HX-Redirect": target})
    return redirect(target)
