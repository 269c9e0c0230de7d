"""Encrypted files by UUID: portraits and slips, in a fan-out of folders."""

import os
import uuid
from pathlib import Path

from cardsvc.errors import CardsvcError
from cardsvc.store.vault import Place, Vault


class BlobMissing(CardsvcError, code="store.blob_missing"):
    """The file of a stored blob is not there; facts: blob."""


class BlobStore:
    """Files under one folder, each sealed for its own id; written before the row that names them is committed."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder
        self._vault = vault

    def _path(self, blob: uuid.UUID) -> Path:
        return self._folder / blob.hex[:2] / blob.hex[2:4] / f"{blob.hex}.sealed"

    def write(self, blob: uuid.UUID, data: bytes) -> None:
        """Seal ``data`` into the file of ``blob``, on disk for good when this returns."""
        path = self._path(blob)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(self._vault.seal(Place("blob", "file", str(blob)), data))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)

    def read(self, blob: uuid.UUID) -> bytes:
        """Return the clear bytes; raise BlobMissing or SealBroken."""
        try:
            sealed = self._path(blob).read_bytes()
        except FileNotFoundError:
            raise BlobMissing(blob=str(blob)) from None
        return self._vault.open(Place("blob", "file", str(blob)), sealed)

    def remove(self, blob: uuid.UUID) -> None:
        """Remove the file of ``blob`` if it is there."""
        self._path(blob).unlink(missing_ok=True)
