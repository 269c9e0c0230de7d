"""The partner bank over HTTP: signed both ways, bounded in time and size, every vendor exception translated."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from cardsvc.bank.gateway import BankAnswer, BankBusy, BankDoubt, BankRefusal, BankUnreachable, Parcel
from cardsvc.bank.messages import MAX_BODY, MessageInvalid, OrderAnswer, parse
from cardsvc.bank.signing import MemoryNonces, Request, Response, SignatureInvalid, Signer, Verifier

_LONGEST_RETRY_AFTER: Final = 600.0
_DEFAULT_RETRY_AFTER: Final = 2.0
_WAIT_STATUSES: Final = frozenset({408, 409, 425, 429, 503})
_UNKNOWN: Final = "bank.order_unknown"
# Raised before a byte of the request left: sending again cannot double anything.
_NOTHING_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class BankClient:
    """Implements ``BankGateway`` for one bank; thread-safe."""

    def __init__(
        self,
        base_url: str,
        *,
        signer: Signer,
        verifier: Verifier,
        timeout: float = 10.0,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._base = base_url.rstrip("/")
        self._signer = signer
        self._verifier = verifier
        self._timeout = timeout
        self._clock = clock
        self._nonces = MemoryNonces()  # an answer belongs to the call that waits for it, in this process
        self._client = httpx.Client(
            transport=transport,
            timeout=httpx.Timeout(timeout, connect=min(timeout, 5.0)),
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=32, keepalive_expiry=5.0),
        )

    def post(self, parcel: Parcel) -> BankAnswer:
        """Send a parcel; see ``BankGateway.post``."""
        headers = {"Idempotency-Key": f'"{parcel.key}"', "Content-Type": "application/json"}
        status, body = self._exchange("POST", parcel.path, headers, parcel.body)
        return self._answer(status, body)

    def find_order(self, order: str) -> BankAnswer | None:
        """Ask what the bank knows; see ``BankGateway.find_order``."""
        status, body = self._exchange("GET", f"/v1/orders/{order}", {}, b"")
        if status == httpx.codes.NOT_FOUND and _code(body) == _UNKNOWN:
            return None
        return self._answer(status, body)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _exchange(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        request = httpx.Request(method, self._base + path, headers=headers, content=body)
        seen = Request(method, str(request.url), request.headers)
        self._signer.sign_request(seen, body, now=self._clock())
        request.extensions = {"timeout": self._client.timeout.as_dict()}
        deadline = self._clock().timestamp() + self._timeout
        try:
            answer = self._client.send(request, stream=True)
            try:
                received = self._read(answer, deadline)
            finally:
                answer.close()
        except _NOTHING_SENT as error:
            raise BankUnreachable(kind=type(error).__name__) from None
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            raise BankDoubt(kind=type(error).__name__) from None
        if answer.status_code in {429, 503}:
            # A proxy in front of the bank says this too, unsigned; waiting needs no trust.
            raise BankBusy(retry_after=retry_after(answer.headers.get("Retry-After", ""), self._clock()))
        try:
            self._verifier.verify_response(
                Response(answer.status_code, answer.headers, seen), received, nonces=self._nonces, now=self._clock()
            )
        except SignatureInvalid as error:
            raise BankDoubt(kind="signature", why=error.facts.get("why", ""), status=answer.status_code) from None
        return answer.status_code, received

    def _read(self, answer: httpx.Response, deadline: float) -> bytes:
        received = bytearray()
        for chunk in answer.iter_raw():
            received += chunk
            if len(received) > MAX_BODY:
                raise BankDoubt(kind="body_too_large")
            if self._clock().timestamp() > deadline:  # a byte a second keeps every single read in time
                raise BankDoubt(kind="too_slow")
        return bytes(received)

    def _answer(self, status: int, body: bytes) -> BankAnswer:
        if status in _WAIT_STATUSES:
            raise BankBusy(retry_after=_DEFAULT_RETRY_AFTER)
        if 400 <= status < 500:  # noqa: PLR2004 - HTTP
            raise BankRefusal(reason=_code(body) or f"http.{status}")
        if status not in {200, 201, 202}:
            raise BankDoubt(kind="status", status=status)
        try:
            found = parse(OrderAnswer, body)
        except MessageInvalid as error:
            raise BankDoubt(kind="body", field=error.facts.get("field", "")) from None
        return BankAnswer(
            state=found.state.value,
            revision=found.revision,
            seq=found.seq,
            bank_order_id=found.bank_order_id,
            account_number=found.account_number,
            person_digest=found.person_digest,
            photo_digest=found.photo_digest,
            raw={"order": found.order, "reason": found.reason},
        )


def retry_after(header: str, now: datetime) -> float:
    """Return how many seconds to wait: seconds or an HTTP date, absurd and negative values capped."""
    text = header.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError):
            return _DEFAULT_RETRY_AFTER
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    if seconds != seconds:  # noqa: PLR0124 - NaN
        return _DEFAULT_RETRY_AFTER
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)


def _code(body: bytes) -> str:
    try:
        told: Any = json.loads(body)
    except ValueError:
        return ""
    return str(told.get("code", "")) if isinstance(told, dict) else ""
