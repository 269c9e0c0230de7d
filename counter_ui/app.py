"""The application: the API's base, with pages, languages, security headers and error pages on top."""

from datetime import timedelta
from typing import Any, Final

from flask import Flask, Response, g, request, session
from flask_bootstrap import Bootstrap5
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException

from cardsvc.api import make_app
from cardsvc.errors import CardsvcError
from cardsvc.parts import Parts
from counter_ui import clerk, failures, orders, oversight, public, shown, teller

_CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-src 'self'; media-src 'self' blob:; base-uri 'none'; "
    "frame-ancestors 'self'; object-src 'none'"
)


def create_app(parts: Parts) -> Flask:
    """Return the whole web application."""
    app = make_app("counter_ui", parts)
    secure = parts.secure_cookies
    app.config.update(
        BOOTSTRAP_SERVE_LOCAL=True,  # its default is somebody else's server
        SESSION_COOKIE_NAME="__Host-cardsvc" if secure else "cardsvc",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=8),
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a form left open over lunch must still be savable
        RATELIMIT_ENABLED=not app.testing,
    )
    Bootstrap5(app)
    csrf = CSRFProtect(app)
    for name, blueprint in app.blueprints.items():
        if name.startswith("api_"):
            csrf.exempt(blueprint)  # programs sign in with a bearer token, which no foreign page can send
    # In memory: the limit protects one process's processor; accounts are protected in the database.
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://")
    for blueprint in (public.pages, clerk.pages, teller.pages, orders.pages, oversight.pages):
        app.register_blueprint(blueprint)
    limited: Any = limiter.limit("30 per minute")(app.view_functions["public.sign_in"])
    app.view_functions["public.sign_in"] = limited  # the wrapper counts, not the view
    app.register_error_handler(CardsvcError, failures.page)
    app.register_error_handler(CSRFError, failures.csrf)
    app.register_error_handler(HTTPException, failures.http_error)
    app.register_error_handler(Exception, failures.unexpected)
    app.before_request_funcs[None].insert(0, _choose_language)  # before the guard, whose refusals are read too
    app.after_request(_protect)
    app.context_processor(shown.names)
    shown.filters(app)
    return app


def _choose_language() -> None:
    if not request.path.startswith("/api/"):  # programs say it in Accept-Language
        g.language = session.get("language") or "zh"
    session.permanent = True


def _protect(answer: Response) -> Response:
    headers: dict[str, Any] = {
        "Content-Security-Policy": _CSP,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), serial=(), usb=()",
        "X-Frame-Options": "SAMEORIGIN",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    for name, value in headers.items():
        answer.headers.setdefault(name, value)
    if not request.path.startswith(("/static/", "/bootstrap/")):
        answer.headers["Cache-Control"] = "no-store"
    return answer
