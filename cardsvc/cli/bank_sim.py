"""``cardsvc bank-sim``: a partner bank's far end as a process of its own."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import click

from cardsvc.cli.exits import faults_as_exit_codes, port_in_use
from cardsvc.errors import Rejected


class KeyUnusable(Rejected, code="cli.key"):
    """A key file holds no Ed25519 key; facts: path."""


@click.command("bank-sim")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8090, show_default=True, help="0 picks a free one and prints it.")
@click.option("--db", "database", default="bank.sqlite", show_default=True, help="The bank's own books.")
@click.option("--bank-code", default="ICBC", show_default=True)
@click.option("--agency-url", default="http://127.0.0.1:8080", show_default=True, help="Where events are sent.")
@click.option(
    "--key", "key_file", required=True, type=click.Path(path_type=Path), help="The bank's key, made if missing."
)
@click.option("--keyid", default="bank-1", show_default=True)
@click.option(
    "--agency-key", required=True, type=click.Path(exists=True, path_type=Path), help="The agency's public key."
)
@click.option("--agency-keyid", default="agency-1", show_default=True)
@click.option("--fault", "fault_rates", multiple=True, metavar="Fnn=RATE", help="A fault and how often, 0 to 1.")
@click.option("--stall-seconds", default=15.0, show_default=True, help="How long F10 stalls.")
@click.option("--seed", default=0, show_default=True, help="Of the faults' dice.")
def command(
    host: str,
    port: int,
    database: str,
    bank_code: str,
    agency_url: str,
    key_file: Path,
    keyid: str,
    agency_key: Path,
    agency_keyid: str,
    fault_rates: tuple[str, ...],
    stall_seconds: float,
    seed: int,
) -> None:
    """Run a simulated partner bank.

    It takes orders at /v1/orders, signs what it says, dedupes on the order number for ever, counts physical
    makes in its own books and sends events to the agency until they are taken. A mobile number ending in
    0001 is refused as "name and number do not match", 0002 "account limit", 0003 "branch does not issue",
    0004 "customer blocked". Tests set faults by POST /_control/faults and read the books at /_control/ledger.
    """
    from waitress.server import create_server

    from cardsvc import logs
    from cardsvc.bank import signing
    from cardsvc.bank.simulator.app import Bank, create_simulator
    from cardsvc.bank.simulator.faults import KNOWN, Faults
    from cardsvc.bank.simulator.ledger import Ledger
    from cardsvc.bank.simulator.notices import Notices

    logs.configure()
    rates = dict(map(_rate, fault_rates))
    unknown = sorted(set(rates) - set(KNOWN))
    if unknown:
        raise click.BadParameter(f"unknown fault {', '.join(unknown)}; known are {', '.join(sorted(KNOWN))}")
    with faults_as_exit_codes():
        if not key_file.exists():
            signing.new_key(key_file)
        with _key_at(key_file):
            signer = signing.Signer(keyid, signing.load_private(key_file))
        with _key_at(agency_key):
            verifier = signing.Verifier({agency_keyid: signing.load_public(agency_key)})
        bank = Bank(
            ledger=Ledger(database, bank=bank_code),
            signer=signer,
            verifier=verifier,
            faults=Faults(rates=rates, seed=seed, stall_seconds=stall_seconds),
        )
        notices = Notices(bank.ledger, signer, agency_url, bank.faults)
        bank.on_event = notices.wake
        with port_in_use(port):
            server = create_server(create_simulator(bank), host=host, port=port, threads=16, ident="bank")
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    notices.start()
    click.echo(f"ready http://{host}:{server.effective_port}")
    sys.stdout.flush()
    try:
        server.run()
    finally:
        server.close()
        notices.stop()


def _rate(entry: str) -> tuple[str, float]:
    """Return fault and rate of ``F01=0.1``; raise BadParameter."""
    name, _, rate = entry.partition("=")
    try:
        return name, float(rate)
    except ValueError:
        raise click.BadParameter(f"{entry}: a fault is given as F01=0.1") from None


@contextlib.contextmanager
def _key_at(path: Path) -> Iterator[None]:
    """Turn what the cryptography library says of a file that is no key into KeyUnusable."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise KeyUnusable(path=path) from error
