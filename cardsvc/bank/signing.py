"""HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530), both ways, requests and answers.

A request's signature covers method, target URI, content-digest and - on POST - the idempotency key; an answer's
covers its status, its content-digest, and of the request it answers the method, the path and the key, so that
an answer to something else does not verify. Ed25519 now; the parameter ``algorithm`` is where another one goes.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
)
from http_message_signatures.algorithms import ED25519, HTTPSignatureAlgorithm
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from cardsvc.errors import Rejected

SKEW: Final = timedelta(seconds=300)
TAG: Final = "cardsvc-bank-v1"
_KEY_HEADER: Final = "idempotency-key"


class SignatureInvalid(Rejected, code="bank.signature_invalid"):
    """A message is unsigned, altered, stale, replayed, or signed by nobody we know; facts: why."""


class NonceStore(Protocol):
    """Remembers the nonces of signatures."""

    def seen(self, keyid: str, nonce: str, at: datetime) -> bool:
        """Return whether this nonce of this key was seen before, and remember it."""
        ...


class MemoryNonces:
    """Nonces of one process, for tests and single-process servers."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], datetime] = {}

    def seen(self, keyid: str, nonce: str, at: datetime) -> bool:
        """Return whether the nonce was seen, forgetting what is too old to verify anyway."""
        self._seen = {key: when for key, when in self._seen.items() if at - when < 2 * SKEW}
        known = (keyid, nonce) in self._seen
        self._seen[keyid, nonce] = at
        return known


@dataclass(slots=True)
class Request:
    """An HTTP request as a signature sees it; ``headers`` is changed by signing."""

    method: str
    url: str
    headers: Any  # a mutable mapping with case-insensitive keys (httpx, werkzeug) or plain dict


@dataclass(slots=True)
class Response:
    """An HTTP answer as a signature sees it, with the request it answers."""

    status_code: int
    headers: Any
    request: Request


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, private: Ed25519PrivateKey | None, public: Mapping[str, Ed25519PublicKey]) -> None:
        self._private = private
        self._public = public

    def resolve_private_key(self, key_id: str) -> Any:  # noqa: ARG002 - the library's signature
        return self._private

    def resolve_public_key(self, key_id: str) -> Any:
        return self._public[key_id]


class Signer:
    """Signs with one private key."""

    def __init__(
        self, keyid: str, private: Ed25519PrivateKey, algorithm: type[HTTPSignatureAlgorithm] = ED25519
    ) -> None:
        self.keyid = keyid
        self._signer = HTTPMessageSigner(signature_algorithm=algorithm, key_resolver=_Keys(private, {}))

    def sign_request(self, request: Request, body: bytes, *, now: datetime) -> None:
        """Add Content-Digest, Signature-Input and Signature to the request's headers."""
        self._sign(request, _request_components(request), body, now=now)

    def sign_response(self, response: Response, body: bytes, *, now: datetime) -> None:
        """Add the same to an answer, tied to its request."""
        self._sign(response, _response_components(response), body, now=now)

    def _sign(self, message: Request | Response, components: tuple[str, ...], body: bytes, *, now: datetime) -> None:
        self._signer.sign(
            message,
            key_id=self.keyid,
            created=now,
            nonce=secrets.token_urlsafe(16),
            label="cardsvc",
            tag=TAG,
            covered_component_ids=components,
            body=body,
        )


class Verifier:
    """Verifies against the public keys that are valid now; during a rotation there are two."""

    def __init__(self, keys: Mapping[str, Ed25519PublicKey], algorithm: type[HTTPSignatureAlgorithm] = ED25519) -> None:
        self._keys = dict(keys)
        self._verifier = HTTPMessageVerifier(signature_algorithm=algorithm, key_resolver=_Keys(None, self._keys))
        # The library looks at the machine's clock; ours is passed in and checked below.
        self._verifier.max_clock_skew = timedelta(days=36500)

    def verify_request(self, request: Request, body: bytes, *, nonces: NonceStore, now: datetime) -> str:
        """Return the keyid that signed the request; raise SignatureInvalid."""
        return self._verify(request, _request_components(request), body, nonces=nonces, now=now)

    def verify_response(self, response: Response, body: bytes, *, nonces: NonceStore, now: datetime) -> str:
        """Return the keyid that signed the answer to its request; raise SignatureInvalid."""
        return self._verify(response, _response_components(response), body, nonces=nonces, now=now)

    def _verify(
        self,
        message: Request | Response,
        components: tuple[str, ...],
        body: bytes,
        *,
        nonces: NonceStore,
        now: datetime,
    ) -> str:
        try:
            (result,) = self._verifier.verify(
                message,
                max_age=None,
                expect_tag=TAG,
                require_components=(*components, "content-digest"),
                body=body,
            )
        except KeyError:
            raise SignatureInvalid(why="unknown key") from None
        except (InvalidSignature, HTTPMessageSignaturesException, ValueError) as error:
            raise SignatureInvalid(why=type(error).__name__) from None
        created = result.parameters.get("created")
        if not isinstance(created, int) or abs(now - datetime.fromtimestamp(created, UTC)) > SKEW:
            raise SignatureInvalid(why="stale")
        keyid = str(result.parameters.get("keyid", ""))
        if not result.nonce or nonces.seen(keyid, result.nonce, now):
            raise SignatureInvalid(why="replayed")
        return keyid


def _request_components(request: Request) -> tuple[str, ...]:
    keyed = request.method == "POST" and _has_key(request.headers)
    return ("@method", "@target-uri", *((_KEY_HEADER,) if keyed else ()))


def _response_components(response: Response) -> tuple[str, ...]:
    keyed = _has_key(response.request.headers)
    return ("@status", '"@method";req', '"@path";req', *((f'"{_KEY_HEADER}";req',) if keyed else ()))


def _has_key(headers: Any) -> bool:
    return any(str(name).lower() == _KEY_HEADER for name in headers.keys())  # noqa: SIM118 - werkzeug iterates pairs


def new_key(path: Path) -> None:
    """Make an Ed25519 key pair: ``path`` (PEM, mode 0600) and ``path`` with ``.pub``."""
    private = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    path.with_suffix(".pub").write_bytes(
        private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def load_private(path: Path) -> Ed25519PrivateKey:
    """Return the private key in a PEM file."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise SignatureInvalid(why="not an Ed25519 key")
    return key


def load_public(path: Path) -> Ed25519PublicKey:
    """Return the public key in a PEM file."""
    key = serialization.load_pem_public_key(path.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise SignatureInvalid(why="not an Ed25519 key")
    return key
