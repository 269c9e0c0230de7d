"""The key service: who answers the card's challenges.

Real keys live in an agency's HSM or in a PSAM and never in this program; this is the port they plug into.
``TestKeyService`` and the simulated card share a published test key and protect nothing.
"""

import hashlib
import hmac
import secrets
from typing import Final, Protocol

TEST_MASTER: Final = b"cardsvc test master key, protects nothing"
CHALLENGE: Final = 8
FACTOR: Final = 8
CIPHER: Final = 8


class KeyService(Protocol):
    """Answers EXTERNAL AUTHENTICATE challenges for one kind of key."""

    def answer(self, kid: int, identification_code: str, challenge: bytes) -> tuple[bytes, bytes]:
        """Return (cipher, factor), 8 bytes each, for the card's 8-byte challenge; raise DeviceFault."""
        ...


class TestKeyService:
    """Answers for simulated cards."""

    __test__ = False  # not a test class

    def answer(self, kid: int, identification_code: str, challenge: bytes) -> tuple[bytes, bytes]:
        """Return the cipher under the published test key."""
        factor = secrets.token_bytes(FACTOR)
        return test_cipher(kid, identification_code, challenge, factor), factor


def test_cipher(kid: int, identification_code: str, challenge: bytes, factor: bytes) -> bytes:
    """Return what the simulated card expects: a MAC of challenge and factor under a diversified test key."""
    key = hmac.new(TEST_MASTER, bytes([kid]) + bytes.fromhex(identification_code), hashlib.sha256).digest()
    return hmac.new(key, challenge + factor, hashlib.sha256).digest()[:CIPHER]


test_cipher.__test__ = False  # type: ignore[attr-defined]  # not a test function
