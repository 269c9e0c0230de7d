"""A batch from the command line, killed midway; and a batch on PostgreSQL that several workers share."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
import xlsxwriter

from cardsvc.capture.matching import Match
from cardsvc.services import intake, photo_batches
from cardsvc.services.audit import SERVICE
from cardsvc.services.photo_batches import Planned
from cardsvc.store import schema
from cardsvc.store.blobs import BlobStore
from cardsvc.store.engine import make_engine
from cardsvc.store.keys import load_vault
from cardsvc.store.uow import UnitOfWork
from cardsvc.store.vault import FileKeyProvider
from tests.builders import id_number

PEOPLE = 24


@pytest.fixture
def photos(tmp_path, portraits):
    """A ZIP as an employer sends it, and its roster: one person without photo, one file of nobody, one that is none."""
    data = {name: (portraits / name).read_bytes() for name in ("obama.jpg", "biden.jpg")}
    with zipfile.ZipFile(tmp_path / "unit.zip", "w") as archive:
        for index in range(PEOPLE):
            archive.writestr(f"pic/{id_number(index)}.jpg", data["biden.jpg" if index % 2 else "obama.jpg"])
        archive.writestr("pic/谁.jpg", b"x")
        archive.writestr(f"pic/{id_number(PEOPLE)}.jpg", b"%PDF-1.7")
    with xlsxwriter.Workbook(tmp_path / "roster.xlsx") as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ("姓名", "身份证号码"))
        for index in range(PEOPLE + 2):
            page.write_row(index + 1, 0, ("王清河", id_number(index)))
    return tmp_path / "unit.zip"


def batch(photos, out):
    command = [sys.executable, "-m", "cardsvc", "photo", "batch", photos, "--roster", photos.parent / "roster.xlsx"]
    return subprocess.Popen(
        [*map(str, command), "--out", str(out), "--workers", "2", "--quiet"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def test_a_killed_batch_goes_on_where_it_was(photos, tmp_path):
    out = tmp_path / "out"
    killed = batch(photos, out)
    deadline = time.monotonic() + 60
    while len(list((out / "photos").glob("*.jpg"))) < PEOPLE // 4:
        assert killed.poll() is None
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    before = {path: path.stat().st_mtime_ns for path in (out / "photos").glob("*.jpg")}
    assert len(before) < PEOPLE
    goes_on = batch(photos, out)
    said, wrong = goes_on.communicate(timeout=120)
    assert (goes_on.returncode, wrong) == (1, "")
    assert said.strip() == f"{PEOPLE} accepted, 1 refused, 2 unmatched"
    kept = [path for path, stamp in before.items() if path.stat().st_mtime_ns == stamp]
    assert len(kept) >= len(before) - 2  # those in the making at the kill may have been written twice
    report = json.loads((out / "report.json").read_text())
    assert sum(person["verdict"] == "accepted" for person in report["people"]) == PEOPLE
    reasons = {person["problem"] or person["photo"]["problems"][0]["code"] for person in report["people"][PEOPLE:]}
    assert reasons == {"photo.not_an_image", "batch.no_photo", "batch.name_no_number"}
    with zipfile.ZipFile(out / "results.zip") as archive:
        assert sorted(archive.namelist()) == sorted(f"{id_number(index)}.jpg" for index in range(PEOPLE))
    again = batch(photos, out)
    assert again.communicate(timeout=60)[0] == said


def test_two_at_once_on_one_folder_are_told(photos, tmp_path):
    first = batch(photos, tmp_path / "out")
    deadline = time.monotonic() + 60
    while not (tmp_path / "out" / "photos").exists():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)
    second = batch(photos, tmp_path / "out")
    _, wrong = second.communicate(timeout=60)
    assert second.returncode == 3
    assert wrong.strip().endswith("[batch.busy]")
    first.terminate()
    first.communicate(timeout=60)


def test_workers_share_a_batch_and_survivors_finish_a_dead_ones(postgres, tmp_path, portraits):
    url = postgres.create()
    engine = make_engine(url)
    schema.upgrade(engine)
    data = tmp_path / "data"
    vault = load_vault(engine, FileKeyProvider(data / "keys" / "kek"), now=datetime.now(UTC))
    uow = UnitOfWork(engine, vault, BlobStore(data / "blobs", vault))
    now = datetime.now(UTC)
    photo = (portraits / "biden.jpg").read_bytes()
    with uow() as tx:
        shared = photo_batches.open_batch(tx, title="t", profile="guizhou", by=SERVICE, now=now)
        source = intake.keep_blob(tx, "photo", photo, now=now)
        planned = [Planned(Match(f"{i}.jpg", i, id_number(i), "王"), "1", source) for i in range(PEOPLE)]
        photo_batches.plan(tx, shared, planned, now=now)
    environment = os.environ | {"CARDSVC_DATABASE_URL": url, "CARDSVC_DATA_DIR": str(data)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "cardsvc", "worker", "--photos", "1"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, start_new_session=True,
        )
        for _ in range(2)
    ]  # fmt: skip

    def accepted():
        with uow.reading() as tx:
            return photo_batches.progress(tx, shared).accepted

    def until(count):
        deadline = time.monotonic() + 90
        while accepted() < count:
            assert time.monotonic() < deadline
            threading.Event().wait(0.05)

    try:
        until(4)
        os.killpg(workers[0].pid, signal.SIGKILL)
        until(PEOPLE - 2)  # all but what the dead one held, and its lease is minutes long
        later = now + photo_batches.LEASE + timedelta(minutes=5)
        for left in photo_batches.claim(uow, batch=shared, now=later, limit=9):
            assert left.fence > 1
        assert accepted() >= PEOPLE - 2
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.terminate()
            worker.wait(timeout=30)
            worker.stdout.close()
        engine.dispose()
