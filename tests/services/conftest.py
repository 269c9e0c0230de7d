"""A whole service in this process: real store on both databases, real bank over HTTP, readers that a test fills."""

import io
import random
import threading
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from PIL import Image
from waitress.server import create_server

from cardsvc.bank import signing
from cardsvc.bank.client import BankClient
from cardsvc.bank.simulator.app import Bank, create_simulator
from cardsvc.bank.simulator.ledger import Ledger
from cardsvc.capture.normalise import PhotoResult
from cardsvc.devices.base import DeviceState, IdRecord
from cardsvc.devices.simulated.software_card import SoftwareCard, Torn, new_code
from cardsvc.devices.smartcard.faults import CardPulled, NoCard
from cardsvc.devices.smartcard.keys import TestKeyService
from cardsvc.devices.smartcard.sscard import SocialSecurityCard
from cardsvc.domain.profiles import load_profile
from cardsvc.domain.staff import Role
from cardsvc.services import intake, making, orders, outbox, papers, seed
from cardsvc.services.views import Actor
from cardsvc.slips.fonts import FontChain
from cardsvc.slips.information_slip import render_information_slip
from cardsvc.store import schema
from cardsvc.store.blobs import BlobStore
from cardsvc.store.engine import make_engine
from cardsvc.store.keys import load_vault
from cardsvc.store.uow import UnitOfWork
from cardsvc.store.vault import FileKeyProvider
from tests.builders import holder

RNG = random.Random(1)  # noqa: S311 - a test, repeatable
START = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
CLERK = Actor("clerk", Role.CLERK, title="经办员甲", window="3")
TELLER = Actor("teller", Role.TELLER, branch="0017")
OTHER_TELLER = Actor("teller2", Role.TELLER, branch="0018")
SUPERVISOR = Actor("supervisor", Role.SUPERVISOR)


@dataclass
class IdPlate:
    """An ID reader that returns who lies on it."""

    person: object = None
    warnings: tuple = ()

    def state(self):
        return DeviceState(ready=True, name="plate")

    def read(self, *, timeout):
        assert timeout > 0
        who = self.person
        return IdRecord(
            kind=who.document_kind,
            number=who.id_number,
            name=who.name,
            english_name="",
            sex=who.sex,
            nation=who.nation,
            birth=who.birth,
            address=who.address,
            authority=who.authority,
            valid_from=who.valid_from,
            valid_to=who.valid_to,
            warnings=self.warnings,
        )


@dataclass
class Slot:
    """A card reader whose card is a software card in this process."""

    card: SoftwareCard | None = None

    def _session(self):
        if self.card is None:
            raise NoCard
        self.card.reset()
        return SocialSecurityCard(self, TestKeyService(), atr=self.card.atr)

    def transmit(self, apdu):
        try:
            answer = self.card.apdu(apdu)
        except Torn:
            raise CardPulled from None
        return answer[:-2], int.from_bytes(answer[-2:], "big")

    def insert(self, serial=b"\1"):
        self.card = SoftwareCard(new_code("520100", serial))

    def state(self):
        return DeviceState(ready=True, name="slot")

    def identify(self):
        return self._session().identify()

    def personalise(self, data, *, identification_code):
        self._session().personalise(data, identification_code=identification_code)

    def read_back(self, *, identification_code):
        return self._session().read_back(identification_code=identification_code)


def portrait():
    out = io.BytesIO()
    Image.new("RGB", (358, 441), (230, 230, 230)).save(out, "JPEG")
    return out.getvalue()


def good_photo(_data, _profile):
    return PhotoResult(
        accepted=True,
        portrait=portrait(),
        problems=(),
        measures={"out_face_width": 207.0},
        background_replaced=False,
        geometry_checked=True,
    )


@dataclass
class Counter:
    uow: UnitOfWork
    bank: Bank
    banks: dict
    fonts: FontChain
    profile: object
    engine: object
    now: datetime = START
    plate: IdPlate = field(default_factory=IdPlate)
    slot: Slot = field(default_factory=Slot)

    def clock(self):
        return self.now

    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)

    def at(self, by=CLERK):
        return {"by": by, "now": self.now}

    def open(self, person):
        with self.uow() as tx:
            return intake.open_typed(tx, person, **self.at())

    def view(self, number, by=SUPERVISOR):
        with self.uow.reading() as tx:
            return orders.view(tx, number, by=by)

    def prepare(self, person, mobile="13800138000", branch="0017"):
        number = self.open(person)
        with self.uow() as tx:
            version = self.view_version(tx, number)
            intake.save_contact(tx, number, version=version, mobile=mobile, branch_code=branch, **self.at())
        intake.save_photo(self.uow, good_photo, self.profile, number, b"x", **self.at())
        self.slip(number)
        return number

    def slip(self, number):
        render = lambda data: render_information_slip(data, self.fonts)  # noqa: E731 - one line
        return papers.make_slip(self.uow, render, self.profile, number, **self.at())

    def view_version(self, tx, number):
        return orders.view(tx, number, by=SUPERVISOR).version

    def confirm(self, number):
        with self.uow() as tx:
            intake.confirm(tx, number, version=self.view_version(tx, number), signed=True, **self.at())

    def deliver(self, rounds=30):
        """Let a worker work until nothing is due, moving the clock over the pauses."""
        for _ in range(rounds):
            if not outbox.deliver_due(self.uow, self.banks, clock=self.clock, rng=RNG):
                with self.uow.reading() as tx:
                    lines = [line for line in outbox.waiting(tx) if not line.held]
                if not lines:
                    return
            self.wait(400)

    def accepted(self, person, **options):
        number = self.prepare(person, **options)
        self.confirm(number)
        self.deliver()
        self.plate.person = person
        return number

    def step(self, number):
        return making.advance(self.uow, self.slot, self.profile, number, **self.at(TELLER))


@pytest.fixture(scope="session")
def fonts():
    return FontChain.discover()


@pytest.fixture
def counter(database_url, tmp_path, fonts):
    for name in ("agency", "bank"):
        signing.new_key(tmp_path / f"{name}.pem")
    engine = make_engine(database_url)
    schema.upgrade(engine)
    vault = load_vault(engine, FileKeyProvider(tmp_path / "kek"), now=START)
    uow = UnitOfWork(engine, vault, BlobStore(tmp_path / "blobs", vault))
    bank = Bank(
        ledger=Ledger(str(tmp_path / "bank.sqlite"), bank="ICBC"),
        signer=signing.Signer("bank-1", signing.load_private(tmp_path / "bank.pem")),
        verifier=signing.Verifier({"agency-1": signing.load_public(tmp_path / "agency.pub")}),
    )
    server = create_server(create_simulator(bank), host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    made = Counter(uow, bank, {}, fonts, load_profile("guizhou"), engine)
    bank.clock = made.clock
    client = BankClient(
        f"http://127.0.0.1:{server.effective_port}",
        signer=signing.Signer("agency-1", signing.load_private(tmp_path / "agency.pem")),
        verifier=signing.Verifier({"bank-1": signing.load_public(tmp_path / "bank.pub")}),
        timeout=1.0,
        clock=made.clock,
    )
    made.banks["ICBC"] = client
    with uow() as tx:
        seed.demo(tx, now=START)
    yield made
    client.close()
    server.close()
    thread.join(timeout=5)
    engine.dispose()


@pytest.fixture
def person():
    return holder(5, valid_to=date(2040, 1, 1))
