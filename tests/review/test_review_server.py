"""Nobody but the holder of the address is answered, and nothing that is sent can do more than a click."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from langchain_awo.review.desk import Desk
from langchain_awo.review.server import ReviewSession, review_app

PAGE = "page_team_after_alert"


@pytest.fixture
def served(toolkit):
    session = ReviewSession(4711)
    client = TestClient(review_app(Desk(path=toolkit), session), base_url="http://127.0.0.1:4711")
    return client, f"/{session.token}"


def decide(served, *, headers=None, **asked):
    client, root = served
    stamp = client.get(f"{root}/api/state").json()["stamp"]
    sent = {"origin": "http://127.0.0.1:4711", **(headers or {})}
    return client.post(f"{root}/api/decide", json={"stamp": stamp, "name": PAGE, **asked}, headers=sent)


def test_the_holder_of_the_address_is_answered(served):
    client, root = served
    for path in (
        "/",
        "/assets/review.js",
        "/assets/card.js",
        "/assets/parts.js",
        "/assets/review.css",
        "/api/state",
    ):
        assert client.get(root + path).status_code == 200
    assert decide(served, action="accept").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/{}/", "/{}x/", "/favicon.ico", "/wrong/", "/wrong/api/state", "//", "/wrong/assets/review.js"],
)
def test_a_wrong_token_is_refused(served, path):
    client, root = served
    answer = client.get(path.format(root[1:-1]))
    assert answer.status_code == 403
    assert "meta" not in answer.text.lower()


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:4711", "127.0.0.1", "127.0.0.1:80", "localhost.evil.example:4711", ""],
)
def test_a_wrong_host_is_refused_as_a_name_that_was_bent_to_this_machine_has_it(served, host):
    client, root = served
    assert client.get(f"{root}/api/state", headers={"host": host}).status_code == 403


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:4711", "http://127.0.0.1:80", ""]
)
def test_another_page_can_change_and_read_nothing(served, origin, toolkit):
    client, root = served
    before = toolkit.read_bytes()
    assert decide(served, action="accept", headers={"origin": origin}).status_code == 403
    assert client.get(f"{root}/api/state", headers={"origin": origin}).status_code == 403
    assert toolkit.read_bytes() == before


def test_a_change_without_an_origin_is_refused(served):
    client, root = served
    assert client.post(f"{root}/api/decide", json={"name": PAGE, "action": "accept"}).status_code == 403


def test_a_form_cannot_be_sent(served):
    """A form of another page can send text, and no JSON."""
    client, root = served
    sent = {"origin": "http://127.0.0.1:4711", "content-type": "text/plain"}
    assert client.post(f"{root}/api/decide", content="{}", headers=sent).status_code == 400


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '"x"', "[" * 50_000, '{"x": "' + "x" * 200_000 + '"}', "\xff"]
)
def test_what_is_no_request_is_refused_in_words(served, text):
    client, root = served
    sent = {"origin": "http://127.0.0.1:4711", "content-type": "application/json"}
    answer = client.post(f"{root}/api/decide", content=text.encode("latin-1"), headers=sent)
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "asked",
    [
        {"action": "delete"},
        {"action": "accept", "name": "page_taem_after_alert"},
        {"action": "accept", "name": 5},
        {"action": "approval", "value": "page_team"},
        {"action": "approval", "value": ["drop_table"]},
        {"action": "mode", "value": "entry"},
        {"action": "mode", "value": "allways"},
        {"action": "rename", "value": "<b>"},
        {"action": "rename", "value": "get_customer_orders"},
        {"action": "reword", "value": "  "},
        {"action": "reject", "value": "x" * 60_000},
    ],
    ids=str,
)
def test_what_cannot_be_decided_is_refused_in_words_and_changes_nothing(served, asked, toolkit):
    before = toolkit.read_bytes()
    answer = decide(served, **asked)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert toolkit.read_bytes() == before


def test_a_change_that_was_decided_on_an_older_file_conflicts(served, toolkit):
    client, root = served
    sent = {"origin": "http://127.0.0.1:4711"}
    for stamp in ("0" * 64, "", None, 5):
        asked = {"stamp": stamp, "name": PAGE, "action": "accept"}
        assert client.post(f"{root}/api/decide", json=asked, headers=sent).status_code == 409


def test_every_answer_forbids_what_the_page_does_not_need(served):
    client, root = served
    for path in (f"{root}/", "/wrong/"):
        found = client.get(path).headers
        assert "default-src 'none'" in found["content-security-policy"]
        assert "frame-ancestors 'none'" in found["content-security-policy"]
        assert (found["cache-control"], found["referrer-policy"]) == ("no-store", "no-referrer")
        assert found["x-content-type-options"] == "nosniff"


def test_tokens_are_long_and_never_the_same():
    tokens = {ReviewSession(1).token for _ in range(20)}
    assert len(tokens) == 20
    assert min(map(len, tokens)) >= 40


def test_half_a_character_is_stored_as_the_text_that_it_is_everywhere_else(served, decided):
    client, root = served
    stamp = client.get(f"{root}/api/state").json()["stamp"]
    sent = {"origin": "http://127.0.0.1:4711", "content-type": "application/json"}
    body = f'{{"stamp": "{stamp}", "name": "{PAGE}", "action": "reword", "value": "what \\ud800 is"}}'
    assert client.post(f"{root}/api/decide", content=body, headers=sent).status_code == 200
    assert decided()[PAGE].description == "what \\ud800 is"
