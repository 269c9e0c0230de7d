from datetime import UTC, datetime

import pytest

from cardsvc.store import schema
from cardsvc.store.blobs import BlobStore
from cardsvc.store.engine import make_engine
from cardsvc.store.keys import load_vault
from cardsvc.store.uow import UnitOfWork
from cardsvc.store.vault import FileKeyProvider

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


@pytest.fixture
def engine(database_url):
    made = make_engine(database_url)
    schema.upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def uow(engine, tmp_path):
    vault = load_vault(engine, FileKeyProvider(tmp_path / "kek"), now=NOW)
    return UnitOfWork(engine, vault, BlobStore(tmp_path / "blobs", vault))
