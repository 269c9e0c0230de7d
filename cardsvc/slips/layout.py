"""A sheet of A4 measured in millimetres from its upper left corner: boxes, text in boxes, codes, pictures."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from cardsvc.errors import Rejected
from cardsvc.slips import codes
from cardsvc.slips.fonts import FontChain, plain_spaces
from cardsvc.slips.wrapping import Fitted, TextTooLong, fit, wrap

MM: Final = 72 / 25.4  # points
PAGE_WIDTH: Final = 210.0
PAGE_HEIGHT: Final = 297.0

_ASCENT: Final = 0.88  # of the em box of Chinese fonts; the rest is below the base line
_BOLD: Final = 0.028  # outline of emboldened text, in em: the fonts have no bold cut
_HAIRLINE: Final = 0.5  # points
_MISSING_SIZE: Final = 0.34  # of the em: hexadecimal digits in the box of a missing character


class PortraitUnreadable(Rejected, code="slips.portrait_unreadable"):
    """The portrait is no complete JPEG file."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in mm; x from the left edge, y from the upper edge, both of its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge's x."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge's y."""
        return self.y + self.height

    def inset(self, across: float, down: float = 0.0) -> "Box":
        """Return the box made smaller on each side."""
        return Box(self.x + across, self.y + down, self.width - 2 * across, self.height - 2 * down)


@dataclass(frozen=True, slots=True)
class Style:
    """How a text looks; sizes in points, ``grey`` 0 is black."""

    size: float
    smallest: float = 6.5
    align: Literal["left", "centre", "right"] = "left"
    leading: float = 1.3  # times the size
    bold: bool = False
    grey: float = 0.0


