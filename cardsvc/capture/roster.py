"""Rosters (花名册): lists of people as employers send them, xlsx, xls, ods or csv.

The header row is looked for in the first rows by its names; other columns are let be. A number that the sheet kept
as a number has lost digits (a spreadsheet holds fifteen) and is refused, never guessed.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from cardsvc.domain.ids import parse_id_number
from cardsvc.errors import Rejected

_NUMBER_HEADS: Final = ("公民身份号码", "身份证号码", "身份证号", "证件号码", "社会保障号码", "id number", "id")
_NAME_HEADS: Final = ("姓名", "name")
_HEAD_ROWS: Final = 10
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_LONGEST: Final = 200_000

Cell = object


class RosterUnreadable(Rejected, code="roster.unreadable"):
    """The file is no spreadsheet that can be read: damaged, locked with a password, or something else."""


class RosterHeadless(Rejected, code="roster.no_header"):
    """No row names the columns 姓名 and 身份证号码; facts: missing."""


class RosterTooLong(Rejected, code="roster.too_long"):
    """There are more rows than one roster may have; facts: limit."""


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One person; ``problem`` is a code, "" for a good row."""

    line: int  # as the spreadsheet counts
    id_number: str
    name: str
    problem: str = ""


def read_roster(data: bytes, name: str) -> list[RosterRow]:
    """Return the people of the first sheet; raise RosterUnreadable, RosterHeadless or RosterTooLong."""
    rows = list(_csv(data) if name.lower().endswith((".csv", ".txt")) else _sheet(data))
    if len(rows) > _LONGEST:
        raise RosterTooLong(limit=_LONGEST)
    start, number_at, name_at = _columns(rows)
    seen: dict[str, int] = {}
    people = []
    for line, row in enumerate(rows[start:], start=start + 1):
        if all(_text(cell) == "" for cell in row):
            continue
        person = _person(line, _at(row, number_at), _text(_at(row, name_at)))
        if not person.problem and seen.setdefault(person.id_number, line) != line:
            person = RosterRow(line, person.id_number, person.name, "roster.twice")
        people.append(person)
    return people


def _person(line: int, number: Cell, name: str) -> RosterRow:
    if isinstance(number, int | float) and not isinstance(number, bool):
        return RosterRow(line, "", name, "roster.number_lost_digits")
    text = _text(number)
    if not text:
        return RosterRow(line, "", name, "roster.no_number")
    try:
        parsed = parse_id_number(text)
    except Rejected as error:
        return RosterRow(line, "", name, error.code)
    return RosterRow(line, parsed, name, "" if name else "roster.no_name")


def _sheet(data: bytes) -> Sequence[Sequence[Cell]]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        return workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, ValueError, OSError, IndexError) as error:
        raise RosterUnreadable from error


def _csv(data: bytes) -> Iterator[Sequence[Cell]]:
    for encoding in _ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        try:
            dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:4096], ",;\t")
        except csv.Error:
            dialect = csv.excel
        try:
            # ="1101…" is how a number is kept as text in a csv for spreadsheets.
            yield from (
                [cell.strip().removeprefix("=").strip('"') for cell in row]
                for row in csv.reader(io.StringIO(text), dialect)
            )
        except csv.Error as error:
            raise RosterUnreadable from error
        return
    raise RosterUnreadable


def _columns(rows: Sequence[Sequence[Cell]]) -> tuple[int, int, int]:
    """Return the first data row and the columns of number and name, counted from 0."""
    missing = "姓名, 身份证号码"
    for index, row in enumerate(rows[:_HEAD_ROWS]):
        heads = ["".join(_text(cell).lower().split("（")[0].split()) for cell in row]
        number = next(
            (heads.index(head) for head in (h.replace(" ", "") for h in _NUMBER_HEADS) if head in heads), None
        )
        name = next((heads.index(head) for head in _NAME_HEADS if head in heads), None)
        if number is not None and name is not None:
            return index + 1, number, name
        if number is not None or name is not None:
            missing = "姓名" if name is None else "身份证号码"
    raise RosterHeadless(missing=missing)


def _at(row: Sequence[Cell], index: int) -> Cell:
    return row[index] if index < len(row) else ""


def _text(cell: Cell) -> str:
    return str(cell).strip() if cell is not None else ""
