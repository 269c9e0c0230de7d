"""The parts a running service is made of; built once in ``cardsvc.wiring``, handed to every entry point."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cardsvc.bank.gateway import BankGateway
from cardsvc.bank.signing import Verifier
from cardsvc.capture.guidance import Guidance
from cardsvc.capture.normalise import PhotoResult
from cardsvc.devices.base import CardReader, IdReader, ReaderMissing
from cardsvc.domain.profiles import RegionProfile
from cardsvc.slips.fonts import FontChain
from cardsvc.store.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Desk:
    """The devices one workplace has; either may be missing."""

    name: str
    id_reader: IdReader | None
    card_reader: CardReader | None


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a request or a worker needs; frozen, shared by threads."""

    uow: UnitOfWork
    clock: Callable[[], datetime]
    profile: RegionProfile
    desks: Mapping[str, Desk]
    normalise: Callable[[bytes, RegionProfile], PhotoResult]
    guide: Callable[..., Guidance]  # one frame of a camera: what to say to who sits before it
    fonts: FontChain
    banks: Mapping[str, BankGateway]
    bank_verifier: Verifier
    bank_of_key: Mapping[str, str]  # keyid to bank code: a bank speaks for its own orders only
    secret_key: bytes  # of the browser session's cookie
    data_dir: Path
    secure_cookies: bool
    demo: bool

    def id_reader(self, desk: str) -> IdReader:
        """Return the desk's ID reader; raise ReaderMissing."""
        found = self.desks.get(desk)
        if found is None or found.id_reader is None:
            raise ReaderMissing(reader="id", desk=desk)
        return found.id_reader

    def card_reader(self, desk: str) -> CardReader:
        """Return the desk's smart-card reader; raise ReaderMissing."""
        found = self.desks.get(desk)
        if found is None or found.card_reader is None:
            raise ReaderMissing(reader="card", desk=desk)
        return found.card_reader
