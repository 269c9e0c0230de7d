"""The one unit of work: the only place that commits.

``with uow() as tx:`` opens a writing transaction, commits at the end of the block and rolls back on any
exception. ``with uow.reading() as tx:`` reads and never writes. Units do not nest, and no device or bank is
spoken to while one is open (``forbid_io``): a writer must never be held for the length of a card read.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, cast

from sqlalchemy import Engine, Table, UniqueConstraint
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from cardsvc.errors import Busy, Conflict, StaleRecord
from cardsvc.store.blobs import BlobStore
from cardsvc.store.engine import READ_ONLY
from cardsvc.store.models.tables import Base
from cardsvc.store.vault import Place, Vault

_open_unit: ContextVar[bool] = ContextVar("cardsvc_open_unit", default=False)
_RETRYABLE = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available


class UniqueViolated(Conflict, code="store.unique"):
    """The database refused a second one of what may be once; facts: constraint."""


class Tx(Session):
    """A session that can also seal, open and keep blobs."""

    @property
    def vault(self) -> Vault:
        """The keys of this database."""
        return cast("Vault", self.info["vault"])

    @property
    def blobs(self) -> BlobStore:
        """The encrypted files of this database."""
        return cast("BlobStore", self.info["blobs"])

    @property
    def node(self) -> str:
        """The name of this process's audit chain."""
        return cast("str", self.info["node"])

    def seal(self, row: Any, column: str, clear: str | bytes) -> bytes:
        """Return ``clear`` sealed for ``row``'s ``column``."""
        data = clear.encode("utf-8", "surrogatepass") if isinstance(clear, str) else clear
        return self.vault.seal(_place(row, column), data)

    def unseal(self, row: Any, column: str) -> bytes:
        """Return the clear bytes of ``row``'s ``column`` (which must hold something); raise SealBroken."""
        return self.vault.open(_place(row, column), getattr(row, column))

    def unseal_text(self, row: Any, column: str) -> str:
        """Return the clear text of ``row``'s ``column``, "" where it holds nothing."""
        return self.unseal(row, column).decode("utf-8", "surrogatepass") if getattr(row, column) else ""


def _place(row: Any, column: str) -> Place:
    key = getattr(row, "id", None) or row.row_id
    return Place(row.__tablename__, column, str(key))


class UnitOfWork:
    """Opens transactions on one database."""

    def __init__(self, engine: Engine, vault: Vault, blobs: BlobStore, *, node: str = "main") -> None:
        self._engine = engine
        self._reader = engine.execution_options(**{READ_ONLY: True})
        self._info = {"vault": vault, "blobs": blobs, "node": node}
        # SQLite has one writer; queueing here is fair, queueing in its busy handler is not.
        self._writer = threading.Lock() if engine.dialect.name == "sqlite" else nullcontext()

    @property
    def dialect(self) -> str:
        """The kind of database: sqlite or postgresql."""
        return self._engine.dialect.name

    @contextmanager
    def __call__(self) -> Iterator[Tx]:
        """Open a writing unit; raise StaleRecord, UniqueViolated or Busy where the database refuses."""
        with _single(), self._writer, _translated():
            tx = Tx(self._engine, info=self._info, expire_on_commit=False)
            try:
                yield tx
                tx.commit()
            except BaseException:
                tx.rollback()
                raise
            finally:
                tx.close()

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """Open a unit that only reads."""
        with _single(), _translated():
            tx = Tx(self._reader, info=self._info, autoflush=False)
            try:
                yield tx
            finally:
                tx.rollback()
                tx.close()


def forbid_io(what: str) -> None:
    """Raise RuntimeError where a unit of work is open: ``what`` must not be spoken to inside one."""
    if _open_unit.get():
        raise RuntimeError(f"{what} inside a unit of work")


@contextmanager
def _single() -> Iterator[None]:
    if _open_unit.get():
        raise RuntimeError("units of work do not nest")
    token = _open_unit.set(True)
    try:
        yield
    finally:
        _open_unit.reset(token)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except StaleDataError:
        raise StaleRecord from None
    except IntegrityError as error:
        name = violated(error)
        if name:
            raise UniqueViolated(constraint=name) from error
        raise
    except OperationalError as error:
        if "locked" in str(error.orig) or _sqlstate(error) in _RETRYABLE:
            raise Busy from error
        raise


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", "") or "")


def violated(error: IntegrityError) -> str:
    """Return the name of the unique constraint or index that refused, "" for any other refusal."""
    diag = getattr(error.orig, "diag", None)
    if diag is not None:
        return str(diag.constraint_name or "") if _sqlstate(error) == "23505" else ""
    said = str(error.orig)
    if not said.startswith("UNIQUE constraint failed: "):
        return ""
    columns = {part.strip() for part in said.removeprefix("UNIQUE constraint failed: ").split(",")}
    for table in Base.metadata.tables.values():
        for name, names in _uniques(table):
            if columns == names:
                return name
    return said.removeprefix("UNIQUE constraint failed: ")


def _uniques(table: Table) -> Iterator[tuple[str, set[str]]]:
    for index in table.indexes:
        if index.unique:
            yield str(index.name), {f"{table.name}.{column.name}" for column in index.columns}
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield str(constraint.name), {f"{table.name}.{column.name}" for column in constraint.columns}
