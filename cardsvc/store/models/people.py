"""People and readings of their ID documents."""

from datetime import date, datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from cardsvc.store.models.tables import Base, WithId
from cardsvc.store.types import UtcDateTime


class PersonRow(WithId, Base):
    """A future or present cardholder; the number only as blind index and sealed."""

    __tablename__ = "person"

    id_index: Mapped[bytes] = mapped_column(unique=True)
    id_number: Mapped[bytes]  # sealed
    name: Mapped[str] = mapped_column(String(120), index=True)
    pinyin: Mapped[str] = mapped_column(String(300), default="")
    initials: Mapped[str] = mapped_column(String(60), default="", index=True)
    birth: Mapped[date]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReadingRow(WithId, Base):
    """One reading of an ID document, kept a few minutes for the user who made it."""

    __tablename__ = "reading"

    user_name: Mapped[str] = mapped_column(String(64))
    desk: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    record: Mapped[bytes]  # sealed JSON of the IdRecord
    photo: Mapped[bytes | None]  # sealed BMP


class BlobRow(WithId, Base):
    """An encrypted file: portrait, slip."""

    __tablename__ = "blob"

    kind: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class KeyRow(Base):
    """A data key, wrapped by a key that is not in the database."""

    __tablename__ = "data_key"

    kid: Mapped[bytes] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16))
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        # One blind-index key for ever: a second one would split the look-ups.
        Index(
            "ux_data_key_index",
            "purpose",
            unique=True,
            sqlite_where=text("purpose = 'index'"),
            postgresql_where=text("purpose = 'index'"),
        ),
    )
