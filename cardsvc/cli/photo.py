"""``cardsvc photo``: portraits from any pictures, without a database.

The report of ``photo normalise`` is JSON: ``version`` (1), ``profile``, and ``photos``, one entry a file in the order
given: ``file``, ``output`` (null where refused) and the fields of ``cardsvc.capture.normalise.PhotoResult.as_dict``.
"""

import json
import sys
from pathlib import Path
from typing import Final

import click

from cardsvc.capture.normalise import PhotoResult, Severity, normalise
from cardsvc.cli.exits import faults_as_exit_codes
from cardsvc.cli.photo_batch import command as batch
from cardsvc.cli.photo_sheet import command as sheet
from cardsvc.domain.profiles import RegionProfile, load_profile

REPORT_VERSION: Final = 1


@click.group("photo")
def command() -> None:
    """Make standard portraits out of photos, or say what is wrong with them."""


command.add_command(batch)
command.add_command(sheet)


@command.command("normalise")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", "profile_name", default="guizhou", show_default=True, help="The region whose rules apply.")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the portraits."
)
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write every finding as JSON.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="en", show_default=True)
def normalise_files(files: tuple[Path, ...], profile_name: str, out: Path, report: Path | None, language: str) -> None:
    """Write OUT/<stem>.jpg for each photo accepted; exit 1 if any was refused."""
    with faults_as_exit_codes(language):
        profile = load_profile(profile_name)
        out.mkdir(parents=True, exist_ok=True)
        taken: set[str] = set()
        entries = [_one(file, profile, out, taken, language) for file in files]
    if report is not None:
        whole = {"version": REPORT_VERSION, "profile": profile.name, "photos": entries}
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(json.dumps(whole, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    sys.exit(0 if all(entry["accepted"] for entry in entries) else 1)


def _one(file: Path, profile: RegionProfile, out: Path, taken: set[str], language: str) -> dict[str, object]:
    """Return the report's entry for one file, its portrait written where it was accepted."""
    outcome = normalise(file.read_bytes(), profile)
    target = None
    if outcome.portrait is not None:
        target = _free_name(out, file.stem, taken)
        target.write_bytes(outcome.portrait)
    _print(file, outcome, language)
    return {"file": str(file), "output": str(target) if target else None, **outcome.as_dict()}


def _free_name(out: Path, stem: str, taken: set[str]) -> Path:
    """Return a name no other file of this run has: a/1.jpg and b/1.png must not overwrite each other."""
    name, number = stem, 2
    while name.lower() in taken:
        name, number = f"{stem}-{number}", number + 1
    taken.add(name.lower())
    return out / f"{name}.jpg"


def _print(file: Path, outcome: PhotoResult, language: str) -> None:
    click.echo(f"{file}: {'accepted' if outcome.accepted else 'refused'}")
    for problem in outcome.problems:
        mark = "!" if problem.severity is Severity.REFUSE else "-"
        click.echo(f"  {mark} {problem.sentence(language)} [{problem.code}]")
