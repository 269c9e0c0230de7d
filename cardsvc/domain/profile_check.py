"""What is wrong with a region's file, all at once, each with the line it stands on.

One table says what every key may hold; a few rules say what must fit together.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: a key such as ``photo.width``, its line (0: the whole file), and why (a words code)."""

    key: str
    line: int
    reason: str


Test = Callable[[Any], bool]


def _whole(low: int, high: int) -> Test:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _text(pattern: str) -> Test:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _pair(low: int, high: int) -> Test:
    inside = _whole(low, high)
    return lambda value: (
        isinstance(value, list) and len(value) == 2 and all(map(inside, value)) and value[0] < value[1]  # noqa: PLR2004 - a pair
    )


def _colours(value: Any) -> bool:
    level = _whole(0, 255)
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(colour, list) and len(colour) == 3 and all(map(level, colour)) for colour in value)  # noqa: PLR2004 - RGB
    )


# key → what it may hold, the reason told otherwise
_KEYS: Final[dict[str, tuple[Test, str]]] = {
    "region_code": (_text(r"[0-9]{6}"), "profile.six_digits"),
    "title.zh": (_text(r".{1,20}"), "profile.text"),
    "title.en": (_text(r".{1,40}"), "profile.text"),
    "agency.zh": (_text(r".{1,60}"), "profile.text"),
    "photo.width": (_whole(100, 1000), "profile.pixels"),
    "photo.height": (_whole(100, 1400), "profile.pixels"),
    "photo.dpi": (_whole(72, 1200), "profile.dpi"),
    "photo.max_bytes": (_whole(5_000, 5_000_000), "profile.bytes"),
    "photo.min_bytes": (_whole(0, 5_000_000), "profile.bytes"),
    "photo.quality": (_whole(30, 95), "profile.quality"),
    "photo.face_width": (_pair(50, 1000), "profile.pair"),
    "photo.hair_top": (_pair(0, 500), "profile.pair"),
    "photo.eye_line_min": (_whole(50, 1000), "profile.pixels"),
    "photo.centre_tolerance": (_whole(1, 200), "profile.pixels"),
    "photo.backgrounds": (_colours, "profile.colours"),
    "photo.replace_background": (lambda value: isinstance(value, bool), "profile.yes_or_no"),
    "photo.file_name": (_text(r"id|id_name|any"), "profile.file_name"),
    "card.years": (_whole(1, 50), "profile.years"),
    "card.initial_password": (_text(r"[0-9]{6}"), "profile.six_digits"),
    "card.temporary_loss_days": (_whole(1, 365), "profile.days"),
    "window.opens": (_text(r"([01][0-9]|2[0-3]):[0-5][0-9]"), "profile.time"),
    "window.closes": (_text(r"([01][0-9]|2[0-3]):[0-5][0-9]"), "profile.time"),
    "window.idle_minutes": (_whole(1, 480), "profile.minutes"),
}
_OPTIONAL: Final = frozenset({"photo.min_bytes", "photo.quality", "photo.file_name"})
_MARGIN: Final = 3  # pixels the engine keeps inside every limit


def profile_faults(text: str) -> list[Fault]:
    """Return everything that is wrong with the TOML text, an empty list for a file that can be used."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        return [Fault("", int(line[1]) if line else 0, "profile.not_toml")]
    given = dict(_flat(data))
    faults = [Fault(key, 0, "profile.missing") for key in _KEYS if key not in given and key not in _OPTIONAL]
    for key, value in given.items():
        if key not in _KEYS:
            faults.append(Fault(key, _line_of(text, key), "profile.unknown_key"))
        elif not _KEYS[key][0](value):
            faults.append(Fault(key, _line_of(text, key), _KEYS[key][1]))
    if not faults:
        faults = [Fault(key, _line_of(text, key), reason) for key, reason in _misfits(data)]
    return sorted(faults, key=lambda fault: (fault.line, fault.key))


def _misfits(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what does not fit together in a file whose every value is right by itself."""
    photo, window = data["photo"], data["window"]
    if photo.get("min_bytes", 0) >= photo["max_bytes"]:
        yield "photo.min_bytes", "profile.window_empty"
    if photo["face_width"][1] >= photo["width"]:
        yield "photo.face_width", "profile.wider_than_photo"
    if photo["face_width"][1] - photo["face_width"][0] < 2 * _MARGIN or (
        photo["hair_top"][1] - photo["hair_top"][0] < 2 * _MARGIN
    ):
        yield "photo.face_width", "profile.too_narrow"
    # Between the lowest hair top and the highest eye line there must be room for half a head.
    if photo["height"] - photo["eye_line_min"] - photo["hair_top"][1] < photo["face_width"][0] / 2:
        yield "photo.eye_line_min", "profile.no_room"
    if window["opens"] >= window["closes"]:
        yield "window.opens", "profile.closes_before"


def _flat(data: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _line_of(text: str, key: str) -> int:
    """Return the line on which ``section.key`` is set, 0 where it is written in another way."""
    section, _, name = key.rpartition(".")
    inside = ""
    for number, line in enumerate(text.splitlines(), start=1):
        head = re.match(r"\s*\[([\w.]+)\]", line)
        if head:
            inside = head[1]
        elif inside == section and re.match(rf"\s*{re.escape(name)}\s*=", line):
            return number
    return 0
