"""No secret is stored, and what was equal is still equal."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain.agents import create_agent
from langchain_core.tools import tool

from langchain_awo.capture.recorder import CallbackRecorder
from langchain_awo.capture.redaction import UNREADABLE, Redactor
from langchain_awo.capture.snapshot import describe
from langchain_awo.model.ir.schema import dump
from langchain_awo.model.secrets.names import looks_secret
from langchain_awo.model.secrets.vocabulary import STATES
from langchain_awo.model.text.encoding import decode
from langchain_awo.model.trace.trace import Attempt, Message, ModelCallRecord, ToolCallRecord, Trace
from langchain_awo.testing import ScriptedChatModel
from tests.capture.scripted_agents import ListSink, asks, call, says, user

MASKED = re.compile(r"<secret:[0-9a-f]{16}>")
TOKEN = "tok-8f3a-77c1"  # noqa: S105  # made up


def trace(*calls: tuple[dict[str, Any], Any], **more: Any) -> Trace:
    records = tuple(
        ToolCallRecord(call_id=str(i), name="t", args=args, output=output)
        for i, (args, output) in enumerate(calls)
    )
    return Trace(trace_id="x", tool_calls=records, **more)


def redact(given_trace: Trace, *, mask: Any = True) -> Trace:
    return Redactor(mask).redact(given_trace)


def text_of(masked: Trace) -> str:
    return json.dumps(dump(masked))


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "Password",
        "user_password",
        "passwd",
        "token",
        "access_token",
        "accessToken",
        "X-Auth-Token",
        "apiKey",
        "api_key",
        "API-KEY",
        "APIKey",
        "secret",
        "client_secret",
        "Authorization",
        "Set-Cookie",
        "card_number",
        "cardNumber",
        "cvv",
        "privateKey",
        "ssn",
        "pin",
    ],
)
def test_a_key_that_announces_a_secret_is_seen_in_any_spelling(key):
    assert looks_secret(key)


@pytest.mark.parametrize(
    "key",
    [
        "token_count",
        "max_tokens",
        "tokens",
        "total_tokens",
        "author",
        "authority",
        "next_page_token",
        "token_type",
        "tokenizer",
        "pinned",
        "shipping",
        "key",
        "keyboard",
        "card_type",
        "number",
        "order_number",
        "password_policy",
        "secretary",
        "payment_method_id",
        "session",
        "code",
        "",
    ],
)
def test_a_key_that_merely_looks_similar_is_none(key):
    assert not looks_secret(key)


def test_equal_secrets_have_equal_masks_and_others_have_others():
    masked = redact(trace(({"password": "hunter22"}, None), ({"password": "hunter22"}, {"pin": 1234})))
    one, two = masked.tool_calls
    assert MASKED.fullmatch(one.args["password"])
    assert one.args == two.args
    assert two.output["pin"] != one.args["password"]


def test_a_secret_is_masked_wherever_the_trace_has_it():
    calls = [
        ({"user": "ann"}, json.dumps({"token": TOKEN, "id": 7})),
        ({"headers": {"Authorization": f"Bearer {TOKEN}"}}, "ok"),
        ({"url": f"https://x.test/?t={TOKEN}&n=1"}, [TOKEN, {TOKEN: 1}]),
        ({"session": TOKEN}, f"resumed {TOKEN} again"),
    ]
    messages = (Message(role="user", text=f"use {TOKEN}", before=0),)
    models = (ModelCallRecord(text=f"I use {TOKEN}", error=f"bad {TOKEN}"),)
    masked = redact(trace(*calls, messages=messages, model_calls=models, metadata={"note": TOKEN}))
    assert TOKEN not in text_of(masked)
    mask = decode(masked.tool_calls[0].output)["token"]
    assert decode(masked.tool_calls[0].output) == {"token": mask, "id": 7}
    assert masked.tool_calls[1].args == {"headers": {"Authorization": f"Bearer {mask}"}}
    assert masked.tool_calls[2].args == {"url": f"https://x.test/?t={mask}&n=1"}
    assert masked.tool_calls[2].output == [mask, {mask: 1}]
    assert masked.tool_calls[3].args == {"session": mask}
    assert masked.metadata == {"note": mask}


def test_errors_of_calls_and_attempts_are_masked():
    attempts = (Attempt(status="error", error=f"refused {TOKEN}"), Attempt(status="ok"))
    record = ToolCallRecord(
        call_id="1", name="t", args={"token": TOKEN}, error="password=abc1 is wrong", attempts=attempts
    )
    (masked,) = redact(Trace(trace_id="x", tool_calls=(record,))).tool_calls
    assert MASKED.search(masked.attempts[0].error)
    assert re.fullmatch(r"password=<secret:\w{16}> is wrong", masked.error)


@pytest.mark.parametrize(
    "output",
    [
        '{"cvv": "123", "name": "o"}',
        '{"cvv": 123, "name": "o"}',
        "{'cvv': '123', 'name': 'o'}",
        "cvv: 123\nname: o",
        '[{"name": "cvv", "value": "123"}]',
        '{\n  "cvv": "123"\n}',
    ],
)
def test_text_with_a_structure_keeps_it(output):
    masked = redact(trace(({}, output))).tool_calls[0].output
    assert isinstance(masked, str)
    assert "123" not in MASKED.sub("", masked)
    before, after = decode(output), decode(masked)
    assert type(before) is type(after)
    assert len(before) == len(after)
    assert masked.count("\n") == output.count("\n")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Your password: hunter2!", "hunter2!"),
        ("my password is hunter2", "hunter2"),
        ("?api_key=abc123&x=1", "abc123"),
        ("Authorization: Bearer abc.def", "abc.def"),
        ("API key: 99aa", "99aa"),
        ("the card number is 4111 1111 1111 1111.", "4111 1111 1111 1111"),
    ],
)
def test_secrets_named_in_plain_text_are_masked(text, secret):
    masked = redact(trace(({"note": text}, None))).tool_calls[0].args["note"]
    assert MASKED.sub(secret.replace("\\", ""), masked) == text
    assert secret not in masked


@pytest.mark.parametrize(
    "text",
    [
        "the password is required",
        "token count: 5",
        "order number: 12345",
        "no secrets here",
        "author: ann",
        "",
    ],
)
def test_prose_about_secrets_stays(text):
    assert redact(trace(({"note": text}, text))) == trace(({"note": text}, text))


def test_everything_below_a_secret_key_is_masked_but_flags_and_nothing():
    args = {"credentials": {"user": "ann", "list": ["a", 1, True, None, ""]}}
    masked = redact(trace((args, None))).tool_calls[0].args["credentials"]
    assert MASKED.fullmatch(masked["user"])
    assert [bool(MASKED.fullmatch(str(item))) for item in masked["list"]] == [True, True, False, False, False]


def test_short_secrets_are_not_looked_for_elsewhere():
    masked = redact(trace(({"pin": "12"}, "12 items"))).tool_calls[0]
    assert masked.output == "12 items"


def test_a_number_that_is_a_secret_is_masked_as_a_number_too():
    masked = redact(trace(({"pin": 987654}, {"seen": 987654, "text": "987654!"}))).tool_calls[0]
    assert masked.output == {"seen": masked.args["pin"], "text": f"{masked.args['pin']}!"}


def test_masks_are_not_masked_again():
    redactor = Redactor(True)
    once = redactor.redact(trace(({"token": TOKEN}, f"Bearer {TOKEN}")))
    assert redactor.redact(once) == once


def test_masks_of_two_recorders_differ():
    given_trace = trace(({"token": TOKEN}, None))
    assert redact(given_trace) != redact(given_trace)


def test_masking_can_be_switched_off():
    given_trace = trace(({"token": TOKEN}, None))
    assert redact(given_trace, mask=False) is given_trace


def test_further_keys_can_be_named_in_any_spelling():
    masked = redact(trace(({"customerNo": "c-1"}, "customer-no: c-1")), mask=["customer_no"]).tool_calls[0]
    assert MASKED.fullmatch(masked.args["customerNo"])
    assert MASKED.search(masked.output)


def test_a_function_can_say_what_else_is_a_secret():
    def mask(key: str, value: object) -> bool:
        return key == "iban" or str(value).startswith("DE")

    masked = redact(trace(({"account": "DE12", "name": "ann", "token": "t"}, None)), mask=mask).tool_calls[0]
    assert masked.args["name"] == "ann"
    assert MASKED.fullmatch(masked.args["account"])
    assert MASKED.fullmatch(masked.args["token"])


def test_a_function_that_fails_masks_and_warns_once(caplog):
    def mask(key: str, value: object) -> bool:
        raise LookupError(key)

    masked = redact(trace(({"a": "x", "b": "y"}, None)), mask=mask).tool_calls[0]
    assert all(MASKED.fullmatch(value) for value in masked.args.values())
    assert len(caplog.records) == 1


def test_what_cannot_be_masked_is_not_stored(caplog):
    given_trace = trace(({"a": "hunter22"}, "perhaps secret"), metadata={"a": 1}, tags=None)
    masked = redact(given_trace)
    assert masked.tool_calls[0].args == {}
    assert masked.tool_calls[0].output == UNREADABLE
    assert masked.metadata == {}
    assert len(caplog.records) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    args=st.dictionaries(st.text(max_size=9), json_values, max_size=3),
    output=json_values,
    secret=st.text().map(str.strip),
)
def test_no_value_breaks_masking(args, output, secret):
    given_trace = trace(({**args, "password": secret}, output), ({"again": secret}, json.dumps(output)))
    masked = redact(given_trace)
    assert masked.metadata == {}
    is_word = secret.lower() in STATES  # masked where it is named, and left where it may mean what it says
    if len(secret) >= 6 and not is_word and masked.tool_calls[0].args["password"] != secret:
        assert secret not in masked.tool_calls[1].args["again"]
    assert UNREADABLE not in (masked.tool_calls[0].output, masked.tool_calls[1].output)


def test_the_token_of_a_login_still_shows_in_the_later_call():
    @tool
    def login(user: str, password: str) -> dict[str, str]:
        """Logs in."""
        return {"access_token": TOKEN}

    @tool
    def fetch(bearer_of: str, url: str) -> str:
        """Fetches."""
        return "page"

    model = ScriptedChatModel(
        script=[
            asks(call("login", "1", user="ann", password="hunter22")),  # noqa: S106  # made up
            asks(call("fetch", "2", bearer_of=f"Bearer {TOKEN}", url="https://x.test")),
            says(),
        ]
    )
    sink = ListSink()
    with CallbackRecorder(sink) as recorder:
        create_agent(model, [login, fetch]).invoke(
            user("log in with hunter22"), config={"callbacks": [recorder]}
        )
    (masked,) = sink.traces
    assert "hunter22" not in text_of(masked)
    assert TOKEN not in text_of(masked)
    first, second = masked.tool_calls
    assert second.args["bearer_of"] == f"Bearer {decode(first.output)['access_token']}"
    assert masked.messages[0].text == f"log in with {first.args['password']}"


def test_an_error_that_is_cut_ends_with_no_half_secret():
    secret = "ghp_" + "a1B2c3D4" * 5
    for filler in range(3_960, 4_000):
        text = describe(ValueError("x " * (filler // 2) + "y" * (filler % 2) + f" {secret} and more" * 20))
        (masked,) = redact(
            Trace(trace_id="x", tool_calls=(ToolCallRecord(call_id="1", name="t", error=text),))
        ).tool_calls
        assert "a1B2" not in masked.error
