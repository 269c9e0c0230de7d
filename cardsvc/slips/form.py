"""A form in the manner of Chinese offices: sections named upright on the left, labels on grey, values beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from cardsvc.slips.layout import PAGE_WIDTH, Box, Sheet, Style

LEFT: Final = 15.0
WIDTH: Final = PAGE_WIDTH - 2 * LEFT
SECTION_WIDTH: Final = 9.0  # width of the section names' column
PHOTO_WIDTH: Final = 33.0
PORTRAIT: Final = (26.0, 32.0)  # mm, 358×441 px at 350 dpi [NT]
_PHOTO_ROWS: Final = 4
_PHOTO_ROW: Final = 8.5  # mm, the least height of a row beside the photo
_LONE_ROW: Final = 8.4  # mm, of a section of one row: its name takes two lines
_PAD: Final = 2.5  # mm left of and right of a value
_LEGIBLE: Final = 9.0  # points, the least size of a value
_LABEL: Final = Style(10.5, smallest=8, align="centre", leading=1.2)
VALUE: Final = Style(12, leading=1.22)
_SECTION_NAME: Final = Style(10.5, smallest=7, leading=1.15, bold=True)
_SECTION_NAME_LEVEL: Final = Style(9, smallest=7, leading=1.15, bold=True, align="centre")
SHADE: Final = 0.94


@dataclass(frozen=True, slots=True)
class Cell:
    """A label and its value side by side; widths in mm."""

    label: str
    value: str
    width: float  # of the value
    style: Style = VALUE
    label_width: float = 25.0


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under one name, which stands upright on the left; ``photo`` keeps room on the right of the first four."""

    name: str
    rows: tuple[tuple[Cell, ...], ...]
    photo: bool = False


def longest(sections: Sequence[Section]) -> Cell:
    """Return the cell to complain about where the page is full."""
    return max((cell for section in sections for row in section.rows for cell in row), key=lambda cell: len(cell.value))


def row_heights(sheet: Sheet, section: Section, least: float, most_lines: int) -> list[float]:
    """Return the heights of a section's rows, those beside the photo high enough for it."""
    beside = max(least, _PHOTO_ROW)
    if len(section.rows) == 1:
        least = max(least, _LONE_ROW)
    return [
        _row_height(sheet, cells, beside if section.photo and number < _PHOTO_ROWS else least, most_lines)
        for number, cells in enumerate(section.rows)
    ]


def _row_height(sheet: Sheet, cells: Sequence[Cell], least: float, most_lines: int) -> float:
    """Return the height of a row: long values get smaller down to 9 points, and from there the row grows.

    A value alone in its row keeps its size up to ``most_lines``.
    """
    height = least
    for cell in cells:
        width = cell.width - 2 * _PAD
        small = replace(cell.style, size=min(_LEGIBLE, cell.style.size))
        needed = text_height(sheet, cell.value, width, small)
        if len(cells) == 1:
            needed = max(needed, text_height(sheet, cell.value, width, cell.style, most_lines))
        height = max(height, needed + 3.0)
    return height


def text_height(sheet: Sheet, text: str, width: float, style: Style, most: int = 99) -> float:
    """Return the height in mm of ``text`` at its style's own size, of ``most`` lines at most."""
    lines = sheet.lines(text, width, style)
    return min(lines, most) * sheet.pitch(style)


def draw_section(sheet: Sheet, section: Section, heights: Sequence[float], top: float, portrait: bytes) -> None:
    """Draw one section with its upper edge at ``top`` mm, and the portrait where the section keeps room for it.

    Raise TextTooLong naming the label, or PortraitUnreadable.
    """
    name = Box(LEFT, top, SECTION_WIDTH, sum(heights))
    sheet.frame(name, shade=SHADE)
    draw_section_name(sheet, name, section.name)
    y = top
    for cells, height in zip(section.rows, heights, strict=True):
        x = LEFT + SECTION_WIDTH
        for cell in cells:
            label = Box(x, y, cell.label_width, height)
            value = Box(label.right, y, cell.width, height)
            sheet.frame(label, shade=SHADE)
            sheet.text(label.inset(1.2, 0.6), cell.label, _LABEL)
            sheet.frame(value)
            sheet.text(value.inset(_PAD, 0.6), cell.value, cell.style, cell.label)
            x = value.right
        y += height
    if section.photo:
        place = Box(LEFT + WIDTH - PHOTO_WIDTH, top, PHOTO_WIDTH, sum(heights[:_PHOTO_ROWS]))
        sheet.frame(place)
        across, down = PORTRAIT
        middle = Box(place.x + (PHOTO_WIDTH - across) / 2, place.y + (place.height - down) / 2, across, down)
        sheet.jpeg(middle, portrait)


def draw_section_name(sheet: Sheet, box: Box, name: str) -> None:
    """Write the name upright; where the section is one row high, level and in two lines."""
    if box.height < len(name) * sheet.pitch(_SECTION_NAME) + 1:
        half = (len(name) + 1) // 2
        lines = name if half == 1 else f"{name[:half]}\n{name[half:]}"
        sheet.text(box.inset(0.4), lines, _SECTION_NAME_LEVEL)
        return
    sheet.upright(box.inset(0.5), name, _SECTION_NAME)
