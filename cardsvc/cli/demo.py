"""``cardsvc demo``: the whole counter on one PC, hardware and bank simulated."""

import contextlib
import os
import signal
import sys
from pathlib import Path

import click

from cardsvc.cli.exits import faults_as_exit_codes, port_in_use


@click.command("demo")
@click.option("--port", default=8080, show_default=True, help="0 picks a free one.")
@click.option("--data", default="var/demo", show_default=True, type=click.Path(path_type=Path))
@click.option("--person", type=click.Path(exists=True, path_type=Path), help="Whose ID card lies on the reader (JSON).")
@click.option("--pcscd/--no-pcscd", default=True, help="Put cards in a real PC/SC reader where one can run.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Written as JSON once requests are taken.")
def command(port: int, data: Path, person: Path | None, ready_file: Path | None, *, pcscd: bool) -> None:
    """Run the counter with an embedded database, a simulated bank, ID reader and card reader."""
    from cardsvc.cli.processes import free_port
    from cardsvc.cli.stack import Stack, write_config
    from cardsvc.services import seed

    def stop(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    with faults_as_exit_codes(), contextlib.ExitStack() as running:
        with port_in_use(port):
            port = free_port(port)
        around = running.enter_context(Stack(data, port=port, person=person, pcscd=pcscd)).around
        config = data / "cardsvc.toml"
        write_config(around, config)
        os.environ.update(around.environment)
        os.environ["CARDSVC_CONFIG"] = str(config)
        click.echo(f"cardsvc demo on http://127.0.0.1:{port}  (data in {data})")
        for account in seed.DEMO_ACCOUNTS:
            click.echo(f"  {account.username:<11} {seed.DEMO_PASSWORD}   {account.role.value:<11} {account.name}")
        if around.pcsc_missing:
            click.echo(f"  cards are simulated without PC/SC (missing: {around.pcsc_missing})")
        sys.stdout.flush()
        try:
            from cardsvc.cli.serve import run

            run(ready_file=ready_file)
        except KeyboardInterrupt:
            click.echo("stopped")
