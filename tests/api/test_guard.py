from dataclasses import replace

import pytest

from cardsvc.api.guard import is_file, permission_of
from cardsvc.bank import signing
from cardsvc.bank.messages import Event, canonical_body
from cardsvc.domain.staff import Permission, Role, may
from cardsvc.services import audit
from cardsvc.services.seed import DEMO_ACCOUNTS, DEMO_PASSWORD


def routes(app):
    return [
        (rule, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules() if not is_file(rule.endpoint)
    ]


def sign_in(app, who):
    answer = app.test_client().post("/api/v1/sessions", json={"username": who, "password": DEMO_PASSWORD})
    assert answer.status_code == 201
    return {"Authorization": f"Bearer {answer.json['token']}"}


def test_every_route_says_who_may_come_in(app):
    unmarked = [rule.rule for rule, view in routes(app) if permission_of(view) is None]
    assert unmarked == []


def test_every_route_refuses_whom_the_table_does_not_allow(app):
    headers = {account.role: sign_in(app, account.username) for account in DEMO_ACCOUNTS}
    client = app.test_client()
    checked = 0
    for rule, view in routes(app):
        needed = permission_of(view)
        if not isinstance(needed, Permission) or not rule.rule.startswith("/api/"):
            continue
        path = rule.rule.replace("<string:number>", "0" * 20).replace(
            "<uuid:reading>", "0" * 8 + "-0000-0000-0000-" + "0" * 12
        )
        method = next(name for name in ("GET", "POST", "PUT", "DELETE") if name in rule.methods)
        assert client.open(path, method=method).status_code == 401, path
        for role in Role:
            if not may(role, needed):
                answer = client.open(path, method=method, headers=headers[role], json={})
                assert (answer.status_code, answer.json["code"]) == (403, "access.not_allowed"), (path, role)
                checked += 1
    assert checked > 30


def test_pages_send_strangers_to_the_door_and_a_cookie_opens_no_api(app):
    client = app.test_client()
    assert client.get("/orders").status_code == 302
    app.config["WTF_CSRF_ENABLED"] = False
    client.post("/sign-in", data={"username": "clerk", "password": DEMO_PASSWORD})
    assert client.get("/orders").status_code == 200
    assert client.get("/api/v1/orders").status_code == 401
    assert client.get("/audit").status_code == 403


def test_forms_need_their_token(app):
    client = app.test_client()
    answer = client.post("/sign-in", data={"username": "clerk", "password": DEMO_PASSWORD})
    assert answer.status_code == 302
    assert "sign-in" in answer.headers["Location"]
    assert client.get("/orders").status_code == 302


def test_headers_keep_other_sites_and_caches_out(app):
    answer = app.test_client().get("/sign-in")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "http://" not in answer.text.replace("http://127.0.0.1", "")
    assert "https://" not in answer.text


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_never_leads_elsewhere(app, target):
    app.config["WTF_CSRF_ENABLED"] = False
    data = {"username": "clerk", "password": DEMO_PASSWORD}
    answer = app.test_client().post("/sign-in", query_string={"next": target}, data=data)
    assert answer.headers["Location"] == "/"


def test_problems_have_the_code_and_never_the_value(app):
    client, headers = app.test_client(), sign_in(app, "clerk")
    answer = client.post("/api/v1/orders", headers=headers, json={"holder": {"id_number": "secret", "name": ""}})
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "input.invalid"
    assert "secret" not in answer.text
    typed = {"id_number": "110105194912310021", "name": "王", "address": "样例路", "long_term": True}
    answer = client.post("/api/v1/orders", headers=headers | {"Accept-Language": "en"}, json={"holder": typed})
    assert (answer.json["code"], answer.json["title"][:13]) == ("id.check_digit", "The ID number")
    assert client.get("/api/v1/orders/" + "0" * 20, headers=headers).status_code == 404


def test_an_unsigned_event_changes_nothing_and_is_recorded(app, counter, person, tmp_path):
    number = counter.prepare(person)
    counter.confirm(number)
    told = Event(
        event_id="event-0001", bank="ICBC", order=number, revision=1, seq=1, at=counter.now, kind="order.accepted"
    )
    body = canonical_body(told)
    client = app.test_client()
    answer = client.post("/api/v1/bank/events", data=body)
    assert (answer.status_code, answer.json["code"]) == (401, "bank.signature_invalid")
    assert counter.view(number).state.value == "confirmed"
    seen = signing.Request("POST", "http://localhost/api/v1/bank/events", {"Content-Type": "application/json"})
    counter.bank.signer.sign_request(seen, body, now=counter.now)
    assert client.post("/api/v1/bank/events", data=body, headers=seen.headers).json == {"taken": True, "fresh": True}
    assert client.post("/api/v1/bank/events", data=body, headers=seen.headers).status_code == 401  # replayed
    assert counter.view(number).state.value == "accepted"


def test_the_api_documents_itself(app):
    told = app.test_client().get("/openapi/openapi.json").json
    assert "/api/v1/orders/{number}/confirm" in told["paths"]


@pytest.mark.parametrize(("method", "path", "status"), [("get", "/api/v1/nix", 404), ("put", "/api/v1/orders", 405)])
def test_the_apis_own_refusals_are_problems_too(app, method, path, status):
    answer = getattr(app.test_client(), method)(path)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.get_json()["code"] == f"http.{status}"


def test_a_page_that_is_none_says_so_with_its_code(app):
    answer = app.test_client().get("/nix")
    assert answer.status_code == 404
    assert "http.404" in answer.get_data(as_text=True)
    assert "没有这个页面" in answer.get_data(as_text=True)


def test_half_a_character_in_a_name_breaks_no_page(app, counter, person):
    app.config["WTF_CSRF_ENABLED"] = False
    counter.plate.person = replace(person, name="王\ud840")
    page, programs = app.test_client(), app.test_client()
    page.post("/sign-in", data={"username": "clerk", "password": DEMO_PASSWORD})
    answer = page.post("/orders/read")
    assert answer.status_code == 200
    assert "王\ufffd" in answer.get_data(as_text=True)
    token = programs.post("/api/v1/sessions", json={"username": "clerk", "password": DEMO_PASSWORD}).get_json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    reading = programs.post("/api/v1/devices/id-card/readings", headers=headers).get_json()
    assert reading["name"] == "王\ud840"
    assert programs.post("/api/v1/orders", json={"reading": reading["id"]}, headers=headers).status_code == 201
    assert page.get("/orders").status_code == 200


def test_signing_in_is_limited_for_each_address(app):
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    answers = [client.post("/sign-in", data={"username": f"nobody{i}", "password": "x"}).status_code for i in range(32)]
    assert 429 in answers


def test_a_refused_door_is_written_down(app, counter):
    headers = sign_in(app, "teller")
    assert app.test_client().post("/api/v1/orders", json={}, headers=headers).status_code == 403
    with counter.uow.reading() as tx:
        line = audit.page(tx)[0]
        assert audit.verify(tx) is None
    assert (line.actor, line.action, line.subject) == ("teller", "access.refused", "order.create")
