"""Builds the Parts from Settings: the one place that chooses drivers, keys and clocks."""

import contextlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cardsvc.bank import signing
from cardsvc.bank.client import BankClient
from cardsvc.capture.guidance import guide
from cardsvc.capture.normalise import normalise
from cardsvc.config import DeskSettings, Settings
from cardsvc.devices.base import CardReader, IdReader
from cardsvc.devices.idcard.photo import SimDecoder
from cardsvc.devices.idcard.reader import SerialIdReader
from cardsvc.devices.simulated.box_reader import BoxCardReader
from cardsvc.devices.smartcard.keys import TestKeyService
from cardsvc.devices.smartcard.pcsc import PcscCardReader
from cardsvc.domain.profiles import load_profile
from cardsvc.errors import InvalidInput
from cardsvc.parts import Desk, Parts
from cardsvc.services import seed, work
from cardsvc.slips.fonts import FontChain
from cardsvc.store import schema
from cardsvc.store.blobs import BlobStore
from cardsvc.store.engine import make_engine
from cardsvc.store.keys import load_vault
from cardsvc.store.uow import UnitOfWork
from cardsvc.store.vault import FileKeyProvider


def now() -> datetime:
    """Return this moment; everything below is handed it."""
    return datetime.now(UTC)


def build(settings: Settings, *, clock: Callable[[], datetime] = now) -> Parts:
    """Return the parts of an installation, its database brought to the newest schema."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = make_engine(settings.database)
    schema.upgrade(engine)
    vault = load_vault(engine, FileKeyProvider(settings.data_dir / "keys" / "kek"), now=clock())
    uow = UnitOfWork(engine, vault, BlobStore(settings.data_dir / "blobs", vault), node=settings.node)
    signer = signing.Signer(settings.signing_keyid, signing.load_private(_signing_key(settings)))
    public = {bank.keyid: signing.load_public(bank.public_key) for bank in settings.banks}
    verifier = signing.Verifier(public)
    parts = Parts(
        uow=uow,
        clock=clock,
        profile=load_profile(settings.profile),
        desks={desk.name: _desk(desk) for desk in settings.desks},
        normalise=normalise,
        guide=guide,
        fonts=FontChain.discover(),
        banks={
            bank.code: BankClient(bank.url, signer=signer, verifier=verifier, timeout=bank.timeout, clock=clock)
            for bank in settings.banks
        },
        bank_verifier=verifier,
        bank_of_key={bank.keyid: bank.code for bank in settings.banks},
        secret_key=_secret(settings.data_dir / "keys" / "cookie"),
        data_dir=settings.data_dir,
        secure_cookies=settings.secure_cookies,
        demo=settings.demo,
    )
    with uow() as tx:
        for bank in settings.banks:
            seed.bank(tx, bank.code, bank.name)
        if settings.demo:
            seed.demo(tx, now=clock())
    return parts


def start_worker(parts: Parts) -> Callable[[], None]:
    """Deliver the outbox inside this process; return what stops it."""
    return work.start(parts.uow, parts.banks, clock=parts.clock)


def id_reader(address: str) -> IdReader | None:
    """Return the ID reader at ``serial:URL``, None for ""; raise InvalidInput for a driver nobody has."""
    if not address:
        return None
    driver, _, where = address.partition(":")
    if driver != "serial":
        raise InvalidInput(field="id_reader", reason=f"no driver {driver}")
    return SerialIdReader(where, decoder=SimDecoder())


def card_reader(address: str) -> CardReader | None:
    """Return the card reader at ``pcsc:NAME`` or ``box:SOCKET``, None for ""; raise InvalidInput."""
    if not address:
        return None
    driver, _, where = address.partition(":")
    keys = TestKeyService()  # an agency's HSM or PSAM plugs in here; see cardsvc.devices.smartcard.keys
    if driver == "pcsc":
        return PcscCardReader(where, keys=keys)
    if driver == "box":
        return BoxCardReader(Path(where), keys=keys)
    raise InvalidInput(field="card_reader", reason=f"no driver {driver}")


def _desk(desk: DeskSettings) -> Desk:
    return Desk(desk.name, id_reader(desk.id_reader), card_reader(desk.card_reader))


def _signing_key(settings: Settings) -> Path:
    path = settings.signing_key or settings.data_dir / "keys" / "signing.pem"
    if not path.exists():
        signing.new_key(path)
    return path


def _secret(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileExistsError):
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(secrets.token_bytes(32))
    return path.read_bytes()
