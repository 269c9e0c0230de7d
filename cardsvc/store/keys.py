"""The data keys of a database: made once, wrapped, loaded at start."""

import secrets
from datetime import datetime

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import IntegrityError

from cardsvc.store.models.people import KeyRow
from cardsvc.store.vault import KeyProvider, Vault

_KID_BYTES = 8


def load_vault(engine: Engine, provider: KeyProvider, *, now: datetime) -> Vault:
    """Return the database's vault, making its first data key and its index key where there are none."""
    while True:
        with engine.connect() as connection:
            rows = connection.execute(select(KeyRow.kid, KeyRow.purpose, KeyRow.wrapped).order_by(KeyRow.created_at))
            found = [(kid, purpose, wrapped) for kid, purpose, wrapped in rows]
        data = {kid: provider.unwrap(wrapped) for kid, purpose, wrapped in found if purpose == "data"}
        index = [provider.unwrap(wrapped) for _, purpose, wrapped in found if purpose == "index"]
        if data and index:
            return Vault(data, list(data)[-1], index[0])
        try:
            with engine.begin() as connection:
                for purpose in ("data", "index"):
                    connection.execute(
                        insert(KeyRow).values(
                            kid=secrets.token_bytes(_KID_BYTES),
                            purpose=purpose,
                            wrapped=provider.wrap(secrets.token_bytes(32)),
                            created_at=now,
                        )
                    )
        except IntegrityError:
            continue  # another process made them in this moment; take those
