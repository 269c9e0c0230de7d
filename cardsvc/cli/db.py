"""``cardsvc db``: bring the database to the newest schema."""

import click

from cardsvc.cli.exits import faults_as_exit_codes


@click.group("db")
def command() -> None:
    """Look after the database."""


@command.command("upgrade")
def upgrade() -> None:
    """Run the migrations that are missing."""
    from cardsvc.cli.settings import read_settings
    from cardsvc.store import schema
    from cardsvc.store.engine import make_engine

    with faults_as_exit_codes():
        settings = read_settings()
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        engine = make_engine(settings.database)
        schema.upgrade(engine)
        click.echo(f"schema {schema.newest()}")


@command.command("verify")
def verify() -> None:
    """Check the audit chains; exit 1 at the first row that does not fit."""
    import sys

    from cardsvc import wiring
    from cardsvc.cli.settings import read_settings
    from cardsvc.services import audit

    with faults_as_exit_codes():
        built = wiring.build(read_settings())
        with built.uow.reading() as tx:
            broken = audit.verify(tx)
    click.echo("audit chains whole" if broken is None else f"audit chain {broken[0]} broken at {broken[1]}")
    sys.exit(0 if broken is None else 1)
