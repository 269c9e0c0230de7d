"""``cardsvc worker``: deliver the outbox in a process of its own."""

import random
import signal
import threading

import click

from cardsvc.cli.exits import faults_as_exit_codes


@click.command("worker")
def command() -> None:
    """Deliver what is owed to the banks until told to end; several of these may share one PostgreSQL."""
    from cardsvc import logs, wiring
    from cardsvc.cli.settings import read_settings
    from cardsvc.services import work

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with faults_as_exit_codes():
        logs.configure()
        built = wiring.build(read_settings())
        click.echo("ready")
        work.run(built.uow, built.banks, clock=built.clock, stop=stop, rng=random.SystemRandom())
