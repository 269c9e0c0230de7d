"""Drawing on a page: text in a font chain, label-and-value cells, boxes, bar codes. Lengths in points, y upwards."""

from dataclasses import dataclass, field
from typing import Any, Final

import segno
from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from cardsvc.slips.fonts import FontChain

_GREY: Final = 0.45
_LINE: Final = 0.6


@dataclass(slots=True)
class Sheet:
    """One page being drawn; ``missing`` collects what no font could draw."""

    canvas: Canvas
    fonts: FontChain
    missing: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, text: str, size: float, *, grey: bool = False) -> float:
        """Draw one line from ``x``; return where it ends."""
        self.canvas.setFillGray(_GREY if grey else 0)
        for run in self.fonts.runs(text):
            if run.font:
                self.canvas.setFont(run.font, size)
                self.canvas.drawString(x, y, run.text)
                x += self.fonts.width(run.text, size)
            else:
                for character in run.text:
                    self._missing_box(x, y, character, size)
                    x += size
        return x

    def centred(self, x: float, y: float, text: str, size: float, *, grey: bool = False) -> None:
        """Draw one line about the middle ``x``."""
        self.text(x - self.fonts.width(text, size) / 2, y, text, size, grey=grey)

    def wrapped(self, text: str, width: float, size: float) -> list[str]:
        """Return the text cut into lines no wider than ``width``; words of Latin letters stay whole where they can."""
        lines, line = [], ""
        for piece in _pieces(text):
            for part in [piece] if self.fonts.width(piece, size) <= width else list(piece):
                if line and self.fonts.width(line + part, size) > width:
                    lines.append(line.rstrip())
                    line = ""
                line += part if line else part.lstrip()
        return [*lines, line] if line or not lines else lines

    def cell(self, x: float, y: float, width: float, height: float, label: str, value: str) -> None:
        """Draw a cell with a small grey label above its value; a long value wraps and shrinks to stay inside."""
        self.canvas.setLineWidth(_LINE)
        self.canvas.rect(x, y, width, height)
        self.text(x + 2 * mm, y + height - 3.6 * mm, label, 7.5, grey=True)
        for size in (11.5, 10.0, 9.0, 8.0, 7.0):
            lines = self.wrapped(value, width - 4 * mm, size)
            if len(lines) * size * 1.15 <= height - 5 * mm:
                break
        top = y + height - 5.2 * mm - size
        for index, line in enumerate(lines):
            self.text(x + 2 * mm, top - index * size * 1.15, line, size)

    def code128(self, x: float, y: float, digits: str, *, height: float = 11 * mm) -> float:
        """Draw a Code 128 of the digits with its quiet zones; return its width."""
        code: Any = Code128(digits, barWidth=0.4 * mm, barHeight=height, humanReadable=False, quiet=True)
        self.canvas.setFillGray(0)
        code.drawOn(self.canvas, x, y)
        return float(code.width)

    def qr(self, x: float, y: float, text: str, side: float) -> None:
        """Draw a QR code with its quiet zone inside a square of ``side``."""
        rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix_iter(border=4)]
        module = side / len(rows)
        self.canvas.setFillGray(0)
        for row_index, row in enumerate(rows):
            for column, dark in enumerate(row):
                if dark:
                    self.canvas.rect(
                        x + column * module, y + side - (row_index + 1) * module, module, module, stroke=0, fill=1
                    )

    def seal(self, x: float, y: float, radius: float, label: str) -> None:
        """Draw the dashed circle a seal goes into, about (x, y)."""
        self.canvas.saveState()
        self.canvas.setDash(3, 3)
        self.canvas.setStrokeGray(0.6)
        self.canvas.circle(x, y, radius)
        self.canvas.restoreState()
        self.centred(x, y - 3, label, 8.5, grey=True)

    def watermark(self, text: str, width: float, height: float) -> None:
        """Draw a pale word across the page, behind everything: call it first."""
        self.canvas.saveState()
        self.canvas.setFillGray(0.93)
        self.canvas.translate(width / 2, height / 2)
        self.canvas.rotate(45)
        self.canvas.setFont(self.fonts.base, 80)
        self.canvas.drawCentredString(0, 0, text)
        self.canvas.restoreState()

    def _missing_box(self, x: float, y: float, character: str, size: float) -> None:
        if character not in self.missing:
            self.missing.append(character)
        self.canvas.saveState()
        self.canvas.setDash(1, 1)
        self.canvas.setLineWidth(0.4)
        self.canvas.rect(x + 0.5, y - size * 0.12, size - 1, size)
        self.canvas.restoreState()
        self.canvas.setFont(self.fonts.base, size * 0.3)
        self.canvas.drawCentredString(x + size / 2, y + size * 0.3, f"{ord(character):X}")


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for character in text:
        if pieces and character.isascii() and character != " " and pieces[-1][-1].isascii() and pieces[-1][-1] != " ":
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces
