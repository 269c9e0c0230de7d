"""JSON over HTTP, /api/v1: the same services the screens use."""

from cardsvc.api.app import make_app

__all__ = ["make_app"]
