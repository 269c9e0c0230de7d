"""What became of a batch, for the people who sent it: an Excel list with reasons and a ZIP of the portraits."""

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from cardsvc.domain.words import say
from cardsvc.services.photo_batches import ItemView
from cardsvc.store.models import WorkState

_COLUMNS: Final = (
    ("column.line", 8),
    ("column.id_number", 22),
    ("column.name", 16),
    ("column.file", 32),
    ("column.result", 12),
    ("column.reasons", 90),
    ("column.codes", 40),
)


def verdict(item: ItemView) -> str:
    """Return accepted, refused, unmatched (the engine never saw it) or due, as a words code."""
    if item.match.problem:
        return "verdict.unmatched"
    if item.state is WorkState.DUE:
        return "verdict.due"
    return "verdict.accepted" if item.accepted else "verdict.refused"


def findings(item: ItemView, language: str) -> Iterator[tuple[str, str]]:
    """Yield code and sentence of everything found."""
    if item.match.problem:
        yield item.match.problem, say(item.match.problem, language)
    problems: Any = (item.report or {}).get("problems", [])
    for problem in problems:
        yield problem["code"], problem[language]


def write_list(items: Iterable[ItemView], path: Path, *, language: str) -> None:
    """Write the Excel list: problems first on a filter away, ID numbers as text."""
    part = path.with_suffix(".part")
    with xlsxwriter.Workbook(part, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(say("column.sheet", language))
        text, wrapped = book.add_format({"num_format": "@"}), book.add_format({"text_wrap": True, "valign": "top"})
        head = book.add_format({"bold": True, "bg_color": "#E8EEF5", "border": 1})
        for column, (code, width) in enumerate(_COLUMNS):
            sheet.set_column(column, column, width, text if code == "column.id_number" else None)
            sheet.write_string(0, column, say(code, language), head)
        sheet.freeze_panes(1, 0)
        last = 0
        for last, item in enumerate(items, start=1):
            found = list(findings(item, language))
            if item.match.line is not None:
                sheet.write_number(last, 0, item.match.line)
            sheet.write_string(last, 1, item.match.id_number, text)
            sheet.write_string(last, 2, item.match.name)
            sheet.write_string(last, 3, item.match.ref)
            sheet.write_string(last, 4, say(verdict(item), language))
            sheet.write_string(last, 5, "\n".join(sentence for _, sentence in found), wrapped)
            sheet.write_string(last, 6, ", ".join(code for code, _ in found))
        sheet.autofilter(0, 0, last, len(_COLUMNS) - 1)
    part.replace(path)


def pack(portraits: Iterable[Path], path: Path) -> None:
    """Write the portraits into a ZIP; JPEGs are stored, not squeezed again."""
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for portrait in portraits:
            archive.write(portrait, portrait.name)
    part.replace(path)
