"""Engines: SQLite for one PC, PostgreSQL for many; the same code above both."""

from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event

_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # WAL with NORMAL may lose the last commits when power fails
    "PRAGMA busy_timeout=15000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA temp_store=MEMORY",
)
_POSTGRES_OPTIONS: Final = (
    "-c statement_timeout=10000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=30000 -c timezone=UTC"
)
READ_ONLY: Final = "cardsvc_read_only"


def make_engine(url: str) -> Engine:
    """Return an engine for ``sqlite:///file`` or ``postgresql+psycopg://…`` with this service's settings."""
    if url.startswith("sqlite"):
        # autocommit in the driver's eyes: SQLAlchemy's own BEGIN decides, see _begin_sqlite.
        engine = create_engine(url, connect_args={"isolation_level": None, "check_same_thread": False}, pool_size=80)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        url, pool_size=32, max_overflow=32, pool_pre_ping=True, connect_args={"options": _POSTGRES_OPTIONS}
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE: a writer that began as a reader could not be promoted while another writes.
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
