from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from cardsvc.store import schema
from cardsvc.store.models import Base


def test_the_migrations_make_exactly_the_tables(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_an_upgrade_twice_changes_nothing(engine):
    schema.upgrade(engine)
    with engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == schema.newest()


def test_the_partial_indexes_and_checks_are_there(engine):
    names = {
        index["name"] for table in ("card_order", "card", "outbox") for index in inspect(engine).get_indexes(table)
    }
    assert {"ux_open_order", "ux_live_card", "ux_order_card", "ix_outbox_due"} <= names
    checks = {check["name"] for check in inspect(engine).get_check_constraints("card_order")}
    assert {"ck_card_order_state", "ck_card_order_kind"} <= checks


def test_sqlite_flushes_every_commit_and_enforces_foreign_keys(engine):
    if engine.dialect.name != "sqlite":
        with engine.connect() as connection:
            assert connection.execute(text("SHOW synchronous_commit")).scalar() in {"on", "off"}
        return
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
