import uuid

import pytest

from cardsvc.store.blobs import BlobMissing, BlobStore
from cardsvc.store.vault import SealBroken, Vault


@pytest.fixture
def store(tmp_path):
    return BlobStore(tmp_path, Vault({b"k" * 8: b"1" * 32}, b"k" * 8, b"i" * 32))


def test_a_blob_comes_back_and_is_not_readable_on_disk(store, tmp_path):
    blob = uuid.uuid4()
    store.write(blob, b"a portrait" * 100)
    assert store.read(blob) == b"a portrait" * 100
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert b"portrait" not in file.read_bytes()
    store.remove(blob)
    with pytest.raises(BlobMissing):
        store.read(blob)


def test_a_file_under_another_name_does_not_open(store, tmp_path):
    blob, other = uuid.uuid4(), uuid.uuid4()
    store.write(blob, b"mine")
    store.write(other, b"theirs")
    store._path(blob).write_bytes(store._path(other).read_bytes())
    with pytest.raises(SealBroken):
        store.read(blob)
