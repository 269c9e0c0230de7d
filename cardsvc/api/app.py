"""The bare application: guard, API, problem details. ``counter_ui`` puts its pages on top."""

from collections.abc import Callable
from typing import Any, Final

from flask import Response
from flask_openapi3 import APIBlueprint, Info, OpenAPI
from werkzeug.exceptions import HTTPException

from cardsvc.api import bank, branch, devices, guard, health, orders, problems, sessions
from cardsvc.errors import CardsvcError
from cardsvc.parts import Parts

MAX_BODY: Final = 26 * 1024 * 1024  # a photo may have 25 MB


def make_app(import_name: str, built: Parts, **flask_options: Any) -> OpenAPI:
    """Return a Flask application with the API under /api/v1 and its OpenAPI document at /openapi/openapi.json."""
    app = OpenAPI(
        import_name,
        info=Info(title="cardsvc", version="1"),
        security_schemes={"bearer": {"type": "http", "scheme": "bearer"}},
        validation_error_callback=problems.invalid_input,
        **flask_options,
    )
    app.config["SECRET_KEY"] = built.secret_key
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    guard.install(app, built)
    for blueprint in _BLUEPRINTS:
        app.register_api(blueprint)
    for endpoint in {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/openapi")}:
        view = _unbound(app.view_functions[endpoint])
        app.view_functions[endpoint] = guard.public("the API's own documentation holds no data")(view)
    return app


def _with_problems(blueprint: APIBlueprint) -> None:
    blueprint.register_error_handler(CardsvcError, problems.problem)
    blueprint.register_error_handler(HTTPException, problems.http_problem)
    blueprint.register_error_handler(Exception, problems.unexpected)
    blueprint.after_request(_no_store)


def _no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _unbound(view: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of its own, since a bound method can carry no mark."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return call


_BLUEPRINTS: Final = (sessions.api, devices.api, orders.api, branch.api, bank.api, health.api)
for _blueprint in _BLUEPRINTS:
    _with_problems(_blueprint)  # once: a blueprint that is registered takes no more handlers
