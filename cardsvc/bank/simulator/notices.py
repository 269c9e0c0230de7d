"""Telling the agency: events are rows, sent until they are taken, in order within an order."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import structlog

from cardsvc.bank import signing
from cardsvc.bank.messages import Event, canonical_body
from cardsvc.bank.simulator.faults import Faults
from cardsvc.bank.simulator.ledger import Ledger

_IDLE: Final = 0.5
log = structlog.get_logger()


class Notices(threading.Thread):
    """One thread that sends what is due."""

    def __init__(
        self,
        ledger: Ledger,
        signer: signing.Signer,
        agency_url: str,
        faults: Faults,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(name="bank-notices", daemon=True)
        self._ledger = ledger
        self._signer = signer
        self._url = f"{agency_url.rstrip('/')}/api/v1/bank/events"
        self._faults = faults
        self._clock = clock
        self._stop_asked = threading.Event()
        self._wake = threading.Event()
        self._client = httpx.Client(timeout=5.0, follow_redirects=False, trust_env=False)

    def wake(self) -> None:
        """Look now."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stop_asked.set()
        self._wake.set()
        self.join(timeout=10)
        self._client.close()

    def run(self) -> None:
        """Send until stopped."""
        while not self._stop_asked.is_set():
            sent = sum(self._send(row) for row in self._ledger.due_events(now=self._clock()))
            if not sent:
                self._wake.wait(_IDLE)
                self._wake.clear()

    def _send(self, row: dict[str, Any]) -> bool:
        data = json.loads(row["data"])
        event = Event(
            event_id=row["event_id"],
            bank=self._ledger.bank,
            order=row["number"],
            revision=data.pop("revision", 1),
            seq=row["seq"],
            at=row["at"],
            kind=row["kind"],
            data=data,
        )
        body = canonical_body(event)
        taken = self._post(body)
        if taken and self._faults.of_events("F19"):
            self._post(body)
        if taken:
            self._ledger.event_delivered(row["event_id"])
        else:
            wait = timedelta(seconds=min(60.0, 0.25 * 2 ** min(row["attempts"], 8)))
            self._ledger.event_failed(row["event_id"], again=self._clock() + wait)
        return taken

    def _post(self, body: bytes) -> bool:
        request = httpx.Request("POST", self._url, headers={"Content-Type": "application/json"}, content=body)
        seen = signing.Request("POST", str(request.url), request.headers)
        self._signer.sign_request(seen, body, now=self._clock())
        try:
            answer = self._client.send(request)
        except httpx.HTTPError as error:
            log.info("bank_notice_failed", kind=type(error).__name__)
            return False
        if not answer.is_success:
            log.info("bank_notice_refused", status=answer.status_code)
        return answer.is_success
