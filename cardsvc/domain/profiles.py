"""Region profiles: what differs between places, as data - one TOML file a region."""

import tomllib
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Final

from cardsvc.domain.profile_check import profile_faults
from cardsvc.errors import Rejected


class ProfileUnknown(Rejected, code="profile.unknown"):
    """No region of that name; facts: name, known."""


class ProfileWrong(Rejected, code="profile.wrong"):
    """A region's file cannot be used; facts: name, key, line, reason."""


class FileNaming(StrEnum):
    """How photo files of a batch are named."""

    ID = "id"  # the ID number and nothing else
    ID_NAME = "id_name"  # ID_姓名
    ANY = "any"


@dataclass(frozen=True, slots=True)
class PhotoRules:
    """The portrait this region accepts; lengths in pixels of the finished picture, sizes in bytes."""

    width: int
    height: int
    dpi: int
    max_bytes: int  # the file must be smaller than this
    min_bytes: int
    quality: int | None  # a fixed JPEG quality, or None: the best that fits
    face_width: tuple[int, int]  # ear root to ear root
    hair_top: tuple[int, int]  # from the upper edge
    eye_line_min: int  # from the lower edge
    centre_tolerance: int  # eye middle from the vertical centre line
    backgrounds: tuple[tuple[int, int, int], ...]  # sRGB, the first is what a replaced background gets
    replace_background: bool
    file_name: FileNaming = FileNaming.ANY


@dataclass(frozen=True, slots=True)
class RegionProfile:
    """One region's rules."""

    name: str
    title_zh: str
    title_en: str
    region_code: str  # GB/T 2260
    agency_zh: str
    photo: PhotoRules
    card_years: int
    initial_password: str
    temporary_loss_days: int
    open_hours: tuple[str, str]
    idle_minutes: int


_FOLDER: Final = resources.files("cardsvc.domain") / "profiles"


def profile_names() -> list[str]:
    """Return the names of all regions there are files for."""
    return sorted(entry.name.removesuffix(".toml") for entry in _FOLDER.iterdir() if entry.name.endswith(".toml"))


@cache
def load_profile(name: str) -> RegionProfile:
    """Return the region ``name``; raise ProfileUnknown, or ProfileWrong naming the first thing wrong with its file."""
    if name not in profile_names():
        raise ProfileUnknown(name=name, known=", ".join(profile_names()))
    return read_profile(name, (_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def read_profile(name: str, text: str) -> RegionProfile:
    """Return the region in a TOML text; raise ProfileWrong."""
    faults = profile_faults(text)
    if faults:
        raise ProfileWrong(name=name, **asdict(faults[0]))
    data = tomllib.loads(text)
    photo = data["photo"]
    return RegionProfile(
        name=name,
        title_zh=data["title"]["zh"],
        title_en=data["title"]["en"],
        region_code=data["region_code"],
        agency_zh=data["agency"]["zh"],
        photo=PhotoRules(
            width=photo["width"],
            height=photo["height"],
            dpi=photo["dpi"],
            max_bytes=photo["max_bytes"],
            min_bytes=photo.get("min_bytes", 0),
            quality=photo.get("quality"),
            face_width=(photo["face_width"][0], photo["face_width"][1]),
            hair_top=(photo["hair_top"][0], photo["hair_top"][1]),
            eye_line_min=photo["eye_line_min"],
            centre_tolerance=photo["centre_tolerance"],
            backgrounds=tuple((r, g, b) for r, g, b in photo["backgrounds"]),
            replace_background=photo["replace_background"],
            file_name=FileNaming(photo.get("file_name", "any")),
        ),
        card_years=data["card"]["years"],
        initial_password=data["card"]["initial_password"],
        temporary_loss_days=data["card"]["temporary_loss_days"],
        open_hours=(data["window"]["opens"], data["window"]["closes"]),
        idle_minutes=data["window"]["idle_minutes"],
    )
