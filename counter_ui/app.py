"""The application: the API's base, with pages on top."""

from flask import Flask

from cardsvc.api import make_app
from cardsvc.parts import Parts


def create_app(parts: Parts) -> Flask:
    """Return the whole web application."""
    return make_app("counter_ui", parts)
