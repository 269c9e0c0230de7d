"""Hidden fields of forms, which a page fills in and anybody can change."""

import uuid

from flask import request

from cardsvc.errors import StaleRecord
from cardsvc.services.intake import ReadingGone


def version() -> int:
    """Return the order's version the page was made from; raise StaleRecord for what is no number."""
    try:
        return int(request.form.get("version", "0"))
    except ValueError:
        raise StaleRecord from None


def reading() -> uuid.UUID:
    """Return the reading a form goes on with; raise ReadingGone for what is none."""
    try:
        return uuid.UUID(request.form.get("reading", ""))
    except ValueError:
        raise ReadingGone from None


def camera_width() -> int:
    """Return how many pixels wide the camera's own picture is, as the page says; a usual one where it does not."""
    try:
        return min(max(int(request.args.get("width", "")), 1), 16384)
    except ValueError:
        return 1280
