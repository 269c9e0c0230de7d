"""``cardsvc photo batch``: a whole folder or ZIP of photos, against a roster, taken up again where it was killed.

OUT holds ``photos/ID.jpg``, ``results.xlsx``, ``results.zip`` and ``report.json``; its hidden folder ``.batch`` is the
journal: the same leased items that workers share on a server, in a small database of its own.
"""

import fcntl
import json
import os
import signal
import sys
import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from cardsvc.capture.file_names import read_name
from cardsvc.capture.matching import Match, match
from cardsvc.capture.pool import PhotoPool
from cardsvc.capture.problems import PhotoResult
from cardsvc.capture.roster import read_roster
from cardsvc.capture.sources import PhotoSource, open_source
from cardsvc.cli.exits import faults_as_exit_codes
from cardsvc.domain.profiles import FileNaming, load_profile
from cardsvc.errors import Conflict
from cardsvc.services import photo_batches, photo_results, photo_work
from cardsvc.services.audit import SERVICE
from cardsvc.services.photo_batches import ClaimedPhoto, ItemView, Planned
from cardsvc.store import schema
from cardsvc.store.blobs import BlobStore
from cardsvc.store.engine import make_engine
from cardsvc.store.keys import load_vault
from cardsvc.store.uow import Tx, UnitOfWork
from cardsvc.store.vault import FileKeyProvider

REPORT_VERSION: Final = 1


class BatchBusy(Conflict, code="batch.busy"):
    """Another process works on this folder; facts: out."""


@click.command("batch")
@click.argument("source", metavar="INPUT", type=click.Path(exists=True, path_type=Path))
@click.option("--roster", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="xlsx, xls, ods or csv.")
@click.option("--profile", "profile_name", default="guizhou", show_default=True, help="The region whose rules apply.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--workers", type=click.IntRange(1, 64), default=os.cpu_count() or 1, help="Child processes.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option("--quiet", is_flag=True, help="No progress bar.")
def command(
    source: Path, roster: Path | None, profile_name: str, out: Path, workers: int, language: str, *, quiet: bool
) -> None:
    """Make portraits of all photos in INPUT, a folder or a ZIP; exit 1 if anybody is left without one.

    Killed midway it goes on where it was; run it again with only the files that failed and it adds them.
    """
    with faults_as_exit_codes(language):
        naming = load_profile(profile_name).photo.file_name
        photos = open_source(source)
        people = read_roster(roster.read_bytes(), roster.name) if roster else None
        entries = {entry.ref: entry for entry in photos.entries()}
        matches = match((read_name(ref) for ref in entries), people, naming)
        journal = Journal(out)
        planned = [Planned(one, entries[one.ref].stamp if one.ref else "") for one in _in_order(matches)]
        batch = journal.plan(planned, profile=profile_name)
        _make(journal, batch, photos, out, naming, workers=workers, quiet=quiet)
        items = journal.results(batch)
    _tell(items, out, naming, language=language, profile=profile_name)
    sys.exit(0 if all(item.accepted for item in items) else 1)


class Journal:
    """The batch's own database, in OUT."""

    def __init__(self, out: Path) -> None:
        folder = out / ".batch"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BatchBusy(out=str(out)) from None
        engine = make_engine(f"sqlite:///{(folder / 'journal.sqlite').absolute()}")
        schema.upgrade(engine)
        vault = load_vault(engine, FileKeyProvider(folder / "key"), now=_now())
        self.uow = UnitOfWork(engine, vault, BlobStore(folder / "blobs", vault))

    def plan(self, planned: list[Planned], *, profile: str) -> uuid.UUID:
        """Enter the plan into the batch of this profile, opened if need be; return its id."""
        with self.uow() as tx:
            batch = photo_batches.find_batch(tx, profile=profile)
            if batch is None:
                batch = photo_batches.open_batch(tx, title="batch", profile=profile, by=SERVICE, now=_now())
            photo_batches.plan(tx, batch, planned, now=_now())
            # Whoever held a lease on this journal is gone: one process works on a folder at a time.
            photo_batches.drop_leases(tx, batch)
            return batch

    def results(self, batch: uuid.UUID) -> list[ItemView]:
        """Return every entry with what became of it."""
        with self.uow.reading() as tx:
            return photo_batches.results(tx, batch)


def _make(
    journal: Journal, batch: uuid.UUID, photos: PhotoSource, out: Path, naming: FileNaming, *, workers: int, quiet: bool
) -> None:
    folder = out / "photos"
    folder.mkdir(exist_ok=True)

    def keep(_tx: Tx, photo: ClaimedPhoto, portrait: bytes) -> None:
        part = folder / f".{photo.id}.part"
        part.write_bytes(portrait)
        part.replace(folder / photo.match.portrait_name(naming))

    with journal.uow.reading() as tx:
        due = photo_batches.progress(tx, batch).due
    if not due:
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with click.progressbar(length=due, label="photos", show_pos=True, hidden=quiet) as bar, PhotoPool(workers) as pool:

        def told(_photo: ClaimedPhoto, _made: PhotoResult) -> None:
            bar.update(1)

        bench = photo_work.Bench(lambda photo: photos.read(photo.match.ref), keep, told)
        photo_work.work_through(journal.uow, pool, bench, batch=batch, clock=_now, stop=stop)


def _tell(items: list[ItemView], out: Path, naming: FileNaming, *, language: str, profile: str) -> None:
    """Write list, ZIP and report, and print the sums."""
    photo_results.write_list(items, out / "results.xlsx", language=language)
    accepted = [out / "photos" / item.match.portrait_name(naming) for item in items if item.accepted]
    photo_results.pack(accepted, out / "results.zip")
    report = {
        "version": REPORT_VERSION,
        "profile": profile,
        "people": [
            {
                "file": item.match.ref,
                "line": item.match.line,
                "id_number": item.match.id_number,
                "name": item.match.name,
                "verdict": photo_results.verdict(item).removeprefix("verdict."),
                "problem": item.match.problem,
                "photo": item.report,
            }
            for item in items
        ],
    }
    (out / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    sums: dict[str, int] = {}
    for item in items:
        verdict = photo_results.verdict(item).removeprefix("verdict.")
        sums[verdict] = sums.get(verdict, 0) + 1
    click.echo(", ".join(f"{count} {verdict}" for verdict, count in sorted(sums.items())) or "nothing to do")


def _in_order(matches: list[Match]) -> list[Match]:
    return sorted(matches, key=lambda one: (one.line is None, one.line or 0, one.id_number, one.ref))


def _now() -> datetime:
    return datetime.now(UTC)
