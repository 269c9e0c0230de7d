"""``cardsvc serve``: the web process."""

import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import click

from cardsvc.cli.exits import faults_as_exit_codes, port_in_use


@click.command("serve")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Written with the address once requests are taken.")
def command(ready_file: Path | None) -> None:
    """Serve pages and API with the settings of CARDSVC_* and the file CARDSVC_CONFIG names."""
    with faults_as_exit_codes():
        run(ready_file=ready_file)


def run(*, ready_file: Path | None = None, ready: threading.Event | None = None) -> None:
    """Serve until the process is told to end."""
    from waitress.server import create_server

    from cardsvc import logs, wiring
    from cardsvc.cli.settings import read_settings
    from counter_ui import create_app

    logs.configure()
    settings = read_settings()
    built = wiring.build(settings)
    with port_in_use(settings.port):
        server = create_server(
            create_app(built),
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            ident="cardsvc",
            channel_timeout=60,
            max_request_body_size=600 * 1024 * 1024,
            clear_untrusted_proxy_headers=True,
        )
    stop_worker = wiring.start_worker(built) if settings.run_worker else None
    address = f"http://{settings.host}:{server.effective_port}"
    if ready_file is not None:
        part = ready_file.with_suffix(".part")
        part.write_text(address)
        part.replace(ready_file)
    click.echo(f"ready {address} {datetime.now(UTC):%H:%M:%S}")
    sys.stdout.flush()
    if ready is not None:
        ready.set()
    try:
        server.run()
    finally:
        server.close()
        if stop_worker is not None:
            stop_worker()
