"""``cardsvc worker``: deliver the outbox and make the photos of batches in a process of its own."""

import os
import random
import signal
import threading

import click

from cardsvc.cli.exits import faults_as_exit_codes


@click.command("worker")
@click.option(
    "--photos",
    type=click.IntRange(0, 64),
    default=os.cpu_count() or 1,
    show_default="one a processor",
    help="Child processes for photo batches; 0: this worker makes none.",
)
def command(photos: int) -> None:
    """Deliver what is owed to the banks, and make photos, until told to end; several may share one PostgreSQL."""
    from cardsvc import logs, wiring
    from cardsvc.capture.pool import PhotoPool
    from cardsvc.config import load_settings
    from cardsvc.services import photo_work, work

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with faults_as_exit_codes():
        logs.configure()
        built = wiring.build(load_settings())
        maker = threading.Thread(
            target=photo_work.run,
            args=(built.uow, lambda: PhotoPool(photos)),
            kwargs={"clock": built.clock, "stop": stop},
            name="photos",
        )
        if photos:
            maker.start()
        click.echo("ready")
        work.run(built.uow, built.banks, clock=built.clock, stop=stop, rng=random.SystemRandom())
        if photos:
            maker.join()
