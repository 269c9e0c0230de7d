"""A contact sheet for the eye: source, result, the standard's lines over it, and the verdict, a row a photo."""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cardsvc.capture.decode import Undecodable, decode
from cardsvc.capture.problems import PhotoResult
from cardsvc.domain.profiles import PhotoRules
from cardsvc.domain.words import say

FontAt = Callable[[int], ImageFont.FreeTypeFont | ImageFont.ImageFont]

_ROW: Final = 470
_SOURCE: Final = 420  # width of the source's cell
_NOTES: Final = 760
_GAP: Final = 16
_INK, _PALE, _GOOD, _BAD = (30, 40, 50), (140, 150, 160), (20, 120, 60), (170, 30, 25)
_LINE, _RANGE = (0, 120, 255), (255, 150, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One photo and what was made of it."""

    name: str
    source: bytes
    made: PhotoResult


def contact_sheet(entries: Iterable[Entry], rules: PhotoRules, font: FontAt, *, language: str) -> Image.Image:
    """Return the sheet as one RGB picture; its height grows with the entries."""
    rows = [_row(entry, rules, font, language=language) for entry in entries]
    width = _SOURCE + 2 * rules.width + _NOTES + 5 * _GAP
    sheet = Image.new("RGB", (width, max(1, len(rows)) * _row_height(rules)), "white")
    for index, row in enumerate(rows):
        sheet.paste(row, (0, index * row.height))
    return sheet


def _row_height(rules: PhotoRules) -> int:
    return max(_ROW, rules.height + 2 * _GAP)


def _row(entry: Entry, rules: PhotoRules, font: FontAt, *, language: str) -> Image.Image:
    height = _row_height(rules)
    row = Image.new("RGB", (_SOURCE + 2 * rules.width + _NOTES + 5 * _GAP, height), "white")
    draw = ImageDraw.Draw(row)
    draw.line((0, height - 1, row.width, height - 1), fill=_PALE)
    source = _source(entry.source)
    if source is not None:
        source.thumbnail((_SOURCE, height - 2 * _GAP))
        row.paste(source, (_GAP, _GAP))
    x = _SOURCE + 2 * _GAP
    if entry.made.portrait is not None:
        portrait = Image.open(io.BytesIO(entry.made.portrait)).convert("RGB")
        row.paste(portrait, (x, _GAP))
        row.paste(_lined(portrait, entry.made, rules), (x + rules.width + _GAP, _GAP))
    else:
        for left in (x, x + rules.width + _GAP):
            draw.rectangle((left, _GAP, left + rules.width, _GAP + rules.height), outline=_PALE)
    _notes(draw, (x + 2 * (rules.width + _GAP), _GAP), entry, font, language=language)
    return row


def _source(data: bytes) -> Image.Image | None:
    try:
        picture = decode(data, (255, 255, 255), least_side=2 * _SOURCE)
    except Undecodable:
        return None
    return Image.fromarray(np.ascontiguousarray(picture.to_srgb(picture.pixels)))


def _lined(portrait: Image.Image, made: PhotoResult, rules: PhotoRules) -> Image.Image:
    """Return the portrait with the allowed ranges (orange) and what was measured (blue)."""
    lined = portrait.copy()
    draw = ImageDraw.Draw(lined)
    middle = rules.width / 2
    for row in rules.hair_top:
        draw.line((0, row, rules.width, row), fill=_RANGE)
    draw.line((0, rules.height - rules.eye_line_min, rules.width, rules.height - rules.eye_line_min), fill=_RANGE)
    for width in rules.face_width:
        for side in (-1, 1):
            x = middle + side * width / 2
            draw.line((x, 0, x, rules.height), fill=_RANGE)
    measures = made.measures
    if "eye_line" in measures:
        eye, hair = rules.height - measures["eye_line"], measures["hair_top"]
        draw.line((0, eye, rules.width, eye), fill=_LINE, width=2)
        draw.line((0, hair, rules.width, hair), fill=_LINE, width=2)
        for side in (-1, 1):
            x = middle + side * measures["face_width"] / 2
            draw.line((x, eye - 60, x, eye + 60), fill=_LINE, width=2)
    return lined


def _notes(draw: ImageDraw.ImageDraw, at: tuple[float, float], entry: Entry, font: FontAt, *, language: str) -> None:
    x, y = at
    made = entry.made
    draw.text((x, y), entry.name[:60], fill=_INK, font=font(22))
    y += 32
    verdict = say("verdict.accepted" if made.accepted else "verdict.refused", language)
    draw.text((x, y), verdict, fill=_GOOD if made.accepted else _BAD, font=font(22))
    y += 36
    measures = made.measures
    if "face_width" in measures:
        told = "  ".join(f"{name} {measures[name]:g}" for name in ("face_width", "hair_top", "eye_line", "off_centre"))
        draw.text((x, y), told, fill=_INK, font=font(16))
        y += 24
        draw.text((x, y), f"{measures['bytes']:g} bytes, quality {measures['quality']:g}", fill=_INK, font=font(16))
        y += 30
    for problem in made.problems:
        for line in _wrapped(f"{problem.severity.value}: {problem.sentence(language)} [{problem.code}]", 46):
            draw.text((x, y), line, fill=_BAD if problem.severity.value == "refuse" else _INK, font=font(16))
            y += 22


def _wrapped(text: str, widest: int) -> list[str]:
    """Return the text in lines of about so many full-width characters."""
    lines, used = [""], 0.0
    for character in text:
        wide = 1.0 if ord(character) > 0x2E80 else 0.55  # noqa: PLR2004 - from here on characters are full width
        if used + wide > widest or (character == " " and used + 6 > widest):
            lines.append("")
            used = 0.0
        lines[-1] += character
        used += wide
    return [line.strip() for line in lines]
