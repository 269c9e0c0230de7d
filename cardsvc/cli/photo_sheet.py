"""``cardsvc photo sheet``: a folder's photos with portrait, the standard's lines and verdict, for the eye."""

from pathlib import Path
from typing import Final

import click
from PIL import ImageFont

from cardsvc.capture.file_names import PICTURES
from cardsvc.capture.normalise import normalise
from cardsvc.capture.sheet import Entry, FontAt, contact_sheet
from cardsvc.cli.exits import faults_as_exit_codes
from cardsvc.domain.profiles import RegionProfile, load_profile
from cardsvc.errors import Rejected
from cardsvc.slips.fonts import FontChain, NoFont

_A_PAGE: Final = 12


class NothingToShow(Rejected, code="photo.nothing_to_show"):
    """The folder holds no pictures; facts: folder."""


@click.command("sheet")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--profile", "profile_name", default="guizhou", show_default=True)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Where sheets go; FOLDER/sheets if left out."
)
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def command(folder: Path, profile_name: str, out: Path | None, language: str) -> None:
    """Write sheet-1.png, sheet-2.png ... of all pictures in FOLDER, twelve a sheet."""
    with faults_as_exit_codes(language):
        profile = load_profile(profile_name)
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES and path.is_file())
        if not files:
            raise NothingToShow(folder=str(folder))
        target = out or folder / "sheets"
        target.mkdir(parents=True, exist_ok=True)
        font = _fonts()
        for number, start in enumerate(range(0, len(files), _A_PAGE), start=1):
            entries = (_entry(path, profile) for path in files[start : start + _A_PAGE])
            sheet = contact_sheet(entries, profile.photo, font, language=language)
            sheet.save(target / f"sheet-{number}.png")
            click.echo(target / f"sheet-{number}.png")


def _entry(path: Path, profile: RegionProfile) -> Entry:
    data = path.read_bytes()
    return Entry(path.name, data, normalise(data, profile))


def _fonts() -> FontAt:
    try:
        file = FontChain.discover().files[0]
    except NoFont:
        return ImageFont.load_default
    return lambda size: ImageFont.truetype(str(file), size)
