"""The audit trail: every move, every reveal, every refused door - hash-chained, in the commit of what it tells.

``hash = SHA-256(previous | canonical JSON of the row)``. A chain belongs to one node, so writers on two nodes
do not wait for each other. A chain alone does not stop whoever owns the database from writing it anew: its
root must be kept elsewhere (docs/decisions/0003).
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import and_, or_, select

from cardsvc.errors import InvalidInput
from cardsvc.services.views import Actor, AuditLine
from cardsvc.store.models import AuditRow, ChainRow
from cardsvc.store.uow import Tx

SERVICE: Final = Actor(name="service", role=None)
_START: Final = b"\0" * 32


def record(tx: Tx, *, by: Actor, action: str, subject: str, now: datetime, **facts: object) -> None:
    """Append one row; facts must hold no personal data."""
    tip = tx.get(ChainRow, tx.node, with_for_update=True)
    if tip is None:
        tip = ChainRow(chain=tx.node, seq=0, hash=_START)
        tx.add(tip)
    row = AuditRow(
        chain=tx.node,
        seq=tip.seq + 1,
        at=now,
        actor=by.name,
        role=by.role.value if by.role else "",
        action=action,
        subject=subject,
        facts={name: str(value) for name, value in facts.items()},
        previous=tip.hash,
    )
    row.hash = _digest(row)
    tx.add(row)
    tip.seq, tip.hash = row.seq, row.hash


def verify(tx: Tx) -> tuple[str, int] | None:
    """Return the first (chain, seq) that does not fit, or None where every chain is whole."""
    for tip in tx.scalars(select(ChainRow).order_by(ChainRow.chain)):
        previous, seq = _START, 0
        rows = tx.scalars(select(AuditRow).where(AuditRow.chain == tip.chain).order_by(AuditRow.seq))
        for row in rows.yield_per(1000):
            if row.seq != seq + 1 or row.previous != previous or _digest(row) != row.hash:
                return row.chain, row.seq
            previous, seq = row.hash, row.seq
        if (seq, previous) != (tip.seq, tip.hash):
            return tip.chain, seq + 1
    return None


def page(tx: Tx, *, subject: str = "", after: str = "", limit: int = 50) -> tuple[AuditLine, ...]:
    """Return the newest rows first, those about ``subject`` only if one is given.

    ``after`` is the ``mark`` of the last row already seen: rows of one request share their moment. Raise InvalidInput.
    """
    query = select(AuditRow).order_by(AuditRow.at.desc(), AuditRow.chain.desc(), AuditRow.seq.desc()).limit(limit)
    if subject:
        query = query.where(AuditRow.subject == subject)
    if after:
        at, chain, seq = _place(after)
        earlier = or_(AuditRow.chain < chain, and_(AuditRow.chain == chain, AuditRow.seq < seq))
        query = query.where(or_(AuditRow.at < at, and_(AuditRow.at == at, earlier)))
    return tuple(
        AuditLine(
            chain=row.chain,
            seq=row.seq,
            at=row.at,
            actor=row.actor,
            action=row.action,
            subject=row.subject,
            facts=row.facts,
        )
        for row in tx.scalars(query)
    )


def _place(mark: str) -> tuple[datetime, str, int]:
    try:
        at, seq, chain = mark.split("|", 2)
        return datetime.fromisoformat(at).astimezone(UTC), chain, int(seq)
    except ValueError:
        raise InvalidInput(field="after", reason="not a page mark") from None


def _digest(row: AuditRow) -> bytes:
    told = {
        "chain": row.chain,
        "seq": row.seq,
        "at": row.at.isoformat(),
        "actor": row.actor,
        "role": row.role,
        "action": row.action,
        "subject": row.subject,
        "facts": row.facts,
    }
    canonical = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(row.previous + canonical.encode()).digest()
