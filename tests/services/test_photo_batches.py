import threading
from datetime import UTC, datetime, timedelta

import pytest

from cardsvc.capture.matching import Match
from cardsvc.capture.pool import PhotoPool
from cardsvc.capture.problems import refuse, result
from cardsvc.services import intake, photo_batches, photo_results, photo_work
from cardsvc.services.audit import SERVICE
from cardsvc.services.photo_batches import Planned
from cardsvc.store import schema
from cardsvc.store.blobs import BlobStore
from cardsvc.store.engine import make_engine
from cardsvc.store.keys import load_vault
from cardsvc.store.uow import UnitOfWork
from cardsvc.store.vault import FileKeyProvider
from tests.builders import id_number
from tests.capture.children import PORTRAIT, pretend

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
GOOD = result(PORTRAIT, [])
BAD = result(None, [refuse("photo.no_face")])


@pytest.fixture
def uow(database_url, tmp_path):
    engine = make_engine(database_url)
    schema.upgrade(engine)
    vault = load_vault(engine, FileKeyProvider(tmp_path / "kek"), now=NOW)
    yield UnitOfWork(engine, vault, BlobStore(tmp_path / "blobs", vault))
    engine.dispose()


def person(index, *, ref=None, problem=""):
    return Match(f"{index}.jpg" if ref is None else ref, index, id_number(index), f"王{index}", problem)


def entry(index, stamp="1", **options):
    return Planned(person(index, **options), stamp)


def opened(uow, *planned):
    with uow() as tx:
        batch = photo_batches.open_batch(tx, title="t", profile="guizhou", by=SERVICE, now=NOW)
        photo_batches.plan(tx, batch, planned, now=NOW)
    return batch


def again(uow, batch, *planned):
    with uow() as tx:
        photo_batches.plan(tx, batch, planned, now=NOW)


def taken(uow, batch, limit=9, now=NOW):
    return photo_batches.claim(uow, batch=batch, now=now, limit=limit)


def keep(tx, _photo, portrait):
    return intake.keep_blob(tx, "portrait", portrait, now=NOW)


def finished(uow, batch, made=GOOD):
    for photo in taken(uow, batch):
        assert photo_batches.finish(uow, photo, made, keep, now=NOW)


def told(uow, batch):
    with uow.reading() as tx:
        return {one.match.line: (one.state.value, one.accepted) for one in photo_batches.results(tx, batch)}


def test_a_photo_is_one_workers_until_its_lease_ends(uow):
    batch = opened(uow, entry(1), entry(2))
    first, second = taken(uow, batch)
    assert taken(uow, batch) == []
    later = NOW + photo_batches.LEASE + timedelta(seconds=1)
    assert [one.id for one in taken(uow, batch, now=later)] == [first.id, second.id]
    assert not photo_batches.finish(uow, first, GOOD, keep, now=later)
    assert told(uow, batch) == {1: ("due", None), 2: ("due", None)}


