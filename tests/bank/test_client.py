import inspect
import threading
import time
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from waitress.server import create_server

from cardsvc.bank import signing
from cardsvc.bank.client import BankClient, retry_after
from cardsvc.bank.gateway import BankBusy, BankDoubt, BankRefusal, BankUnreachable, Parcel
from cardsvc.bank.messages import (
    CancelMessage,
    OrderMessage,
    Person,
    ReportKind,
    ReportMessage,
    canonical_body,
    person_digest,
    photo_of,
)
from cardsvc.bank.simulator.app import Bank, create_simulator
from cardsvc.bank.simulator.faults import AFTER, BEFORE
from cardsvc.bank.simulator.ledger import Ledger
from cardsvc.domain.ids import make_order_number
from cardsvc.domain.orders import OrderKind
from cardsvc.errors import BankFault

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
NUMBER = make_order_number(date(2026, 3, 2), "1", 1)


def person(mobile="13800138000"):
    return Person(
        name="王思源",
        document_kind="resident",
        id_number="11010519491231002X",
        sex="1",
        birth=date(1949, 12, 31),
        address="样例路1号",
        mobile=mobile,
    )


def order(number=NUMBER, revision=1, mobile="13800138000"):
    message = OrderMessage(
        kind=OrderKind.MAKE,
        order=number,
        revision=revision,
        person=person(mobile),
        photo=photo_of(b"jpeg"),
        branch="0017",
    )
    return Parcel("/v1/orders", f"{number}:{revision}", canonical_body(message))


def report(kind, number=NUMBER, **fields):
    message = ReportMessage(order=number, revision=1, kind=kind, **fields)
    return Parcel(f"/v1/orders/{number}/reports", f"{number}:1:{kind.value}", canonical_body(message))


@pytest.fixture
def bank(tmp_path):
    for name in ("agency", "bank"):
        signing.new_key(tmp_path / f"{name}.pem")
    made = Bank(
        ledger=Ledger(str(tmp_path / "bank.sqlite"), bank="ICBC"),
        signer=signing.Signer("bank-1", signing.load_private(tmp_path / "bank.pem")),
        verifier=signing.Verifier({"agency-1": signing.load_public(tmp_path / "agency.pub")}),
    )
    server = create_server(create_simulator(made), host="127.0.0.1", port=0, threads=8)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    client = BankClient(
        f"http://127.0.0.1:{server.effective_port}",
        signer=signing.Signer("agency-1", signing.load_private(tmp_path / "agency.pem")),
        verifier=signing.Verifier({"bank-1": signing.load_public(tmp_path / "bank.pub")}),
        timeout=1.0,
    )
    yield made, client
    client.close()
    made.stall.set()
    server.close()
    thread.join(timeout=5)


def test_an_order_is_taken_once_however_often_it_is_sent(bank):
    made, client = bank
    first = client.post(order())
    assert client.post(order()) == first
    assert first.state == "accepted"
    assert first.account_number.startswith("6222")
    assert first.person_digest == person_digest(person())
    assert len(made.ledger.books()["orders"]) == 1
    assert client.find_order(NUMBER) == first


def test_the_same_key_with_another_body_is_refused(bank):
    _, client = bank
    client.post(order())
    with pytest.raises(BankRefusal) as refused:
        client.post(Parcel("/v1/orders", f"{NUMBER}:1", order(mobile="13800138001").body))
    assert refused.value.facts["reason"] == "bank.key_reused"


def test_an_order_nobody_sent_is_unknown_on_the_banks_signed_word(bank):
    assert bank[1].find_order(NUMBER) is None


@pytest.mark.parametrize(("ending", "reason"), [("0001", "name_number_mismatch"), ("0004", "customer_blocked")])
def test_a_business_no_has_its_reason_and_a_new_revision_is_taken(bank, ending, reason):
    _, client = bank
    with pytest.raises(BankRefusal) as refused:
        client.post(order(mobile=f"1380013{ending}"))
    assert refused.value.facts["reason"] == f"bank.refused.{reason}"
    assert client.post(order(revision=2)).state == "accepted"