class Sheet:
    """One A4 page being drawn; ``finish`` gives the file. Whoever draws holds ``fonts.REPORTLAB_LOCK``."""

    def __init__(self, fonts: FontChain, *, title: str, subject: str) -> None:
        self.fonts = fonts
        self.missing: dict[str, None] = {}
        self._buffer = io.BytesIO()
        self._canvas = Canvas(
            self._buffer,
            pagesize=(PAGE_WIDTH * MM, PAGE_HEIGHT * MM),
            invariant=1,  # no clock, no random file id: same data, same bytes
            pageCompression=1,
            # Else an unused Helvetica is listed, and not embedded. The type stubs have it wrong.
            initialFontName=fonts.base,  # type: ignore[arg-type]  # its types leave the name out
            lang="zh-CN",
        )
        self._canvas.setTitle(title)
        self._canvas.setSubject(subject)
        self._canvas.setCreator("cardsvc")
        self._canvas.setAuthor("cardsvc")

    def finish(self) -> bytes:
        """Return the finished PDF."""
        self._canvas.showPage()
        self._canvas.save()
        return self._buffer.getvalue()

    # -- text

    def fit(self, text: str, box: Box, style: Style, field: str = "") -> Fitted:
        """Return the lines of ``text`` for ``box``; raise TextTooLong naming ``field``."""
        sizes = (style.size, min(style.size, style.smallest))
        try:
            return fit(text, box.width * MM, box.height * MM, sizes, self.fonts.width, style.leading)
        except TextTooLong:
            raise TextTooLong(field=field or text[:8]) from None

    def lines(self, text: str, width: float, style: Style) -> int:
        """Return how many lines ``text`` takes at the style's own size in ``width`` mm."""
        return len(wrap(text, width * MM, lambda part: self.fonts.width(part, style.size)))

    def pitch(self, style: Style) -> float:
        """Return the distance of two lines in mm."""
        return style.size * style.leading / MM

    def text(self, box: Box, text: str, style: Style, field: str = "") -> None:
        """Draw ``text`` inside ``box``, in the middle of its height, smaller or in more lines where it must be."""
        text = plain_spaces(text)
        if not text.strip():
            return
        fitted = self.fit(text, box, style, field)
        pitch = fitted.size * style.leading
        spare = (box.height * MM - pitch * len(fitted.lines)) / 2
        base = (PAGE_HEIGHT - box.y) * MM - spare - (pitch - fitted.size) / 2 - _ASCENT * fitted.size
        for number, line in enumerate(fitted.lines):
            free = box.width * MM - self.fonts.width(line, fitted.size)
            shift = {"left": 0.0, "centre": free / 2, "right": free}[style.align]
            self._line(box.x * MM + shift, base - number * pitch, line, replace(style, size=fitted.size))

    def upright(self, box: Box, text: str, style: Style) -> None:
        """Draw ``text`` one character below the other, in the middle of ``box``."""
        self.text(box, "\n".join(text), replace(style, align="centre"))

    def _line(self, x: float, y: float, line: str, style: Style) -> None:
        canvas = self._canvas
        canvas.setFillGray(style.grey)
        canvas.setStrokeGray(style.grey)
        canvas.setLineWidth(_BOLD * style.size)
        for run in self.fonts.runs(line):
            if run.font is None:
                self._missing_character(x, y, run.text, style.size)
                x += style.size
                continue
            canvas.saveState()  # the render mode outlives a text object, and reportlab does not know
            part = canvas.beginText(x, y)
            part.setFont(run.font, style.size)
            part.setTextRenderMode(2 if style.bold else 0)
            part.textOut(run.text)
            canvas.drawText(part)
            canvas.restoreState()
            x += self.fonts.width(run.text, style.size)

    def _missing_character(self, x: float, y: float, character: str, size: float) -> None:
        """Draw a dashed box of one em with the code in it: a gap everybody sees, and can look up."""
        self.missing[character] = None
        canvas = self._canvas
        canvas.saveState()
        canvas.setLineWidth(_HAIRLINE)
        canvas.setStrokeGray(0)
        canvas.setDash(1.2, 1.0)
        canvas.rect(x + 0.05 * size, y - 0.1 * size, 0.9 * size, 0.96 * size)
        canvas.restoreState()
        digits = f"{ord(character):04X}"
        half = (len(digits) + 1) // 2
        small = size * _MISSING_SIZE
        for row, part in enumerate((digits[:half], digits[half:])):
            free = size - self.fonts.width(part, small)
            self._line(x + free / 2, y + (0.47 - row * 0.4) * size, part, Style(small))

    # -- lines and areas

    def frame(self, box: Box, *, width: float = _HAIRLINE, shade: float | None = None) -> None:
        """Draw the outline of ``box``, ``width`` points wide, and fill it with a grey where one is given."""
        canvas = self._canvas
        canvas.setStrokeGray(0)
        canvas.setLineWidth(width)
        if shade is not None:
            canvas.setFillGray(shade)
        bottom = (PAGE_HEIGHT - box.bottom) * MM
        canvas.rect(box.x * MM, bottom, box.width * MM, box.height * MM, stroke=1, fill=int(shade is not None))

    def rule(self, x: float, y: float, length: float, *, width: float = _HAIRLINE) -> None:
        """Draw a level line."""
        self._canvas.setStrokeGray(0)
        self._canvas.setLineWidth(width)
        level = (PAGE_HEIGHT - y) * MM
        self._canvas.line(x * MM, level, (x + length) * MM, level)

    def dashed_circle(self, x: float, y: float, diameter: float) -> None:
        """Draw the place of a round seal around its centre."""
        canvas = self._canvas
        canvas.saveState()
        canvas.setStrokeGray(0.45)
        canvas.setLineWidth(0.8)
        canvas.setDash(4, 3)
        canvas.circle(x * MM, (PAGE_HEIGHT - y) * MM, diameter / 2 * MM)
        canvas.restoreState()

    def watermark(self, text: str) -> None:
        """Lay ``text`` across the whole sheet, light enough to read everything under it."""
        canvas = self._canvas
        size = 88.0
        canvas.saveState()
        canvas.translate(PAGE_WIDTH / 2 * MM, PAGE_HEIGHT / 2 * MM)
        canvas.rotate(40)
        canvas.setFillAlpha(0.13)
        canvas.setStrokeAlpha(0.0)
        self._line(-self.fonts.width(text, size) / 2, -size / 3, text, Style(size))
        canvas.restoreState()

    # -- pictures and codes

    def jpeg(self, box: Box, data: bytes) -> None:
        """Draw a JPEG as large as fits in the middle of ``box``; raise PortraitUnreadable."""
        try:
            with Image.open(io.BytesIO(data), formats=["JPEG"]) as picture:
                picture.load()
                across, down = picture.size
        except (OSError, Image.DecompressionBombError):
            raise PortraitUnreadable from None
        scale = min(box.width / across, box.height / down)
        width, height = across * scale, down * scale
        self._canvas.drawImage(
            ImageReader(io.BytesIO(data)),
            (box.x + (box.width - width) / 2) * MM,
            (PAGE_HEIGHT - box.bottom + (box.height - height) / 2) * MM,
            width * MM,
            height * MM,
        )

    def code128(self, x: float, y: float, height: float, content: str) -> float:
        """Draw ``content`` as Code 128 and return the width it took, quiet zones included, in mm."""
        bars = codes.code128_bars(content)
        self._dark([Box(x + left, y, width, height) for left, width in bars])
        return codes.code128_width(bars)

    def qr(self, box: Box, content: str) -> None:
        """Draw ``content`` as a QR symbol that fills ``box`` (square), quiet zone included."""
        rows = codes.qr_modules(content)
        side = box.width / (len(rows) + 2 * codes.QR_QUIET)
        cells = [
            Box(box.x + (start + codes.QR_QUIET) * side, box.y + (row + codes.QR_QUIET) * side, length * side, side)
            for row, modules in enumerate(rows)
            for start, length in _stretches(modules)
        ]
        self._dark(cells)

    def _dark(self, boxes: Sequence[Box]) -> None:
        canvas = self._canvas
        canvas.setFillGray(0)
        path = canvas.beginPath()
        for box in boxes:
            path.rect(box.x * MM, (PAGE_HEIGHT - box.bottom) * MM, box.width * MM, box.height * MM)
        canvas.drawPath(path, stroke=0, fill=1)


def _stretches(modules: Sequence[bool]) -> list[tuple[int, int]]:
    """Return (start, length) of each row of dark modules side by side.

    >>> _stretches([True, True, False, True])
    [(0, 2), (3, 1)]
    """
    found: list[tuple[int, int]] = []
    start: int | None = None
    for position, dark in enumerate([*modules, False]):
        if dark and start is None:
            start = position
        elif not dark and start is not None:
            found.append((start, position - start))
            start = None
    return found
