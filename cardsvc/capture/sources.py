"""Where a batch's photos lie: a folder, or a ZIP that is never unpacked to disk.

Names in a ZIP from Windows are GBK without the flag that says UTF-8; both are read right. An archive is bounded in
entries, ratio and size of each entry before anything is read, and again while reading: headers lie.
"""

import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cardsvc.capture.decode import MAX_BYTES
from cardsvc.capture.file_names import is_litter
from cardsvc.errors import Rejected

MOST_ENTRIES: Final = 20_000
_MOST_RATIO: Final = 100
_NESTED: Final = (".zip", ".rar", ".7z", ".tar", ".gz")


class ArchiveUnreadable(Rejected, code="archive.unreadable"):
    """The file is no ZIP that can be read: damaged, or encrypted; facts: reason."""


class ArchiveSuspect(Rejected, code="archive.suspect"):
    """The archive would unpack to more than any photos do; facts: reason."""


class PhotoUnreadable(Rejected, code="archive.entry_unreadable"):
    """One photo of the archive or folder cannot be read; the others can; facts: ref."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file; ``stamp`` changes when its content does."""

    ref: str
    size: int
    stamp: str


class PhotoSource(Protocol):
    """Photos by name."""

    def entries(self) -> list[Entry]:
        """Return every file there is, but file managers' litter."""
        ...

    def read(self, ref: str) -> bytes:
        """Return a file's bytes, cut after one more than a photo may have; raise PhotoUnreadable."""
        ...


class Folder:
    """A folder with all folders below it; links are not followed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def entries(self) -> list[Entry]:
        """Return the files below the folder; see ``PhotoSource``."""
        found = []
        for path in sorted(self._root.rglob("*")):
            ref = path.relative_to(self._root).as_posix()
            if path.is_symlink() or not path.is_file() or is_litter(ref):
                continue
            seen = path.stat()
            found.append(Entry(ref, seen.st_size, f"{seen.st_size}-{seen.st_mtime_ns}"))
        return found

    def read(self, ref: str) -> bytes:
        """Return a file's bytes; see ``PhotoSource``."""
        try:
            with (self._root / ref).open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except OSError as error:
            raise PhotoUnreadable(ref=ref) from error


class Archive:
    """A ZIP file; each reading opens it anew, so that several processes may read at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> list[Entry]:
        """Return the files in the archive; see ``PhotoSource``; raise ArchiveUnreadable or ArchiveSuspect."""
        with self._open() as archive:
            infos = archive.infolist()
        if len(infos) > MOST_ENTRIES:
            raise ArchiveSuspect(reason=f"{len(infos)} > {MOST_ENTRIES}")
        found = []
        for info in infos:
            if info.is_dir() or is_litter(info.filename):
                continue
            if info.flag_bits & 1:
                raise ArchiveUnreadable(reason="encrypted")
            if stat.S_ISLNK(info.external_attr >> 16) or info.filename.lower().endswith(_NESTED):
                raise ArchiveSuspect(reason=Path(info.filename).suffix or "link")
            if info.file_size > _MOST_RATIO * max(info.compress_size, 1) and info.file_size > MAX_BYTES:
                raise ArchiveSuspect(reason=f"1:{info.file_size // max(info.compress_size, 1)}")
            found.append(Entry(info.filename, info.file_size, f"{info.file_size}-{info.CRC:08x}"))
        return found

    def read(self, ref: str) -> bytes:
        """Return a file's bytes; see ``PhotoSource``."""
        try:
            with self._open() as archive, archive.open(ref) as file:
                return file.read(MAX_BYTES + 1)
        except (KeyError, OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
            raise PhotoUnreadable(ref=ref) from error

    def _open(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self._path, metadata_encoding="gb18030")
        except (zipfile.BadZipFile, OSError, UnicodeDecodeError) as error:
            raise ArchiveUnreadable(reason=type(error).__name__) from error


def open_source(path: Path) -> PhotoSource:
    """Return the folder or archive at ``path``; raise ArchiveUnreadable for a file that is no ZIP."""
    return Folder(path) if path.is_dir() else Archive(path)