def test_the_branchs_reports_move_the_banks_books(bank):
    made, client = bank
    client.post(order())
    assert client.post(report(ReportKind.MAKING_STARTED)).state == "personalising"
    issued = report(ReportKind.CARD_ISSUED, card_number="G00000001", identification_code="AB" * 16)
    assert client.post(issued).state == "made"
    assert client.post(issued).state == "made"
    assert client.post(report(ReportKind.ACTIVATE)).state == "activated"
    assert [make["card_number"] for make in made.ledger.books()["makes"]] == ["G00000001"]
    cancel = Parcel(
        f"/v1/orders/{NUMBER}/cancel", f"{NUMBER}:1:cancel", canonical_body(CancelMessage(order=NUMBER, revision=1))
    )
    with pytest.raises(BankRefusal):
        client.post(cancel)


@pytest.mark.parametrize("fault", sorted({*BEFORE, *AFTER} - {"F13"}))
def test_every_fault_is_busy_or_doubt_and_the_order_still_arrives_once(bank, fault):
    made, client = bank
    made.faults.script = [fault]
    made.faults.stall_seconds = 2.0
    with pytest.raises((BankDoubt, BankBusy)):
        client.post(order())
    assert len(made.ledger.books()["orders"]) == (1 if fault in AFTER else 0)
    made.stall.set()
    found = client.find_order(NUMBER)
    if found is None:
        found = client.post(order())
    assert found.state == "accepted"
    assert len(made.ledger.books()["orders"]) == 1


def test_an_answer_about_another_order_shows_in_its_digest(bank):
    made, client = bank
    made.faults.script = ["F13"]
    assert client.post(order()).person_digest != person_digest(person())


def test_nothing_listening_is_unreachable_and_a_bank_that_is_down_is_busy(bank):
    made, client = bank
    made.hold.set()
    with pytest.raises(BankBusy):
        client.post(order())
    nobody = BankClient("http://127.0.0.1:9", signer=client._signer, verifier=client._verifier, timeout=0.5)
    with pytest.raises(BankUnreachable):
        nobody.post(order())
    nobody.close()


def test_a_stranger_gets_nothing(bank, tmp_path):
    made, client = bank
    signing.new_key(tmp_path / "stranger.pem")
    signer = signing.Signer("agency-1", signing.load_private(tmp_path / "stranger.pem"))
    stranger = BankClient(client._base, signer=signer, verifier=client._verifier, timeout=1.0)
    with pytest.raises(BankRefusal) as refused:
        stranger.post(order())
    assert refused.value.facts["reason"] == "bank.signature_invalid"
    assert made.ledger.books()["orders"] == []
    stranger.close()


def _httpx_errors():
    found = [cls for _, cls in inspect.getmembers(httpx, inspect.isclass) if issubclass(cls, Exception)]
    skip = {httpx.HTTPStatusError, httpx.CookieConflict, httpx.ResponseNotRead, httpx.RequestNotRead}
    return sorted((cls for cls in found if cls not in skip), key=lambda cls: cls.__name__)


@pytest.mark.parametrize("error", _httpx_errors(), ids=lambda cls: cls.__name__)
def test_every_exception_of_httpx_is_translated(bank, error):
    _, client = bank

    def handler(_request):
        raise error("x") if "message" in inspect.signature(error).parameters else error()

    broken = BankClient(
        "http://127.0.0.1:9", signer=client._signer, verifier=client._verifier, transport=httpx.MockTransport(handler)
    )
    with pytest.raises(BankFault):
        broken.post(order())
    broken.close()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        ("-5", 0.0),
        ("1000000000", 600.0),
        ("nan", 2.0),
        ("", 2.0),
        ("soon", 2.0),
        ((NOW + timedelta(seconds=7)).strftime("%a, %d %b %Y %H:%M:%S GMT"), 7.0),
    ],
)
def test_retry_after_is_obeyed_within_reason(header, seconds):
    assert retry_after(header, NOW) == seconds


def test_the_event_may_come_before_the_answer(bank):
    made, client = bank
    told = []
    made.on_event = lambda: told.append(time.monotonic())
    made.faults.rates = {"F20": 1.0}
    client.post(order())
    assert time.monotonic() - told[0] >= 0.5
