"""Failures as RFC 9457 problem details: the stable code, the sentence in the caller's language, the facts."""

import json
from typing import Any, Final

import structlog
from flask import Response, current_app, g, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from cardsvc.domain.words import LANGUAGES, say
from cardsvc.errors import BankFault, CardsvcError, Conflict, DeviceFault, NotAllowed, NotFound, Rejected

STATUS: Final[dict[type[CardsvcError], int]] = {
    NotFound: 404,
    NotAllowed: 403,
    Rejected: 422,
    Conflict: 409,
    DeviceFault: 503,
    BankFault: 502,
    CardsvcError: 500,
}
_STATUS_BY_CODE: Final = {
    "access.not_signed_in": 401,
    "access.sign_in_failed": 401,
    "access.locked": 429,
    "bank.signature_invalid": 401,
}
MEDIA_TYPE: Final = "application/problem+json"

log = structlog.get_logger()


def status_of(error: CardsvcError) -> int:
    """Return the HTTP status of a failure: by its code, else by its nearest family."""
    by_family = next(status for family, status in STATUS.items() if isinstance(error, family))
    return _STATUS_BY_CODE.get(error.code, by_family)


def language() -> str:
    """Return the caller's language: the page's choice, else the Accept-Language header, else Chinese."""
    chosen = g.get("language") or request.accept_languages.best_match(["zh", "zh-CN", "en"], default="zh")
    return next((known for known in LANGUAGES if str(chosen).startswith(known)), "zh")


def problem(error: CardsvcError) -> Response:
    """Return the failure as a problem document and log its code."""
    status = status_of(error)
    log.info("request_refused", code=error.code, status=status, path=request.path)
    body = {
        "type": f"urn:cardsvc:problem:{error.code}",
        "title": say(error.code, language(), **error.facts),
        "status": status,
        "code": error.code,
        "facts": {name: str(value) for name, value in error.facts.items()},
    }
    return _response(body, status)


def http_problem(error: HTTPException) -> Response:
    """Return one of HTTP's own refusals (404, 405, 413) as a problem document."""
    status = error.code or 500
    body = {"type": "about:blank", "title": error.name, "status": status, "code": f"http.{status}"}
    return _response(body, status)


def invalid_input(error: ValidationError) -> Response:
    """Return what pydantic found wrong with a request, without repeating the values (they may be personal)."""
    wrong = [
        {"field": ".".join(str(part) for part in item["loc"]) or "body", "reason": item["type"]}
        for item in error.errors()
    ]
    first = wrong[0] if wrong else {"field": "", "reason": ""}
    body: dict[str, Any] = {
        "type": "urn:cardsvc:problem:input.invalid",
        "title": say("input.invalid", language(), **first),
        "status": 422,
        "code": "input.invalid",
        "errors": wrong,
    }
    return _response(body, 422)


def unexpected(error: Exception) -> Response:
    """Return a bare 500; the log has the trace, the caller never does."""
    log.error("request_failed", path=request.path, kind=type(error).__name__, exc_info=error)
    if current_app.testing:
        raise error
    body = {"type": "about:blank", "title": "Internal Server Error", "status": 500, "code": "http.500"}
    return _response(body, 500)


def _response(body: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status=status, content_type=MEDIA_TYPE)
