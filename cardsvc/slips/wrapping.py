"""Where a line of Chinese may break, and the largest size at which a text fits its box."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from cardsvc.errors import Rejected

# GB/T 15834: no closing mark begins a line, no opening mark ends one; a Latin word or a number stays whole.
_OPENING: Final = "（《「『【〈〔“‘(["
_CLOSING: Final = "，。、；：？！）》」』】〉〕”’…·%‰)],.;:?!"
_PIECE: Final = re.compile(
    rf"[{re.escape(_OPENING)}]*(?:[\x21-\x7e\u00c0-\u024f]+|[^\S\n]+|[^\n])[{re.escape(_CLOSING)}]*",
)
_STEP: Final = 0.5  # points

Measure = Callable[[str, float], float]


class TextTooLong(Rejected, code="slips.text_too_long"):
    """A text does not fit its place at a size that can be read; facts: field."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Lines that fit, and the size in points at which they do."""

    lines: tuple[str, ...]
    size: float


def wrap(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """Return ``text`` in lines no wider than ``width``; a word wider than a line is cut where the line ends."""
    return [line for paragraph in text.split("\n") for line in _wrap_paragraph(paragraph, width, measure)]


def fit(text: str, width: float, height: float, sizes: tuple[float, float], measure: Measure, leading: float) -> Fitted:
    """Return the lines at the largest size from ``sizes`` (largest, smallest) that fit; lengths in points.

    Raise TextTooLong, still without a field, where not even the smallest size fits.
    """
    size, smallest = sizes
    while size >= smallest:
        lines = wrap(text, width, lambda part, size=size: measure(part, size))  # type: ignore[misc]  # mypy loses the default
        widest = max(measure(line, size) for line in lines)
        if len(lines) * leading * size <= height and widest <= width:
            return Fitted(tuple(lines), size)
        size -= _STEP
    raise TextTooLong(field="")


def _wrap_paragraph(paragraph: str, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    line = ""
    for piece in _pieces(paragraph, width, measure):
        if line and measure((line + piece).rstrip()) > width:
            yield line.rstrip()
            line = piece.lstrip()
        else:
            line += piece
    yield line.rstrip()


def _pieces(paragraph: str, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    for piece in _PIECE.findall(paragraph):
        if measure(piece) <= width:
            yield piece
        else:
            yield from piece
