"""Structured logs with personal data masked: the last processor sees every value before it is written."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog

# Eighteen characters of an ID number, a mobile number, a bank account: kept recognisable, not readable.
_ID_NUMBER: Final = re.compile(r"(?<![0-9A-Fa-f])(\d{6})\d{8}(\d{3}[\dXx])(?![0-9A-Fa-f])")
_MOBILE: Final = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_ACCOUNT: Final = re.compile(r"(?<!\d)(62\d{2})\d{8,11}(\d{4})(?!\d)")
_NEVER: Final = frozenset(
    {"password", "token", "name", "address", "holder", "photo", "record", "mobile", "id_number", "account", "body"}
)


def mask(text: str) -> str:
    """Return ``text`` with ID, mobile and account numbers masked.

    >>> mask("read 11010519491231002X, 13800138000")
    'read 110105********002X, 138****8000'
    """
    text = _ACCOUNT.sub(r"\1********\2", text)
    text = _ID_NUMBER.sub(r"\1********\2", text)
    return _MOBILE.sub(r"\1****\2", text)


def mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask every value of a log event, whatever its type; fields that only hold personal data are dropped."""
    return {key: "(hidden)" if key in _NEVER else _masked(value) for key, value in event.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: "(hidden)" if key in _NEVER else _masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask(str(value))


class _MaskedFormatter(logging.Formatter):
    """Other libraries' lines go through the same mask, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


def configure(stream: TextIO | None = None, *, level: int = logging.INFO) -> None:
    """Send JSON lines to ``stream`` (standard error if none)."""
    target = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask_event,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(_MaskedFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
