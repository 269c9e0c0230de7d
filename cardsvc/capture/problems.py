"""What became of a photograph: findings as codes with their figures; sentences are in ``domain/words/photo.toml``."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cardsvc.domain.words import LANGUAGES, say

RESULT_VERSION: Final = 1


class Severity(StrEnum):
    """Whether the photo is turned away, or taken with a remark."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding; value and limit are in the unit the sentence names (px, %, degrees), rounded for reading."""

    code: str
    severity: Severity
    value: float | None = None
    limit: float | None = None
    found: str = ""  # what the file really is, as a words code such as filekind.pdf

    def sentence(self, language: str) -> str:
        """Return what to tell the person in front, in ``language`` ("zh" or "en")."""
        return say(self.code, language, value=self.value, limit=self.limit, found=self.found)

    def as_dict(self) -> dict[str, object]:
        """Return the finding as JSON-able data with its sentences."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "value": self.value,
            "limit": self.limit,
            **{language: self.sentence(language) for language in LANGUAGES},
        }


def refuse(code: str, value: float | None = None, limit: float | None = None, found: str = "") -> Problem:
    """Return a finding that turns the photo away."""
    return Problem(code, Severity.REFUSE, value, limit, found)


def warn(code: str, value: float | None = None, limit: float | None = None) -> Problem:
    """Return a finding the clerk should look at."""
    return Problem(code, Severity.WARN, value, limit)


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """What became of one photo."""

    accepted: bool
    portrait: bytes | None  # the finished JPEG, None where refused
    problems: tuple[Problem, ...]
    measures: dict[str, float]
    background_replaced: bool
    geometry_checked: bool

    def as_dict(self) -> dict[str, object]:
        """Return the result as JSON-able data without the picture; the layout is RESULT_VERSION's."""
        return {
            "version": RESULT_VERSION,
            "accepted": self.accepted,
            "bytes": len(self.portrait) if self.portrait else None,
            "problems": [problem.as_dict() for problem in self.problems],
            "measures": self.measures,
            "background_replaced": self.background_replaced,
            "geometry_checked": self.geometry_checked,
            "not_judged": ["head_covering", "clothing", "age_of_photo"],
        }


def result(
    portrait: bytes | None,
    problems: list[Problem],
    measures: dict[str, float] | None = None,
    *,
    background_replaced: bool = False,
    geometry_checked: bool = False,
) -> PhotoResult:
    """Return the result these findings make: a portrait is handed out only where none of them refuses."""
    accepted = portrait is not None and all(problem.severity is not Severity.REFUSE for problem in problems)
    return PhotoResult(
        accepted=accepted,
        portrait=portrait if accepted else None,
        problems=_gravest(problems),
        measures={name: round(value, 2) for name, value in (measures or {}).items()},
        background_replaced=background_replaced,
        geometry_checked=geometry_checked,
    )


def _gravest(problems: list[Problem]) -> tuple[Problem, ...]:
    """Return one finding a code, refusals before warnings."""
    found: dict[str, Problem] = {}
    for problem in sorted(problems, key=lambda one: one.severity is not Severity.REFUSE):
        found.setdefault(problem.code, problem)
    return tuple(found.values())
