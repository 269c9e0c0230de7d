"""Machine-readable codes as plain geometry: Code 128 bars and QR squares, for any canvas.

Bars are at least 0.25 mm wide and QR modules at least 0.4 mm: measured to be read back from a 150 dpi scan.
"""

from typing import Final

import segno
from reportlab.graphics.barcode.code128 import Code128

BAR: Final = 0.33  # mm, the narrow bar (X-dimension); the standard asks for 0.25 and more
QUIET: Final = 10  # narrow bars left blank on both sides, ISO/IEC 15417
QR_QUIET: Final = 4  # modules left blank on all sides, ISO/IEC 18004


def code128_bars(content: str) -> list[tuple[float, float]]:
    """Return (left, width) in mm of each black bar of ``content``, the quiet zone on the left included."""
    symbol = Code128(content, quiet=False)
    symbol.validate()  # type: ignore[no-untyped-call]  # reportlab has no types
    symbol.encode()  # type: ignore[no-untyped-call]  # reportlab has no types
    symbol.decompose()  # type: ignore[no-untyped-call]  # reportlab has no types
    bars: list[tuple[float, float]] = []
    left = QUIET * BAR
    # Letters are widths in narrow bars: "a" … one and more white, "A" … one and more black.
    for element in symbol.decomposed:
        if element in "- ":
            continue
        width = (ord(element.upper()) - ord("A") + 1) * BAR
        if element.isupper():
            bars.append((left, width))
        left += width
    return bars


def code128_width(bars: list[tuple[float, float]]) -> float:
    """Return the width in mm that ``code128_bars`` takes up, with both quiet zones."""
    left, width = bars[-1]
    return left + width + QUIET * BAR


def qr_modules(content: str) -> list[list[bool]]:
    """Return the rows of a QR symbol (error correction M or better), True = dark, without the quiet zone."""
    symbol = segno.make_qr(content, error="m")
    return [[bool(module) for module in row] for row in symbol.matrix]