def test_two_workers_at_once_never_take_the_same(uow):
    batch = opened(uow, *(entry(index) for index in range(1, 21)))
    got = []
    workers = [threading.Thread(target=lambda: got.extend(taken(uow, batch, limit=2))) for _ in range(10)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len({one.id for one in got}) == len(got)
    assert len(got) + len(taken(uow, batch, limit=20)) == 20


def test_what_was_never_a_photo_is_told_and_never_worked_on(uow):
    batch = opened(uow, entry(1, problem="batch.duplicate"), entry(2, ref="", problem="batch.no_photo"))
    assert taken(uow, batch) == []
    assert told(uow, batch) == {1: ("done", False), 2: ("done", False)}


def test_a_photo_that_kills_twice_is_set_aside_after_all_others(uow):
    batch = opened(uow, entry(1), entry(2))
    (killer,) = taken(uow, batch, limit=1)
    assert not photo_batches.died(uow, killer, now=NOW)
    innocent, killer = taken(uow, batch)
    assert killer.match.line == 1
    assert photo_batches.died(uow, killer, now=NOW)
    assert photo_batches.finish(uow, innocent, GOOD, keep, now=NOW)
    assert taken(uow, batch) == []
    assert told(uow, batch) == {1: ("poison", False), 2: ("done", True)}
    with uow.reading() as tx:
        assert photo_batches.progress(tx, batch) == photo_batches.Progress(2, 0, 1, 0, 1)
        item = photo_batches.results(tx, batch)[0]
    assert [code for code, _ in photo_results.findings(item, "zh")] == ["photo.poison"]


def test_planning_the_same_again_changes_nothing(uow):
    batch = opened(uow, entry(1), entry(2))
    finished(uow, batch)
    again(uow, batch, entry(1), entry(2))
    assert told(uow, batch) == {1: ("done", True), 2: ("done", True)}


def test_only_the_failures_handed_in_again_are_made_and_the_rest_stays(uow):
    batch = opened(uow, entry(1), entry(2), entry(3, ref="王.jpg", problem="batch.name_no_number"))
    good, bad = taken(uow, batch)
    photo_batches.finish(uow, good, GOOD, keep, now=NOW)
    photo_batches.finish(uow, bad, BAD, keep, now=NOW)
    no_photo = entry(1, stamp="", ref="", problem="batch.no_photo")
    again(uow, batch, no_photo, entry(2, stamp="2"), entry(3, ref="3.jpg"))
    assert told(uow, batch) == {1: ("done", True), 2: ("due", None), 3: ("due", None)}
    finished(uow, batch)
    assert told(uow, batch) == {1: ("done", True), 2: ("done", True), 3: ("done", True)}


def test_a_photo_in_the_making_that_was_replaced_meanwhile_is_made_again(uow):
    batch = opened(uow, entry(1))
    (old,) = taken(uow, batch)
    again(uow, batch, entry(1, stamp="2"))
    assert not photo_batches.finish(uow, old, GOOD, keep, now=NOW)
    assert told(uow, batch) == {1: ("due", None)}


def test_nothing_of_a_person_stands_in_the_clear(uow):
    batch = opened(uow, entry(1))
    finished(uow, batch)
    with uow.reading() as tx:
        rows = tx.connection().exec_driver_sql("SELECT * FROM photo_item").fetchall()
    assert id_number(1) not in repr(rows)
    assert "王1" not in repr(rows)


@pytest.mark.parametrize("by_database", [True, False])
def test_a_batch_is_made_whatever_its_photos_do(uow, by_database):
    photos = {1: b"fine", 2: b"die", 3: b"bad", 4: b"fine"}
    with uow() as tx:
        blobs = {line: intake.keep_blob(tx, "photo", data, now=NOW) for line, data in photos.items()}
    planned = [Planned(person(line), "1", blobs[line] if by_database else None) for line in photos]
    batch = opened(uow, *planned)
    stop = threading.Event()
    with PhotoPool(2, seconds=10.0, normalise=pretend) as pool:
        bench = photo_work.database_bench(uow, clock=lambda: NOW)
        if not by_database:
            bench = photo_work.Bench(lambda photo: photos[photo.match.line], keep)
        photo_work.work_through(uow, pool, bench, batch=batch, clock=lambda: NOW, stop=stop)
    assert told(uow, batch) == {1: ("done", True), 2: ("poison", False), 3: ("done", False), 4: ("done", True)}
    with uow.reading() as tx:
        items = photo_batches.results(tx, batch)
        assert tx.blobs.read(items[0].portrait_id) == PORTRAIT
        assert items[2].portrait_id is None


def test_an_excel_list_says_what_became_of_everybody(uow, tmp_path):
    from python_calamine import CalamineWorkbook

    batch = opened(uow, entry(1), entry(2), entry(3, ref="", problem="batch.no_photo"))
    good, bad = taken(uow, batch)
    photo_batches.finish(uow, good, GOOD, keep, now=NOW)
    photo_batches.finish(uow, bad, BAD, keep, now=NOW)
    with uow.reading() as tx:
        photo_results.write_list(photo_batches.results(tx, batch), tmp_path / "r.xlsx", language="zh")
    head, *rows = CalamineWorkbook.from_path(tmp_path / "r.xlsx").get_sheet_by_index(0).to_python()
    assert head[1:5] == ["身份证号码", "姓名", "文件", "结果"]
    assert [(row[1], row[4], row[6]) for row in rows] == [
        (id_number(1), "合格", ""),
        (id_number(2), "不合格", "photo.no_face"),
        (id_number(3), "未匹配", "batch.no_photo"),
    ]
    assert all(row[5] for row in rows[1:])
