"""Failures on a page: one clear sentence where the person looks, the stable code beneath it."""

from typing import Any
from urllib.parse import quote

import structlog
from flask import g, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from cardsvc.api.problems import status_of
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


def not_found(error: HTTPException) -> Any:
    """Render the page for an address that is none."""
    if request.path.startswith("/api/"):
        return error
    return render_template("error.html", error=None), 404
