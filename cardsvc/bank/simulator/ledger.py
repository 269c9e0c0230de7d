"""The simulated bank's own truth: orders, accounts, physical makes, events owed to the agency.

Personal data stays out: a person is a digest here. The bank dedupes on the order number for ever (a unique
key), and counts every physical make, so that doubling something is seen in its books and not in ours.
"""

import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    create_engine,
    event,
    func,
    insert,
    select,
    update,
)

from cardsvc.bank.messages import (
    BankState,
    EventKind,
    OrderAnswer,
    OrderMessage,
    ReportKind,
    ReportMessage,
    person_digest,
)

_metadata: Final = MetaData()
orders: Final = Table(
    "bank_order",
    _metadata,
    Column("number", String, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("bank_order_id", String, nullable=False, unique=True),
    Column("state", String, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("account", String, nullable=False),
    Column("person_digest", String, nullable=False),
    Column("photo_digest", String, nullable=False),
    Column("branch", String, nullable=False),
    Column("reason", String, nullable=False),
)
answers: Final = Table(
    "answer",
    _metadata,
    Column("key", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", String, nullable=False),
)
makes: Final = Table(
    "make",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String, nullable=False, index=True),
    Column("card_number", String, nullable=False),
    Column("identification_code", String, nullable=False),
    Column("ok", Integer, nullable=False),
    Column("at", String, nullable=False),
)
events: Final = Table(
    "event",
    _metadata,
    Column("event_id", String, primary_key=True),
    Column("number", String, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("at", String, nullable=False),
    Column("data", String, nullable=False),
    Column("delivered", Integer, nullable=False, default=0),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due", String, nullable=False),
    UniqueConstraint("number", "seq"),
)
nonces: Final = Table(
    "nonce",
    _metadata,
    Column("keyid", String, primary_key=True),
    Column("nonce", String, primary_key=True),
    Column("at", String, nullable=False),
)

# What the test bank says no to, by the last four digits of the mobile number.
REFUSALS: Final = {
    "0001": "bank.refused.name_number_mismatch",
    "0002": "bank.refused.account_limit",
    "0003": "bank.refused.branch_does_not_issue",
    "0004": "bank.refused.customer_blocked",
}


class Refused(Exception):
    """The bank's business says no; the code goes into the problem document."""

    def __init__(self, code: str, status: int = 422) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


class Ledger:
    """The bank's books in one SQLite file."""

    def __init__(self, path: str, *, bank: str) -> None:
        self.bank = bank
        self.engine = _engine(path)
        _metadata.create_all(self.engine)

    def find(self, number: str) -> OrderAnswer | None:
        """Return the order as the bank knows it."""
        with self.engine.begin() as connection:
            return self._answer(connection, number)

    def first_answer(self, key: str, body: bytes) -> tuple[int, str] | None:
        """Return the answer this key had; raise Refused where it had another body."""
        with self.engine.begin() as connection:
            row = connection.execute(select(answers).where(answers.c.key == key)).one_or_none()
        if row is None:
            return None
        if row.digest != hashlib.sha256(body).hexdigest():
            raise Refused("bank.key_reused")
        return row.status, row.body

    def take_order(self, key: str, body: bytes, message: OrderMessage, *, now: datetime) -> tuple[int, str]:
        """Take an order and pre-open the account, or refuse it; the answer is kept under the key."""
        with self.engine.begin() as connection:
            known = connection.execute(select(orders).where(orders.c.number == message.order)).one_or_none()
            if known is not None and known.state != BankState.REFUSED:
                raise Refused("bank.order_exists", 409)
            reason = REFUSALS.get(message.person.mobile[-4:], "")
            state = BankState.REFUSED if reason else BankState.ACCEPTED
            row = {
                "revision": message.revision,
                "state": state.value,
                "account": "" if reason else _account(),
                "person_digest": person_digest(message.person),
                "photo_digest": message.photo.sha256,
                "branch": message.branch,
                "reason": reason,
            }
            if known is None:
                ids = {"number": message.order, "bank_order_id": f"{self.bank}-{secrets.token_hex(6)}", "seq": 0}
                connection.execute(insert(orders).values(**ids, **row))
            else:
                connection.execute(update(orders).where(orders.c.number == message.order).values(**row))
            if reason:
                self._tell(connection, message.order, EventKind.ORDER_REFUSED, {"reason": reason}, now=now)
                status, text = 422, problem_text(reason, 422)
            else:
                data = {"account_number": str(row["account"]), "bank_order_id": self._id(connection, message.order)}
                self._tell(connection, message.order, EventKind.ORDER_ACCEPTED, data, now=now)
                status, text = 201, self._text(connection, message.order)
            return self._keep(connection, key, body, status, text)

    def cancel(self, key: str, body: bytes, number: str, *, now: datetime) -> tuple[int, str]:
        """Drop an order whose making has not started."""
        with self.engine.begin() as connection:
            self._require(connection, number, {BankState.ACCEPTED, BankState.CANCELLED}, "bank.making_started")
            self._set(connection, number, BankState.CANCELLED)
            self._tell(connection, number, EventKind.ORDER_CANCELLED, {}, now=now)
            return self._keep(connection, key, body, 200, self._text(connection, number))

    def report(self, key: str, body: bytes, message: ReportMessage, *, now: datetime) -> tuple[int, str]:
        """Enter what a branch did."""
        steps = {
            ReportKind.MAKING_STARTED: ({BankState.ACCEPTED}, BankState.PERSONALISING, EventKind.MAKING_STARTED),
            ReportKind.CARD_FAILED: ({BankState.PERSONALISING}, BankState.PERSONALISING, EventKind.CARD_FAILED),
            ReportKind.CARD_ISSUED: ({BankState.PERSONALISING}, BankState.MADE, EventKind.CARD_ISSUED),
            ReportKind.ACTIVATE: ({BankState.MADE}, BankState.ACTIVATED, EventKind.FINANCIAL_ACTIVATED),
        }
        sources, target, kind = steps[message.kind]
        with self.engine.begin() as connection:
            self._require(connection, message.order, sources, "bank.wrong_state")
            if message.kind in {ReportKind.CARD_ISSUED, ReportKind.CARD_FAILED}:
                connection.execute(
                    insert(makes).values(
                        number=message.order,
                        card_number=message.card_number,
                        identification_code=message.identification_code,
                        ok=int(message.kind is ReportKind.CARD_ISSUED),
                        at=now.isoformat(),
                    )
                )
            self._set(connection, message.order, target)
            data = {"card_number": message.card_number} if message.card_number else {}
            if message.kind is ReportKind.CARD_ISSUED:
                data |= {
                    "identification_code": message.identification_code,
                    "atr_history": message.atr_history,
                    "version": message.version,
                    "account_number": connection.scalar(
                        select(orders.c.account).where(orders.c.number == message.order)
                    )
                    or "",
                }
            self._tell(connection, message.order, kind, data, now=now)
            return self._keep(connection, key, body, 200, self._text(connection, message.order))

    def due_events(self, *, now: datetime) -> list[dict[str, Any]]:
        """Return the first undelivered event of each order that is due."""
        with self.engine.begin() as connection:
            rows = connection.execute(
                select(events).where(events.c.delivered == 0).order_by(events.c.number, events.c.seq)
            ).mappings()
            found: dict[str, dict[str, Any]] = {}
            for row in rows:
                found.setdefault(row["number"], dict(row))
            return [row for row in found.values() if row["due"] <= now.isoformat()]

    def event_delivered(self, event_id: str) -> None:
        """Mark an event as taken by the agency."""
        with self.engine.begin() as connection:
            connection.execute(update(events).where(events.c.event_id == event_id).values(delivered=1))

    def event_failed(self, event_id: str, *, again: datetime) -> None:
        """Try an event again later."""
        with self.engine.begin() as connection:
            connection.execute(
                update(events)
                .where(events.c.event_id == event_id)
                .values(attempts=events.c.attempts + 1, due=again.isoformat())
            )

    def seen(self, keyid: str, nonce: str, at: datetime) -> bool:
        """Remember a nonce; return whether it was seen (``NonceStore``)."""
        with self.engine.begin() as connection:
            old = (at - timedelta(minutes=12)).isoformat()
            connection.execute(nonces.delete().where(nonces.c.at < old))
            known = connection.execute(
                select(nonces.c.nonce).where(nonces.c.keyid == keyid, nonces.c.nonce == nonce)
            ).first()
            if known is None:
                connection.execute(insert(nonces).values(keyid=keyid, nonce=nonce, at=at.isoformat()))
            return known is not None

    def books(self) -> dict[str, Any]:
        """Return the whole ledger, for tests and reconciliation."""
        with self.engine.begin() as connection:
            return {
                "orders": [dict(row) for row in connection.execute(select(orders)).mappings()],
                "makes": [dict(row) for row in connection.execute(select(makes)).mappings()],
                "undelivered": connection.scalar(
                    select(func.count()).select_from(events).where(events.c.delivered == 0)
                ),
            }

    def _answer(self, connection: Connection, number: str) -> OrderAnswer | None:
        row = connection.execute(select(orders).where(orders.c.number == number)).one_or_none()
        if row is None:
            return None
        return OrderAnswer(
            order=row.number,
            revision=row.revision,
            bank_order_id=row.bank_order_id,
            state=BankState(row.state),
            seq=row.seq,
            account_number=row.account,
            person_digest=row.person_digest,
            photo_digest=row.photo_digest,
            reason=row.reason,
        )

    def _text(self, connection: Connection, number: str) -> str:
        found = self._answer(connection, number)
        if found is None:
            raise Refused("bank.order_unknown", 404)
        return found.model_dump_json()

    def _id(self, connection: Connection, number: str) -> str:
        return str(connection.scalar(select(orders.c.bank_order_id).where(orders.c.number == number)))

    def _require(self, connection: Connection, number: str, sources: set[BankState], code: str) -> None:
        state = connection.scalar(select(orders.c.state).where(orders.c.number == number))
        if state is None:
            raise Refused("bank.order_unknown", 404)
        if state not in sources:
            raise Refused(code, 422)

    def _set(self, connection: Connection, number: str, state: BankState) -> None:
        connection.execute(update(orders).where(orders.c.number == number).values(state=state.value))

    def _tell(
        self, connection: Connection, number: str, kind: EventKind, data: dict[str, str], *, now: datetime
    ) -> None:
        connection.execute(update(orders).where(orders.c.number == number).values(seq=orders.c.seq + 1))
        revision = connection.scalar(select(orders.c.revision).where(orders.c.number == number))
        connection.execute(
            insert(events).values(
                event_id=secrets.token_hex(12),
                number=number,
                seq=select(orders.c.seq).where(orders.c.number == number).scalar_subquery(),
                kind=kind.value,
                at=now.astimezone(UTC).isoformat(),
                data=json.dumps(data | {"revision": revision}),
                due=now.astimezone(UTC).isoformat(),
                delivered=0,
                attempts=0,
            )
        )

    def _keep(self, connection: Connection, key: str, body: bytes, status: int, text: str) -> tuple[int, str]:
        digest = hashlib.sha256(body).hexdigest()
        connection.execute(insert(answers).values(key=key, digest=digest, status=status, body=text))
        return status, text


def problem_text(code: str, status: int) -> str:
    """Return an RFC 9457 problem document."""
    return json.dumps({"type": f"urn:cardsvc:bank:{code}", "title": code, "status": status, "code": code})


def _account() -> str:
    return "622208" + "".join(secrets.choice("0123456789") for _ in range(13))


def _engine(path: str) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"isolation_level": None, "check_same_thread": False, "timeout": 15}
    )

    def prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine
