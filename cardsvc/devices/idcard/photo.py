"""The photo on the chip: 1024 bytes of WLT, decoded by a plug-in where a desk has one.

No open decoder of WLT (GA/T 490) exists; vendors ship binaries. Without one the raw bytes are kept
and the reading goes on. ``SimDecoder`` knows only the portraits of our own simulated cards.
"""

import io
import random
from typing import Final, Protocol

WLT_HEADER: Final = bytes.fromhex("574C66007E00320000FF")  # "WL", 102, 126 … as every sample begins
SIM_MARKER: Final = b"SIMWLT1\0"
WIDTH: Final = 102
HEIGHT: Final = 126
_SCALE: Final = 4  # drawn larger and reduced: smooth edges
_ID_AT: Final = len(WLT_HEADER) + len(SIM_MARKER)


class PhotoDecoder(Protocol):
    """Turns the chip's photo into a picture; slow or crash-prone ones run in a process of their own."""

    def decode(self, wlt: bytes) -> bytes | None:
        """Return a BMP of 102x126 pixels (38 862 bytes), None where the photo cannot be decoded."""
        ...


class SimDecoder:
    """Draws the portrait a simulated card names; returns None for every other photo."""

    def decode(self, wlt: bytes) -> bytes | None:
        """Return a drawn head as BMP for a simulated photo, else None."""
        if wlt[: len(WLT_HEADER)] != WLT_HEADER or wlt[len(WLT_HEADER) : _ID_AT] != SIM_MARKER:
            return None
        if len(wlt) < _ID_AT + 4:
            return None
        return draw_head(int.from_bytes(wlt[_ID_AT : _ID_AT + 4], "big"))


def draw_head(portrait: int) -> bytes:
    """Return the plain head of number ``portrait`` (odd: long hair) as a 24-bit BMP of 102x126 pixels."""
    from PIL import Image, ImageDraw

    rng = random.Random(portrait)  # noqa: S311 - a drawing, not a secret
    skin = tuple(part + rng.randrange(-14, 15) for part in (228, 192, 164))
    hair = tuple(part + rng.randrange(0, 30) for part in (24, 20, 20))
    coat = tuple(rng.randrange(40, 150) for _ in range(3))
    long_hair = portrait % 2 == 1
    image = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), (255, 255, 255))
    pen = ImageDraw.Draw(image)

    def at(*edges: float) -> list[float]:
        return [edge * _SCALE for edge in edges]

    half = rng.uniform(20, 24)
    if long_hair:
        pen.rounded_rectangle(at(51 - half - 6, 22, 51 + half + 6, 98), 18 * _SCALE, fill=hair)
    pen.ellipse(at(4, 96, 98, 176), fill=coat)
    pen.rectangle(at(43, 82, 59, 102), fill=skin)
    pen.ellipse(at(51 - half - 3, 14, 51 + half + 3, 64), fill=hair)
    pen.ellipse(at(51 - half, 24, 51 + half, 88), fill=skin)
    pen.chord(at(51 - half, 20, 51 + half, 56), 180, 360, fill=hair)
    for eye in (51 - half * 0.45, 51 + half * 0.45):
        pen.line(at(eye - 5, 49, eye + 5, 48.5), fill=hair, width=_SCALE)
        pen.ellipse(at(eye - 3.5, 53, eye + 3.5, 57), fill=(250, 250, 250))
        pen.ellipse(at(eye - 2, 53, eye + 2, 57), fill=(30, 24, 20))
    pen.line(at(51, 58, 49.5, 66, 52, 67), fill=tuple(part - 40 for part in skin), width=_SCALE)
    pen.arc(at(43, 66, 59, 78), 30, 150, fill=(170, 80, 80), width=int(1.5 * _SCALE))
    small = image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "BMP")
    return out.getvalue()
