"""Failures on a page: one clear sentence where the person looks, the stable code beneath it."""

from urllib.parse import quote

import structlog
from flask import current_app, g, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from cardsvc.api import problems
from cardsvc.api.problems import status_of
from cardsvc.domain.words import catalogue
from cardsvc.errors import CardsvcError

log = structlog.get_logger()


def here(error: CardsvcError) -> int:
    """Put ``error`` where the page about to be rendered shows it; return its status."""
    g.error = error
    status = status_of(error)
    log.info("page_refused", code=error.code, status=status, path=request.path)
    return status


def page(error: CardsvcError) -> Response:
    """Render an error nobody put in its place: as a fragment for htmx, else as a page of its own."""
    if error.code == "access.not_signed_in":
        target = url_for("public.sign_in", next=request.full_path if request.method == "GET" else None)
        if request.headers.get("HX-Request"):
            return make_response("", 401, {"HX-Redirect": target})
        return redirect(target)
    status = here(error)
    template = "_error.html" if request.headers.get("HX-Request") else "error.html"
    return make_response(render_template(template, error=error), status)


def csrf(_error: CSRFError) -> Response:
    """Send somebody whose form is from another session back to where it came from."""
    return redirect(url_for("public.sign_in", next=quote(request.path)))


class _HttpFault(CardsvcError):
    """One of HTTP's own refusals, with the code its words stand under."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.code = f"http.{status}" if f"http.{status}" in catalogue() else "http.500"  # type: ignore[misc]  # its own


def http_error(error: HTTPException) -> Response:
    """Render one of HTTP's own refusals (404, 405, 413): as a problem for the API, else where the person looks."""
    if request.path.startswith("/api/"):
        return problems.http_problem(error)
    status = error.code or 500
    g.error = fault = _HttpFault(status)
    template = "_error.html" if request.headers.get("HX-Request") else "error.html"
    return make_response(render_template(template, error=fault), status)


def unexpected(error: Exception) -> Response:
    """Render what nobody thought of: the log has the trace, the page one sentence."""
    if request.path.startswith("/api/"):
        return problems.unexpected(error)
    log.error("page_failed", path=request.path, kind=type(error).__name__, exc_info=error)
    if current_app.testing:
        raise error
    g.error = fault = _HttpFault(500)
    template = "_error.html" if request.headers.get("HX-Request") else "error.html"
    return make_response(render_template(template, error=fault), 500)
