"""Fonts for any name: a chain asked glyph by glyph; what no font can draw is reported, never dropped."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from cardsvc.errors import CardsvcError
from cardsvc.slips.tounicode import install as install_tounicode

_DEBIAN: Final = Path("/usr/share/fonts")
# In order of preference; HanaMinB is the only one with all of Extension B.
_CANDIDATES: Final = (
    ("WqyZenHei", _DEBIAN / "truetype/wqy/wqy-zenhei.ttc"),
    ("HanaMinA", _DEBIAN / "truetype/hanazono/HanaMinA.ttf"),
    ("HanaMinB", _DEBIAN / "truetype/hanazono/HanaMinB.ttf"),
)
_FALLBACK: Final = "NotoSansSC-Regular.ttf"
_PRIVATE: Final = ((0xE000, 0xF8FF), (0xF0000, 0x10FFFF))


class NoFont(CardsvcError, code="slips.no_font"):
    """No usable Chinese font is installed; facts: wanted."""


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that one font draws; ``font`` "" for one that none can."""

    font: str
    text: str


class FontChain:
    """Fonts in order of preference; thread-safe."""

    def __init__(self, fonts: Sequence[tuple[str, Path]]) -> None:
        install_tounicode()
        self._lock = threading.Lock()
        self._waiting = [(name, path) for name, path in fonts if path.is_file()]
        self._loaded: list[TTFont] = []
        if not self._waiting:
            raise NoFont(wanted="fonts-wqy-zenhei, fonts-hanazono")
        self.base = self._load_next().fontName

    @classmethod
    def discover(cls) -> "FontChain":
        """Return the chain of what is installed; raise NoFont."""
        fetched = Path(str(resources.files("cardsvc"))) / "assets" / "fonts" / _FALLBACK
        return cls([*_CANDIDATES, ("NotoSansSC", fetched)])

    def runs(self, text: str) -> list[Run]:
        """Return the text cut into runs, each with the first font that has all its characters."""
        fonts = [(self._font_of(character), character) for character in text]
        return [Run(name, "".join(c for _, c in group)) for name, group in groupby(fonts, key=lambda pair: pair[0])]

    def missing(self, text: str) -> tuple[str, ...]:
        """Return the characters no font can draw, each once."""
        return tuple(dict.fromkeys(c for c in text if not self._font_of(c)))

    def width(self, text: str, size: float) -> float:
        """Return the text's width in points; a missing character is drawn as a box one em wide."""
        return sum(
            pdfmetrics.stringWidth(run.text, run.font, size) if run.font else size * len(run.text)
            for run in self.runs(text)
        )

    def _font_of(self, character: str) -> str:
        code = ord(character)
        if any(low <= code <= high for low, high in _PRIVATE) or 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - surrogates
            return ""  # a font's private glyph is somebody else's character
        for font in self._loaded:
            if code in font.face.charToGlyph:
                return str(font.fontName)
        with self._lock:
            while self._waiting:
                font = self._load_next()
                if code in font.face.charToGlyph:
                    return str(font.fontName)
        return ""

    def _load_next(self) -> TTFont:
        name, path = self._waiting.pop(0)
        font = TTFont(name, str(path), subfontIndex=0)
        pdfmetrics.registerFont(font)
        self._loaded.append(font)
        return font
