"""``cardsvc smartcard``: list readers, read a card, be a reader with a box of cards."""

import contextlib
import json
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path

import click

from cardsvc.cli.exits import faults_as_exit_codes


@click.group("smartcard")
def command() -> None:
    """Smart-card readers and social-security cards."""


@command.command("list")
def list_readers() -> None:
    """List the PC/SC readers."""
    from cardsvc.devices.smartcard import pcsc

    with faults_as_exit_codes():
        for name in pcsc.list_readers():
            click.echo(name)


@command.command("read")
@click.option("--reader", default="", help="A part of the reader's name.")
def read(reader: str) -> None:
    """Say what card lies in the reader (no personal data: that needs keys and an order)."""
    from cardsvc.devices.smartcard.keys import TestKeyService
    from cardsvc.devices.smartcard.pcsc import PcscCardReader

    with faults_as_exit_codes():
        found = PcscCardReader(reader, keys=TestKeyService()).identify()
        click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2))


@command.command("simulate")
@click.option("--folder", required=True, type=click.Path(path_type=Path), help="Where cards are kept.")
@click.option("--control", required=True, type=click.Path(path_type=Path), help="Socket that steers the box.")
@click.option("--insert/--empty", default=True, help="Begin with a blank in the reader.")
@click.option("--pcscd/--no-pcscd", default=True, help="Run a private PC/SC service where one can run.")
def simulate(*, folder: Path, control: Path, insert: bool, pcscd: bool) -> None:
    """Be a reader with a box of blank cards until told to end.

    Prints one line of JSON when ready: the control socket and, where a private PC/SC service runs, its socket
    (for PCSCLITE_CSOCK_NAME) and the reader's name; where none can run, why.
    """
    from cardsvc.devices.simulated.card_box import BoxServer, CardBox
    from cardsvc.devices.simulated.vpcd import PrivatePcscd, VpcdCard, pcscd_missing

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    told: dict[str, str] = {"control": str(control), "missing": pcscd_missing() if pcscd else "not wanted"}
    with faults_as_exit_codes(), contextlib.ExitStack() as running:
        box = CardBox(folder)
        if not told["missing"]:
            service = PrivatePcscd(folder / "pcscd")
            try:
                running.enter_context(service)
            except (RuntimeError, OSError) as error:
                told["missing"] = f"pcscd does not start: {error}"
            else:
                card = VpcdCard(box, service.ports[0])
                card.start()
                running.callback(card.stop)
                told |= {"pcsc_socket": str(service.socket_path), "reader": f"{service.names[0]} 00 00"}
        running.enter_context(BoxServer(control, box))
        if insert:
            box.insert()
        click.echo(json.dumps(told))
        sys.stdout.flush()
        stop.wait()
