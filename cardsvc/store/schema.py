"""Bringing a database to the newest schema."""

from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from cardsvc.errors import CardsvcError

_LOCK = 0x63617264  # "card": one migration at a time on PostgreSQL


class DatabaseUnreachable(CardsvcError, code="store.unreachable"):
    """The database does not answer, or does not let us in; facts: database (no password)."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("cardsvc.store") / "migrations"))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """Return the newest revision there is a migration for."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def upgrade(engine: Engine) -> None:
    """Run what is missing, in one transaction; several processes may call this at once.

    Raise DatabaseUnreachable.
    """
    try:
        with engine.connect() as connection:
            if MigrationContext.configure(connection).get_current_revision() == newest():
                return
    except OperationalError:
        raise DatabaseUnreachable(database=engine.url.render_as_string(hide_password=True)) from None
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.upgrade(_config(connection), "head")


def make_migration(engine: Engine, message: str, revision: str) -> None:
    """Write a migration from the difference between ``engine``'s schema and the tables (for developers)."""
    with engine.connect() as connection:
        command.revision(_config(connection), message=message, autogenerate=True, rev_id=revision)
