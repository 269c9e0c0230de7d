"""``cardsvc idcard``: read a card on a resident-ID reader, or be such a reader."""

import json
import signal
import threading
from contextlib import ExitStack
from dataclasses import fields
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any, Final

import click

from cardsvc.cli.exits import faults_as_exit_codes
from cardsvc.devices.base import IdRecord
from cardsvc.domain.ids import mask_id_number
from cardsvc.domain.words import say

_SHOWN: Final = ("kind", "name", "english_name", "sex", "nation", "birth", "address", "authority", "valid_from")


@click.group("idcard")
def command() -> None:
    """Read resident ID cards; simulate a reader."""


@command.command()
@click.option("--link", type=click.Path(path_type=Path), required=True, help="Symlink to make to the reader's port.")
@click.option("--person", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="JSON of the cardholder.")
@click.option("--empty", is_flag=True, help="Start without a card on the plate.")
@click.option("--control", type=click.Path(path_type=Path), help="Unix socket that takes one JSON line a connection.")
@click.option("--fault", default="none", show_default=True, help="What is wrong: half, wrong, suspect, selftest ...")
@click.option("--baud", type=int, default=0, help="Talk at this rate only, and take as long as the wire would.")
def simulate(link: Path, person: Path | None, control: Path | None, fault: str, baud: int, *, empty: bool) -> None:
    """Be a reader on a pseudo-terminal until interrupted."""
    from cardsvc.devices.simulated.control import ReaderControl
    from cardsvc.devices.simulated.id_cards import default_person, load_person
    from cardsvc.devices.simulated.id_reader import SimulatedIdReader

    ended = threading.Event()
    with faults_as_exit_codes(), ExitStack() as stack:
        for number in (signal.SIGINT, signal.SIGTERM):
            stack.callback(signal.signal, number, signal.signal(number, lambda *_: ended.set()))
        card = load_person(person.read_text(encoding="utf-8")) if person else default_person()
        reader = SimulatedIdReader(link, person=None if empty else card)
        reader.fail(condition=fault, baud=baud)
        stack.enter_context(reader)
        if control is not None:
            stack.enter_context(ReaderControl(control, reader))
        click.echo(f"ready: {reader.path}")
        while not ended.wait(1.0):  # a bare wait would not let the signal handler run on every platform
            pass


@command.command()
@click.option("--port", required=True, help="Such as /dev/ttyUSB0, a pseudo-terminal or socket://host:port.")
@click.option("--timeout", default=8.0, show_default=True, help="Seconds to wait for a card.")
@click.option("--json", "as_json", is_flag=True, help="Everything, unmasked, as one JSON object.")
@click.option("--photo", type=click.Path(path_type=Path, dir_okay=False), help="Write the photo here as BMP.")
def read(port: str, timeout: float, photo: Path | None, *, as_json: bool) -> None:
    """Read the ID card on a reader."""
    from cardsvc.devices.idcard.reader import SerialIdReader

    with faults_as_exit_codes():
        record = SerialIdReader(port).read(timeout=timeout)
        if photo is not None and record.photo is not None:
            photo.write_bytes(record.photo)
    click.echo(_as_json(record) if as_json else _as_lines(record))


def _as_json(record: IdRecord) -> str:
    values: dict[str, Any] = {
        entry.name: _plain(getattr(record, entry.name))
        for entry in fields(record)
        if entry.name not in {"photo", "photo_raw", "warnings"}
    }
    values["photo"] = {"bytes": len(record.photo_raw), "decoded": record.photo is not None}
    values["warnings"] = [{"code": warned.code, "facts": warned.facts} for warned in record.warnings]
    text = json.dumps(values, ensure_ascii=False)
    # Half a character, as a cut name may end in, cannot be written in UTF-8; escaped it stays what it is.
    return text if _encodable(text) else json.dumps(values)


def _as_lines(record: IdRecord) -> str:
    lines = [f"{name}: {value}" for name in _SHOWN if (value := _plain(getattr(record, name))) not in {"", None}]
    lines.append(f"valid_to: {_plain(record.valid_to)}")
    lines.insert(1, f"number: {mask_id_number(record.number)}")
    lines.append(f"photo: {'decoded' if record.photo is not None else 'not decodable'}")
    lines += [f"warning: {say(warned.code, 'en', **warned.facts)} [{warned.code}]" for warned in record.warnings]
    return "\n".join(lines).encode("utf-8", "replace").decode("utf-8")


def _plain(value: object) -> str | None:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return str(value.value)
    return None if value is None else str(value)


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
