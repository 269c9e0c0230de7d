"""``cardsvc profile``: the regions' files."""

import sys
from pathlib import Path

import click

from cardsvc.domain.profile_check import profile_faults
from cardsvc.domain.profiles import load_profile, profile_names
from cardsvc.domain.words import say


@click.group("profile")
def command() -> None:
    """Region profiles: what differs between places, one TOML file each."""


@command.command("list")
def list_profiles() -> None:
    """List the regions there are files for."""
    for name in profile_names():
        profile = load_profile(name)
        photo = profile.photo
        click.echo(f"{name:<10} {profile.title_zh} {photo.width}x{photo.height} at {photo.dpi} dpi")


@command.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--language", type=click.Choice(["zh", "en"]), default="en", show_default=True)
def check(file: Path, language: str) -> None:
    """Say what is wrong with a region's FILE, a line each; exit 1 if anything is."""
    faults = profile_faults(file.read_text(encoding="utf-8", errors="replace"))
    for fault in faults:
        click.echo(f"{file}:{fault.line}: {fault.key}: {say(fault.reason, language)} [{fault.reason}]")
    if not faults:
        click.echo(f"{file}: ok")
    sys.exit(1 if faults else 0)
