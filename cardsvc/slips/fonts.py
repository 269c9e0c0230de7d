"""The font chain: for every single character the first font that has it, each font loaded when first needed.

No TrueType font holds all of Unicode's Chinese characters, and rare ones are what names are made of. WenQuanYi
Zen Hei is the face of the papers; Hanazono A and B bring the rest up to Extension F. Characters of the private
use areas are never drawn: what they look like depends on the font, so a name could silently become another.
"""

import struct
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final, Self, cast
from unicodedata import category
from zlib import crc32

import structlog
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from cardsvc.errors import DeviceFault
from cardsvc.slips import tounicode

log = structlog.get_logger(__name__)

_DEBIAN: Final = Path("/usr/share/fonts/truetype")
_ASSETS: Final = Path(__file__).parent.parent / "assets" / "fonts"
CANDIDATES: Final = (
    _DEBIAN / "wqy" / "wqy-zenhei.ttc",
    _ASSETS / "NotoSansSC-Regular.ttf",
    _DEBIAN / "hanazono" / "HanaMinA.ttf",
    _DEBIAN / "hanazono" / "HanaMinB.ttf",
    _DEBIAN / "babelstone" / "BabelStoneHan.ttf",
    _DEBIAN / "babelstone-han" / "BabelStoneHan.ttf",
)
# Private use, surrogates, controls and invisible formats: what would be drawn is a guess, or nothing.
_NEVER_DRAWN: Final = frozenset({"Co", "Cs", "Cc", "Cf"})
# Variation selectors ask for one particular form of the character before; the chain cannot promise it.
_SELECTORS: Final = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_SPACES: Final = " \u3000"  # any other kind of white space is drawn as a plain space
_KEPT: Final = _SPACES + "\n"
_RARE: Final = "𠅤"  # Extension B: only a font for rare characters has it

# reportlab keeps one registry of fonts for the process, and makes subsets in it while a document is saved.
REPORTLAB_LOCK: Final = threading.RLock()

tounicode.install()


class NoFont(DeviceFault, code="slips.no_font"):
    """No font file that could draw Chinese is installed here; facts: tried."""


@dataclass(frozen=True, slots=True)
class Run:
    """Characters in a row drawn from one font; ``font`` is reportlab's name for it, None: no font has them."""

    font: str | None
    text: str


class _Face:
    """One font file, read when its first character is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = f"{path.stem}-{crc32(bytes(path)):08x}"  # reportlab's registry is one for the process
        self._glyphs: dict[int, int] | None = None  # code point → glyph number; empty: of no use
        self._ends: list[int] = []  # where each glyph's outline begins in the file, and the previous one's ends

    def has(self, character: str) -> bool:
        """Return whether this font draws ``character``, with ink unless it is a space.

        Zen Hei maps a hundred rare characters (such as U+2F803) to an empty outline: they would print as nothing.
        """
        glyphs = self._glyphs if self._glyphs is not None else self._load()
        glyph = glyphs.get(ord(character), 0)
        return glyph != 0 and (character in _SPACES or self._ends[glyph] < self._ends[glyph + 1])

    def _load(self) -> dict[int, int]:
        """Read the file; one that cannot be read is logged and has no character."""
        with REPORTLAB_LOCK:
            try:
                face = _registered(self.name, self.path).face
            except (TTFError, OSError, struct.error, LookupError) as fault:  # damaged files raise any of these
                log.warning("font_unreadable", path=str(self.path), reason=str(fault))
                glyphs: dict[int, int] = {}
            else:
                self._ends, glyphs = face.glyphPos, face.charToGlyph
            self._glyphs = glyphs
            return glyphs

    def width(self, text: str, size: float) -> float:
        """Return the advance of ``text`` in points."""
        return float(pdfmetrics.stringWidth(text, self.name, size))


def _registered(name: str, path: Path) -> TTFont:
    """Return the font, from reportlab's registry if another chain has loaded the same file."""
    if name in pdfmetrics.getRegisteredFontNames():
        return cast("TTFont", pdfmetrics.getFont(name))
    # Not "ASCII readable": that would embed all of ASCII in every paper.
    font = TTFont(name, str(path), asciiReadable=False)
    pdfmetrics.registerFont(font)
    return font


def plain_spaces(text: str) -> str:
    r"""Return ``text`` with tabs, no-break and other spaces as plain ones; line breaks and U+3000 stay.

    >>> plain_spaces("A\tB\u00a0C")
    'A B C'
    """
    return "".join(" " if part.isspace() and part not in _KEPT else part for part in text)


class FontChain:
    """Fonts in order of preference. May be shared between threads."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Take font files in order of preference; raise NoFont if the first one that exists is of no use."""
        self._faces = [_Face(path) for path in paths if path.is_file()]
        while self._faces and not self._faces[0].has("中"):
            del self._faces[0]
        if not self._faces:
            raise NoFont(tried=", ".join(path.name for path in paths))
        self._chosen: dict[str, _Face | None] = {}
        self._by_name = {face.name: face for face in self._faces}

    @classmethod
    def discover(cls, candidates: Sequence[Path] = CANDIDATES) -> Self:
        """Return the chain of those candidates that are installed; raise NoFont."""
        return cls(candidates)

    @property
    def base(self) -> str:
        """The name reportlab knows the first font by, which draws all ordinary text."""
        return self._faces[0].name

    @property
    def files(self) -> tuple[Path, ...]:
        """The font files in use, in order."""
        return tuple(face.path for face in self._faces)

    def has_rare_characters(self) -> bool:
        """Return whether a font for characters beyond the Basic Multilingual Plane is installed, for /healthz."""
        return not self.covers(_RARE)

    def covers(self, text: str) -> tuple[str, ...]:
        """Return the characters of ``text`` that no font draws, each once, in order; empty: all are covered."""
        drawn = dict.fromkeys(plain_spaces(text))
        return tuple(character for character in drawn if character != "\n" and self._face_for(character) is None)

    def runs(self, text: str) -> Iterator[Run]:
        """Split ``text`` where the font changes; characters without a font come one a run."""
        for face, characters in groupby(text, self._face_for):
            if face is None:
                for character in characters:
                    yield Run(None, character)
            else:
                yield Run(face.name, "".join(characters))

    def width(self, text: str, size: float) -> float:
        """Return the advance of ``text`` at ``size`` points, in points; a missing character is one em wide."""
        return sum(
            size if run.font is None else self._by_name[run.font].width(run.text, size) for run in self.runs(text)
        )

    def _face_for(self, character: str) -> _Face | None:
        if character not in self._chosen:
            self._chosen[character] = self._choose(character)
        return self._chosen[character]

    def _choose(self, character: str) -> _Face | None:
        if category(character) in _NEVER_DRAWN or any(ord(character) in area for area in _SELECTORS):
            return None
        return next((face for face in self._faces if face.has(character)), None)
