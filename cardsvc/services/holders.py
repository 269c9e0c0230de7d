"""Holders and readings as the JSON that is sealed, and as the masked records that are shown."""

import json
from dataclasses import asdict
from datetime import date
from typing import Any

from cardsvc.devices.base import IdRecord
from cardsvc.domain.ids import mask_id_number
from cardsvc.domain.names import suspect_characters
from cardsvc.domain.people import LONG_TERM, DocumentKind, Holder, LongTerm, Sex
from cardsvc.services.views import HolderView

_LONG_TERM = "long_term"


def to_json(holder: Holder) -> str:
    """Return the holder as JSON text."""
    return json.dumps({name: _plain(value) for name, value in asdict(holder).items()})


def from_json(text: str | bytes) -> Holder:
    """Return the holder of :func:`to_json`."""
    data: dict[str, Any] = json.loads(text)
    return Holder(
        document_kind=DocumentKind(data["document_kind"]),
        id_number=data["id_number"],
        name=data["name"],
        sex=Sex(data["sex"]),
        nation=data["nation"],
        birth=date.fromisoformat(data["birth"]),
        address=data["address"],
        valid_from=_day(data["valid_from"]),
        valid_to=_end(data["valid_to"]),
        authority=data["authority"],
    )


def of_record(record: IdRecord, birth: date) -> Holder:
    """Return who a reading is about."""
    return Holder(
        document_kind=record.kind,
        id_number=record.number,
        name=record.name or record.english_name,
        sex=record.sex,
        nation=record.nation,
        birth=birth,
        address=record.address,
        valid_from=record.valid_from,
        valid_to=record.valid_to,
        authority=record.authority,
    )


def masked(holder: Holder) -> HolderView:
    """Return the holder as a screen may show it without asking."""
    return HolderView(
        name=holder.name,
        id_number_masked=mask_id_number(holder.id_number),
        document_kind=holder.document_kind,
        sex=holder.sex,
        nation=holder.nation,
        birth=holder.birth,
        address_masked=mask_tail(holder.address, keep=6),
        valid_from=holder.valid_from,
        valid_to=holder.valid_to,
        authority=holder.authority,
        suspect_characters=suspect_characters(holder.name),
    )


def mask_tail(text: str, *, keep: int) -> str:
    """Return ``text`` with all after its first ``keep`` characters starred.

    >>> mask_tail("13800138000", keep=3)
    '138********'
    """
    return text[:keep] + "*" * max(0, len(text) - keep)


def _plain(value: object) -> object:
    if isinstance(value, LongTerm):
        return _LONG_TERM
    return value.isoformat() if isinstance(value, date) else value


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def _end(value: str | None) -> date | LongTerm | None:
    return LONG_TERM if value == _LONG_TERM else _day(value)


def agent_to_json(name: str, id_number: str) -> str:
    """Return the agent (代办人) as JSON text."""
    return json.dumps({"name": name, "id_number": id_number})


def agent_name(text: str) -> str:
    """Return the agent's name out of :func:`agent_to_json`, "" for none."""
    return str(json.loads(text)["name"]) if text else ""


def agent_id_number(text: str) -> str:
    """Return the agent's ID number out of :func:`agent_to_json`, "" for none."""
    return str(json.loads(text)["id_number"]) if text else ""
