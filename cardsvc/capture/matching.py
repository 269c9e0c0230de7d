"""Photos against people: who has one, who has none, which belong to nobody."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cardsvc.capture.file_names import FileName
from cardsvc.capture.roster import RosterRow
from cardsvc.domain.profiles import FileNaming

# What is wrong with the name alone; the person is known all the same.
_BY_NAME = frozenset({"", "batch.no_photo", "batch.name_differs", "batch.name_not_id_only", "batch.name_lacks_name"})


@dataclass(frozen=True, slots=True)
class Match:
    """One person with the photo to be made into a portrait, or one file or row with why it cannot be."""

    ref: str  # the file, "" where there is none
    line: int | None  # of the roster, None where the person is not on it
    id_number: str
    name: str
    problem: str = ""  # a code; "" goes on to the photo engine

    @property
    def key(self) -> str:
        """What makes two entries of a batch the same one: the person, or the file where it belongs to none."""
        if self.id_number and self.problem in _BY_NAME:
            return f"person:{self.id_number}"
        return f"file:{self.ref}" if self.ref else f"row:{self.line}"

    def portrait_name(self, naming: FileNaming) -> str:
        """Return what the finished portrait's file is called."""
        name = f"_{self.name}" if naming is FileNaming.ID_NAME and self.name else ""
        return f"{self.id_number}{name}.jpg".replace("/", "_")


def match(
    files: Iterable[FileName], roster: Sequence[RosterRow] | None, naming: FileNaming = FileNaming.ANY
) -> list[Match]:
    """Return one entry for every file and every row; without a roster every well-named file is a person."""
    found: list[Match] = []
    by_number: dict[str, list[FileName]] = defaultdict(list)
    for file in files:
        if file.problem:
            found.append(Match(file.ref, None, "", file.name, file.problem))
        else:
            by_number[file.id_number].append(file)
    people = {row.id_number: row for row in roster or () if not row.problem}
    found += [Match("", row.line, row.id_number, row.name, row.problem) for row in roster or () if row.problem]
    for number, row in people.items():
        if number not in by_number:
            found.append(Match("", row.line, number, row.name, "batch.no_photo"))
    for number, named in by_number.items():
        person = people.get(number)
        for file in named:
            found.append(_one(file, person, naming, alone=len(named) == 1, listed=roster is not None))
    return found


def _one(file: FileName, person: RosterRow | None, naming: FileNaming, *, alone: bool, listed: bool) -> Match:
    line = person.line if person else None
    name = person.name if person else file.name
    problem = ""
    if not alone:
        problem = "batch.duplicate"
    elif listed and person is None:
        problem = "batch.not_on_roster"
    elif person is not None and file.name and file.name != person.name:
        problem = "batch.name_differs"
    elif naming is FileNaming.ID and file.name:
        problem = "batch.name_not_id_only"
    elif naming is FileNaming.ID_NAME and not file.name:
        problem = "batch.name_lacks_name"
    return Match(file.ref, line, file.id_number, name, problem)
