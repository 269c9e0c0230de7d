"""What a page says where something went wrong."""

import io
import re

import pytest

from cardsvc.services import intake


@pytest.mark.parametrize(("language", "sentence"), [("zh", "没有这个页面"), ("en", "There is no such page")])
def test_an_address_that_is_none_keeps_language_and_menu(window, language, sentence):
    window.sign_in()
    if language == "en":
        window.post("/language", back="/orders")
    answer = window.get("/nowhere")
    assert answer.status_code == 404
    assert sentence in answer.text
    assert "http.404" in answer.text
    assert 'href="/orders/new"' in answer.text


def test_a_refusal_of_the_guard_is_in_the_readers_language(window):
    window.sign_in()
    window.post("/language", back="/orders")
    answer = window.get("/audit")
    assert answer.status_code == 403
    assert "Your role does not allow this." in answer.text


def test_an_address_asked_for_the_wrong_way_and_a_file_too_big_have_a_page(window, app):
    window.sign_in()
    assert "http.405" in window.post("/audit").text
    app.config["MAX_CONTENT_LENGTH"] = 1000
    answer = window.part("/orders/1/photo", "/orders/1/photo", photo="x" * 2000)
    assert answer.status_code == 413
    assert "25 MB" in answer.text
    assert "<html" not in answer.text


def test_what_nobody_expected_has_a_page_and_no_trace(window, monkeypatch):
    window.sign_in()

    def broken(*_args, **_options):
        raise RuntimeError("a secret")

    monkeypatch.setattr(intake, "open_typed", broken)
    answer = window.post("/orders", id_number="11010519491231002X", name="王", address="路", long_term="1")
    assert answer.status_code == 500
    assert "http.500" in answer.text
    assert "a secret" not in answer.text


def test_a_form_that_was_tampered_with_is_refused_and_not_an_accident(window):
    window.sign_in()
    answer = window.post("/orders", reading="no-uuid")
    assert (answer.status_code, "intake.reading_gone" in answer.text) == (422, True)
    assert "<details open" not in answer.text  # the card is read again; nothing was typed


def test_the_programs_get_no_pages(app):
    answer = app.test_client().get("/api/v1/nowhere")
    assert (answer.status_code, answer.json["code"]) == (404, "http.404")


def test_a_session_that_ended_leads_back_to_the_page_and_says_so(window, counter):
    window.sign_in()
    counter.wait(3600)
    answer = window.get("/orders?state=draft")
    assert answer.location == "/sign-in?next=/orders?state%3Ddraft"
    assert "access.session_ended" in window.get(answer.location).text
    polled = window.part("/branch/1/identify", "/branch/20260302000100000017?x=1")
    assert polled.status_code == 401
    assert polled.headers["HX-Redirect"] == "/sign-in?next=/branch/20260302000100000017?x%3D1"
    assert window.post("/orders", reading="x").location == "/sign-in?next=/orders/new"


def test_a_form_of_an_earlier_session_refreshes_its_page(window):
    window.sign_in()
    old = window.token
    window.post("/sign-out")
    window.sign_in()
    window.token = old
    answer = window.post("/orders", reading="x")
    assert answer.location == "/orders/new"
    assert "刚才的页面来自上一次登录" in window.get("/orders/new").text
    window.token = old
    swapped = window.part("/orders/read", "/orders/new")
    assert (swapped.status_code, swapped.headers["HX-Redirect"]) == (409, "/orders/new")


@pytest.mark.parametrize(
    ("path", "form", "back"),
    [
        ("/orders", {"id_number": "1", "name": "王", "address": "路", "long_term": "1"}, "/orders/new"),
        ("/sign-in?next=/orders", {"username": "clerk", "password": "wrong"}, "/sign-in?next=/orders"),
        ("/nowhere", {}, "/nowhere"),
    ],
)
def test_the_language_switch_of_a_refused_form_stays_on_its_page(window, path, form, back):
    window.sign_in()
    assert f'name="back" value="{back}"' in window.post(path, **form).text


