"""A bank's event as it comes in: verified first, read second."""

from datetime import datetime

from cardsvc.bank.messages import Event, parse_event
from cardsvc.bank.signing import NonceStore, Request, Verifier


def read_event(
    request: Request, body: bytes, *, verifier: Verifier, nonces: NonceStore, now: datetime
) -> tuple[str, Event]:
    """Return who signed and the event; raise SignatureInvalid or MessageInvalid."""
    keyid = verifier.verify_request(request, body, nonces=nonces, now=now)
    return keyid, parse_event(body)
