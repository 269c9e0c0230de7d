"""Names of photo files in a batch: an ID number, perhaps a person's name, nothing else.

Taken are ``ID.jpg``, ``ID_姓名.jpg``, ``姓名_ID.jpg`` and the same without or with another mark between (``+ - _``).
What differs in spaces or full-width digits only is refused with its own code, since the file goes back to be renamed.
"""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from cardsvc.domain.ids import IdNumberBirthWrong, IdNumberCheckWrong, IdNumberMalformed, parse_id_number

PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".heif"})
_MARKS: Final = r"+_－＿＋\-"
_NUMBERED: Final = re.compile(
    rf"(?P<before>[^0-9]*?)[{_MARKS}]*(?P<number>[0-9]{{17}}[0-9Xx])[{_MARKS}]*(?P<after>[^0-9]*)"
)
# What file managers leave in folders and archives.
_LITTER: Final = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})


@dataclass(frozen=True, slots=True)
class FileName:
    """What a file's name says; ``problem`` is a code, "" for a good name."""

    ref: str  # as it stands in the folder or archive
    id_number: str
    name: str
    problem: str = ""


def is_litter(ref: str) -> bool:
    """Return whether a file is none of the sender's photos but a file manager's own."""
    path = PurePosixPath(ref)
    return path.name.lower() in _LITTER or path.name.startswith("._") or "__MACOSX" in path.parts


def read_name(ref: str) -> FileName:
    """Return what the name of ``ref`` says.

    >>> read_name("pic/11010519491231002X_王小明.jpg")
    FileName(ref='pic/11010519491231002X_王小明.jpg', id_number='11010519491231002X', name='王小明', problem='')
    """
    path = PurePosixPath(ref)
    if path.suffix.lower() not in PICTURES:
        return FileName(ref, "", "", "batch.not_a_picture")
    stem = path.stem
    if any(character.isspace() for character in stem):
        return FileName(ref, "", "", "batch.name_spaces")
    if any(character.isdigit() and not character.isascii() for character in stem) or "Ｘ" in stem:
        return FileName(ref, "", "", "batch.name_full_width")
    found = _NUMBERED.fullmatch(unicodedata.normalize("NFC", stem))
    if found is None or (found["before"] and found["after"]):
        return FileName(ref, "", "", "batch.name_no_number")
    try:
        number = parse_id_number(found["number"])
    except (IdNumberCheckWrong, IdNumberMalformed, IdNumberBirthWrong):
        return FileName(ref, "", "", "batch.name_number_wrong")
    return FileName(ref, number, found["before"] or found["after"])