def test_the_scan_box_that_refused_stays_at_the_bench(window):
    window.sign_in("teller")
    answer = window.post("/branch/scan", code="1")
    assert answer.status_code == 422
    assert 'name="back" value="/branch"' in answer.text


@pytest.mark.parametrize(
    ("field", "value", "code", "words"),
    [
        ("name", "", "input.invalid", "“姓名”填写有误：必填"),
        ("name", "王" * 61, "input.invalid", "“姓名”填写有误：太长"),
        ("address", "", "input.invalid", "“住址”填写有误：必填"),
        ("valid_to", "someday", "input.invalid", "“证件有效期至”填写有误：读不出来"),
        ("id_number", "110105194912310021", "id.check_digit", "校验位不对"),
        ("valid_to", "2020-01-01", "intake.expired", "2020-01-01"),
    ],
)
def test_a_typed_field_that_is_wrong_is_named_right_under_it(window, field, value, code, words):
    window.sign_in()
    typed = {"id_number": "11010519491231002X", "name": "王", "address": "路", "valid_to": "2040-01-01", field: value}
    answer = window.post("/orders", **typed)
    assert answer.status_code == 422
    after = answer.text.split(f'id="{field}"', 1)[1]
    assert f'data-code="{code}"' in after.split("<label for", 1)[0]
    assert words in answer.text
    assert answer.text.count('role="alert"') == 1


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"mobile": "123"}, "mobile", "input.invalid"),
        ({"branch": "none"}, "mobile", "input.invalid"),
        ({"by_agent": "1"}, "agent_id_number", "input.invalid"),
        ({"by_agent": "1", "agent_name": "李"}, "agent_id_number", "input.invalid"),
        ({"by_agent": "1", "agent_name": "李", "agent_id_number": "123"}, "agent_id_number", "id.malformed"),
    ],
)
def test_a_contact_that_is_wrong_is_named_by_its_field_and_nothing_is_saved(window, given, field, code):
    window.sign_in()
    typed = {"id_number": "11010519491231002X", "name": "王", "address": "路", "long_term": "1"}
    page = window.post("/orders", **typed).location
    version = re.search(r'name="version" value="(\d+)"', window.get(page).text).group(1)
    form = {"version": version, "mobile": "13800138000", "branch": "0017", **given}
    answer = window.post(page, **form)
    assert answer.status_code == 422
    assert f'data-code="{code}"' in answer.text.split(f'id="{field}"', 1)[1]
    assert not re.search(r"“[a-z_]+”", answer.text)
    assert answer.text.count('role="alert"') == 1
    assert "138****" not in window.get(page).text


def test_a_confirmation_sent_twice_ends_at_the_order(window):
    window.sign_in()
    typed = {"id_number": "11010519491231002X", "name": "王", "address": "路", "long_term": "1"}
    page = window.post("/orders", **typed).location
    version = re.search(r'name="version" value="(\d+)"', window.get(page).text).group(1)
    window.post(page, version=version, mobile="13800138000", branch="0017")
    number = page.split("/")[2]
    sent = {"csrf_token": window.token, "photo": (io.BytesIO(b"x"), "a.jpg")}
    assert window.client.post(f"/orders/{number}/photo", data=sent).status_code == 200
    seen = window.get(f"/orders/{number}/sign").text
    version = re.search(r'name="version" value="(\d+)"', seen).group(1)
    unsigned = window.post(f"/orders/{number}/sign", version=version)
    assert "intake.not_signed" in unsigned.text
    for _ in range(2):
        answer = window.post(f"/orders/{number}/sign", version=version, signed="1")
        assert (answer.status_code, answer.location) == (302, f"/orders/{number}")
    assert window.post(page, version=version, mobile="13900139000", branch="0017").location == f"/orders/{number}"
    assert 'class="fault"' in window.get(f"/orders/{number}").text
