"""Readings of ID cards, kept server-side for a few minutes: a page holds only their id."""

import json
import uuid
from dataclasses import asdict, fields
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete

from cardsvc.devices.base import IdRecord, Warned
from cardsvc.domain.ids import mask_id_number
from cardsvc.domain.names import suspect_characters
from cardsvc.domain.nations import nation_name
from cardsvc.domain.people import LONG_TERM, DocumentKind, Sex
from cardsvc.services import audit
from cardsvc.services.views import Actor, ReadingView
from cardsvc.store.models import ReadingRow
from cardsvc.store.uow import Tx

KEPT: Final = timedelta(minutes=10)
_LONG_TERM: Final = "long_term"
_NOT_KEPT: Final = ("photo", "photo_raw")


def keep(tx: Tx, record: IdRecord, *, by: Actor, now: datetime) -> ReadingRow:
    """Store a reading for its reader, drop those that are too old; return its row."""
    tx.execute(delete(ReadingRow).where(ReadingRow.at < now - KEPT))
    row = ReadingRow(user_name=by.name, desk=by.desk, at=now, photo=None)
    row.record = tx.seal(row, "record", _to_json(record))
    if record.photo is not None:
        row.photo = tx.seal(row, "photo", record.photo)
    tx.add(row)
    audit.record(tx, by=by, action="id_card.read", subject=mask_id_number(record.number), now=now, desk=by.desk)
    tx.flush()
    return row


def find(tx: Tx, reading: uuid.UUID, *, by: Actor, now: datetime) -> ReadingRow | None:
    """Return the reading if it is this user's and still fresh."""
    row = tx.get(ReadingRow, reading)
    if row is None or row.user_name != by.name or row.at < now - KEPT:
        return None
    return row


def record(tx: Tx, row: ReadingRow) -> IdRecord:
    """Return what was read (without the photo)."""
    data: dict[str, Any] = json.loads(tx.unseal(row, "record"))
    data["kind"] = DocumentKind(data["kind"])
    data["sex"] = Sex(data["sex"])
    data["birth"] = _day(data["birth"])
    data["valid_from"] = _day(data["valid_from"])
    data["valid_to"] = LONG_TERM if data["valid_to"] == _LONG_TERM else _day(data["valid_to"])
    data["warnings"] = tuple(Warned(**warned) for warned in data["warnings"])
    return IdRecord(**data)


def view(tx: Tx, row: ReadingRow) -> ReadingView:
    """Return the reading for the screen of whoever made it."""
    found = record(tx, row)
    return ReadingView(
        id=row.id,
        document_kind=found.kind,
        id_number=found.number,
        name=found.name or found.english_name,
        sex=found.sex,
        nation=found.nation,
        nation_name=nation_name(found.nation),
        birth=found.birth,
        address=found.address,
        authority=found.authority,
        valid_from=found.valid_from,
        valid_to=found.valid_to,
        warnings=found.warnings,
        suspect_characters=suspect_characters(found.name),
        has_photo=row.photo is not None,
        open_order="",
        live_card=False,
    )


def _to_json(found: IdRecord) -> str:
    kept = {field.name for field in fields(found)} - set(_NOT_KEPT)
    data = {name: _plain(value) for name, value in asdict(found).items() if name in kept}
    return json.dumps(data)


def _plain(value: object) -> object:
    if value is LONG_TERM:
        return _LONG_TERM
    return value.isoformat() if isinstance(value, date) else value


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
