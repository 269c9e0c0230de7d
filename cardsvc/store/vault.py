"""Encryption at rest: envelope keys, sealed columns, the blind index.

A key-encryption key (KEK) lies outside the database. Data keys lie inside it, wrapped by the KEK. A sealed
value is ``version | key id | nonce | ciphertext and tag`` (AES-256-GCM); its associated data is
``table | column | row id | key id``, so a ciphertext copied to another row or column does not open.
The blind index is HMAC-SHA256 under its own wrapped key, truncated to 16 bytes: identity numbers have little
entropy, so the key must not be derivable from the database.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cardsvc.errors import CardsvcError

_VERSION: Final = b"\x01"
_NONCE: Final = 12
_KID: Final = 8


class SealBroken(CardsvcError, code="store.seal_broken"):
    """A stored ciphertext does not open: another row's, altered, or its key is missing; facts: where."""


class KeyProvider(Protocol):
    """Wraps and unwraps data keys; the KEK itself never leaves it (a file here, a KMS or HSM elsewhere)."""

    def wrap(self, key: bytes) -> bytes:
        """Return ``key`` (32 bytes) encrypted under the KEK."""
        ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """Return the data key; raise SealBroken."""
        ...


class FileKeyProvider:
    """A KEK in a file only the service's user can read (mode 0400), made on first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
            part.touch(mode=0o400)
            part.chmod(0o600)
            part.write_bytes(secrets.token_bytes(32))
            part.chmod(0o400)
            try:
                path.hardlink_to(part)  # atomic: two processes starting at once agree on one key
            except FileExistsError:
                pass
            finally:
                part.unlink()
        self._aead = AESGCM(path.read_bytes())

    def wrap(self, key: bytes) -> bytes:
        """Return nonce and ciphertext of ``key``."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._aead.encrypt(nonce, key, b"cardsvc data key")

    def unwrap(self, wrapped: bytes) -> bytes:
        """Return the key; raise SealBroken where the KEK is another one."""
        try:
            return self._aead.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], b"cardsvc data key")
        except InvalidTag:
            raise SealBroken(where="data key") from None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lives."""

    table: str
    column: str
    row: str

    def aad(self, kid: bytes) -> bytes:
        """Return the associated data that ties a ciphertext to this place."""
        return b"|".join([self.table.encode(), self.column.encode(), self.row.encode(), kid])


class Vault:
    """Seals and opens values with the data keys of one database."""

    def __init__(self, keys: dict[bytes, bytes], current: bytes, index_key: bytes) -> None:
        self._aeads = {kid: AESGCM(key) for kid, key in keys.items()}
        self._current = current
        self._index_key = index_key

    def seal(self, place: Place, clear: bytes) -> bytes:
        """Return ``clear`` encrypted for ``place``."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._aeads[self._current].encrypt(nonce, clear, place.aad(self._current))
        return _VERSION + self._current + nonce + sealed

    def open(self, place: Place, sealed: bytes) -> bytes:
        """Return the clear value; raise SealBroken."""
        kid = sealed[1 : 1 + _KID]
        aead = self._aeads.get(kid)
        if sealed[:1] != _VERSION or aead is None:
            raise SealBroken(where=f"{place.table}.{place.column}")
        nonce = sealed[1 + _KID : 1 + _KID + _NONCE]
        try:
            return aead.decrypt(nonce, sealed[1 + _KID + _NONCE :], place.aad(kid))
        except InvalidTag:
            raise SealBroken(where=f"{place.table}.{place.column}") from None

    def blind(self, id_number: str) -> bytes:
        """Return the 16-byte look-up key of an identity number."""
        return self.mac("blind", id_number.strip().upper())[:16]

    def mac(self, purpose: str, text: str) -> bytes:
        """Return a 32-byte authentication code of ``text``, apart from the blind index and from other purposes."""
        return hmac.new(self._index_key, f"{purpose}\0{text}".encode(), hashlib.sha256).digest()
