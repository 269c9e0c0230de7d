"""The simulated bank's HTTP side."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from flask import Flask, Response, g, request

from cardsvc.bank import signing
from cardsvc.bank.messages import CancelMessage, MessageInvalid, OrderMessage, ReportMessage, parse
from cardsvc.bank.simulator import faults as fault_table
from cardsvc.bank.simulator.faults import Faults
from cardsvc.bank.simulator.ledger import Ledger, Refused, problem_text

_PROBLEM: Final = "application/problem+json"
_CONTROL: Final = "/_control"
_FIRST_ERROR: Final = 400
_EVENT_FIRST: Final = 0.5  # seconds
_SIGNATURE_HEADERS: Final = frozenset({"content-digest", "signature-input", "signature"})
log = structlog.get_logger()


@dataclass(slots=True)
class Bank:
    """One simulated bank."""

    ledger: Ledger
    signer: signing.Signer
    verifier: signing.Verifier
    faults: Faults = field(default_factory=Faults)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    stall: threading.Event = field(default_factory=threading.Event)
    hold: threading.Event = field(default_factory=threading.Event)  # set: answer nothing (F25: down)
    on_event: Callable[[], None] = lambda: None


def create_simulator(bank: Bank) -> Flask:
    """Return the bank's server; ``/_control`` is for tests, on loopback only."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 4 * 1024 * 1024
    routes = _Routes(bank)
    app.before_request(routes.check)
    app.after_request(routes.sign)
    app.add_url_rule("/v1/orders", view_func=routes.take_order, methods=["POST"])
    app.add_url_rule("/v1/orders/<number>", view_func=routes.show)
    app.add_url_rule("/v1/orders/<number>/cancel", view_func=routes.cancel, methods=["POST"])
    app.add_url_rule("/v1/orders/<number>/reports", view_func=routes.report, methods=["POST"])
    app.add_url_rule("/_control/ledger", view_func=routes.ledger)
    app.add_url_rule("/_control/faults", view_func=routes.set_faults, methods=["POST"])
    return app


class _Routes:
    """The bank's answers; each is signed on its way out unless a fault says otherwise."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank

    def check(self) -> Response | None:
        """Verify the caller and let a fault strike before anything is entered."""
        g.fault = ""
        if request.path.startswith(_CONTROL):
            return None if request.remote_addr in {"127.0.0.1", "::1", None} else Response("", 403)
        if self._bank.hold.is_set():
            return Response("", 503, {"Retry-After": "1"})
        g.seen = signing.Request(request.method, request.url, dict(request.headers.items()))
        try:
            self._bank.verifier.verify_request(
                g.seen, request.get_data(), nonces=self._bank.ledger, now=self._bank.clock()
            )
        except signing.SignatureInvalid as error:
            log.info("bank_signature_refused", why=error.facts.get("why"))
            return _refuse("bank.signature_invalid", 401)
        g.fault = self._bank.faults.draw()
        struck = fault_table.before(g.fault)
        if struck is not None:
            g.unsigned = True
        if g.fault:
            log.info("bank_fault", fault=g.fault, path=request.path)
        return struck

    def sign(self, answer: Response) -> Response:
        """Sign the answer, after what a fault does to it."""
        if request.path.startswith(_CONTROL) or g.get("unsigned") or "seen" not in g or g.fault == "F14":
            return answer
        if g.fault == "F10":
            self._bank.stall.wait(self._bank.faults.stall_seconds)
        if g.fault == "F13":
            told = json.loads(answer.get_data())
            answer.set_data(json.dumps(told | {"order": "0" * 20, "person_digest": "0" * 64}))
        spoiled = fault_table.after(g.fault, answer)
        if spoiled is not answer:
            return spoiled
        headers = {name.lower(): value for name, value in answer.headers.items()}
        seen = signing.Response(answer.status_code, headers, g.seen)
        self._bank.signer.sign_response(seen, answer.get_data(), now=self._bank.clock())
        for name, value in seen.headers.items():
            if name.lower() in _SIGNATURE_HEADERS:
                answer.headers[name] = value
        return answer

    def take_order(self) -> Response:
        """Take an order."""
        return self._posted(
            OrderMessage, lambda key, body, m: self._bank.ledger.take_order(key, body, m, now=self._bank.clock())
        )

    def cancel(self, number: str) -> Response:
        """Drop an order."""
        return self._posted(
            CancelMessage, lambda key, body, _m: self._bank.ledger.cancel(key, body, number, now=self._bank.clock())
        )

    def report(self, number: str) -> Response:
        """Enter a branch's report; the body names the order, and the body is what is signed for good."""
        del number
        return self._posted(
            ReportMessage, lambda key, body, m: self._bank.ledger.report(key, body, m, now=self._bank.clock())
        )

    def show(self, number: str) -> Response:
        """Show an order."""
        found = self._bank.ledger.find(number)
        if found is None:
            return _refuse("bank.order_unknown", 404)
        return Response(found.model_dump_json(), content_type="application/json")

    def ledger(self) -> dict[str, Any]:
        """Show the books."""
        return self._bank.ledger.books()

    def set_faults(self) -> dict[str, Any]:
        """Set rates, the script of the next requests, the stall, and whether the bank is down."""
        wanted = request.get_json()
        self._bank.faults.rates = dict(wanted.get("rates", {}))
        self._bank.faults.script = list(wanted.get("script", []))
        self._bank.faults.stall_seconds = float(wanted.get("stall_seconds", 0))
        (self._bank.hold.set if wanted.get("down") else self._bank.hold.clear)()
        return {"ok": True}

    def _posted(self, shape: Any, act: Callable[[str, bytes, Any], tuple[int, str]]) -> Response:
        key, body = request.headers.get("Idempotency-Key", "").strip('"'), request.get_data()
        if not key:
            return _refuse("bank.key_missing", 400)
        try:
            status, text = self._bank.ledger.first_answer(key, body) or act(key, body, parse(shape, body))
        except Refused as error:
            return _refuse(error.code, error.status)
        except MessageInvalid as error:
            log.info("bank_message_invalid", field=error.facts.get("field"))
            return _refuse("bank.message_invalid", 400)
        self._bank.on_event()
        if self._bank.faults.of_events("F20"):
            self._bank.stall.wait(_EVENT_FIRST)  # the event is on its way; the answer waits for it
        return Response(text, status, content_type="application/json" if status < _FIRST_ERROR else _PROBLEM)


def _refuse(code: str, status: int) -> Response:
    return Response(problem_text(code, status), status, content_type=_PROBLEM)
