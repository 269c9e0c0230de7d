from datetime import UTC, datetime, timedelta

import pytest

from cardsvc.bank import signing
from cardsvc.bank.signing import MemoryNonces, Request, Response, SignatureInvalid, Signer, Verifier

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
BODY = b'{"order":"1"}'


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for name in ("a", "b"):
        signing.new_key(folder / f"{name}.pem")
    return {name: folder / f"{name}.pem" for name in ("a", "b")}


def signer(keys, name="a"):
    return Signer(f"key-{name}", signing.load_private(keys[name]))


def verifier(keys, *names):
    return Verifier({f"key-{name}": signing.load_public(keys[name].with_suffix(".pub")) for name in names or ("a",)})


def request(**headers):
    return Request("POST", "http://127.0.0.1:9/v1/orders", {"Idempotency-Key": '"n:1"'} | headers)


def test_what_was_signed_verifies_once(keys):
    seen, nonces = request(), MemoryNonces()
    signer(keys).sign_request(seen, BODY, now=NOW)
    assert verifier(keys).verify_request(seen, BODY, nonces=nonces, now=NOW) == "key-a"
    with pytest.raises(SignatureInvalid) as again:
        verifier(keys).verify_request(seen, BODY, nonces=nonces, now=NOW)
    assert again.value.facts["why"] == "replayed"


@pytest.mark.parametrize("change", ["body", "url", "method", "key", "digest", "drop"])
def test_any_change_breaks_it(keys, change):
    seen, body = request(), BODY
    signer(keys).sign_request(seen, body, now=NOW)
    if change == "body":
        body = BODY + b" "
    elif change == "url":
        seen.url += "/other"
    elif change == "method":
        seen.method = "PUT"
    elif change == "key":
        seen.headers["Idempotency-Key"] = '"n:2"'
    elif change == "digest":
        name = next(name for name in seen.headers if name.lower() == "content-digest")
        seen.headers[name] = seen.headers[name].replace("sha-256=:", "sha-256=:A")
    else:
        seen.headers = {name: value for name, value in seen.headers.items() if name.lower() != "signature"}
    with pytest.raises(SignatureInvalid):
        verifier(keys).verify_request(seen, body, nonces=MemoryNonces(), now=NOW)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_stale_and_future_signatures_are_refused(keys, seconds):
    seen = request()
    signer(keys).sign_request(seen, BODY, now=NOW)
    with pytest.raises(SignatureInvalid) as refused:
        verifier(keys).verify_request(seen, BODY, nonces=MemoryNonces(), now=NOW + timedelta(seconds=seconds))
    assert refused.value.facts["why"] == "stale"


def test_a_stranger_is_refused_and_both_keys_of_a_rotation_are_taken(keys):
    seen = request()
    signer(keys, "b").sign_request(seen, BODY, now=NOW)
    with pytest.raises(SignatureInvalid):
        verifier(keys, "a").verify_request(seen, BODY, nonces=MemoryNonces(), now=NOW)
    assert verifier(keys, "a", "b").verify_request(seen, BODY, nonces=MemoryNonces(), now=NOW) == "key-b"


def test_an_answer_is_tied_to_its_request(keys):
    asked, other = request(), request(**{"Idempotency-Key": '"n:2"'})
    answer = Response(201, {}, asked)
    signer(keys).sign_response(answer, BODY, now=NOW)
    assert verifier(keys).verify_response(answer, BODY, nonces=MemoryNonces(), now=NOW) == "key-a"
    for crossed in (Response(201, answer.headers, other), Response(200, answer.headers, asked)):
        with pytest.raises(SignatureInvalid):
            verifier(keys).verify_response(crossed, BODY, nonces=MemoryNonces(), now=NOW)
