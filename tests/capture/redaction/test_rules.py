"""What a user can add to, and take from, what is masked."""

from __future__ import annotations

import random
import re

import pytest

from langchain_awo.capture.redaction import UNREADABLE, MaskRules, Redactor
from langchain_awo.errors import MaskError
from langchain_awo.model.text.backtracking import repeats_inside_a_repeat
from langchain_awo.model.trace.trace import ToolCallRecord, Trace
from tests.capture.redaction.planted import ALNUM, text_of

MASKED = re.compile(r"<secret:[0-9a-f]{16}>")


def stored(output, **rules):
    call = ToolCallRecord(call_id="1", name="t", output=output)
    return Redactor(MaskRules(**rules)).redact(Trace(trace_id="x", tool_calls=(call,))).tool_calls[0].output


def test_keys_are_masked_in_any_spelling_in_values_and_texts():
    output = stored({"customerNo": "c-1", "note": "customer-no: c-2"}, keys=["customer_no"])
    assert MASKED.fullmatch(output["customerNo"])
    assert output["note"].startswith("customer-no: <secret:")


def test_a_pattern_masks_what_it_matches_or_its_group():
    output = stored(
        "badge ZX-1234 of ann, door=77", patterns=[r"ZX-\d+", re.compile(r"door=(?P<secret>\d+)")]
    )
    assert MASKED.sub("###", output) == "badge ### of ann, door=###"


def test_a_pattern_works_over_the_seams_of_a_long_text():
    text = ("." * 19_997) + "ZX-1234" + "." * 30_000
    assert "ZX-1234" not in stored(text, patterns=[r"ZX-\d+"])


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"patterns": ["("]}, r"the pattern '\(' is no regular expression.*re\.escape"),
        ({"patterns": [re.compile(b"x")]}, "is one of bytes; write it as text"),
        ({"patterns": [r"\d*"]}, "matches an empty text"),
        ({"patterns": [r"key=(\w+)+$"]}, "repeats what repeats already"),
        ({"patterns": "badge"}, r"patterns must be a list of texts, such as patterns=\['badge'\]"),
        ({"keys": "customer_no"}, r"keys=\['customer_no'\]"),
        ({"allow_values": [7]}, "7 is int"),
        ({"judge": "email"}, "a function of key and value, not str"),
    ],
)
def test_a_rule_that_cannot_be_used_is_an_error_where_it_is_written(rules, told):
    with pytest.raises(MaskError, match=told):
        MaskRules(**rules)


@pytest.mark.parametrize(
    ("pattern", "slow"),
    [
        (r"(a+)+b", True),
        (r"(?:a*)*x", True),
        (r"(?:\w+\s?)+:", True),
        (r"(?:(?:a+)?b*)+z", True),
        (r"(?:a{1,5})+b", True),
        (r"(a|b+)*c", True),
        (r"(?:[0-9]+-)+x", False),
        (r"(?:-?\d)+x", False),
        (r"(?:\d{3})+x", False),
        (r"(?i)key=(?P<secret>\S+)", False),
    ],
)
def test_repeats_inside_a_repeat_are_seen(pattern, slow):
    assert repeats_inside_a_repeat(re.compile(pattern)) == slow


PERSONAL = {
    "e-mail": ("write to ann.lee+x@mail.example.org now", "ann.lee+x@mail.example.org"),
    "phone": ("call +49 30 1234567 or", "+49 30 1234567"),
    "american phone": ("call (555) 010-1234.", "(555) 010-1234"),
    "card": ("paid with 4111-1111-1111-1111", "4111-1111-1111-1111"),
    "iban": ("to DE89 3704 0044 0532 0130 00 today", "DE89 3704 0044 0532 0130 00"),
    "ip": ("from 203.0.113.77 at", "203.0.113.77"),
    "ipv6": ("from 2001:db8::8a2e:370:7334 at", "2001:db8::8a2e:370:7334"),
    "key": ({"first_name": "Ann", "date_of_birth": "1990-01-01"}, "Ann"),
}


@pytest.mark.parametrize("kind", PERSONAL)
def test_personal_data_is_masked_on_request_and_only_then(kind):
    text, value = PERSONAL[kind]
    assert value not in str(stored(text, personal=True))
    assert stored(text) == text


@pytest.mark.parametrize(
    "text", ["order 4111111111111112", "at 12:30:45", "version 1.2.3", "2024-05-16 10:00:00", "DE88 3704 0044 0532 0130 00", "#W2378156"]
)  # fmt: skip
def test_numbers_that_are_no_personal_data_stay(text):
    assert stored(text, personal=True) == text


def test_the_names_of_personal_data_can_be_chosen():
    output = stored({"nickname": "lee", "surname": "Lee"}, personal=True, personal_keys=["nickname"])
    assert MASKED.fullmatch(output["nickname"])
    assert output["surname"] == "Lee"


def test_allowed_keys_and_values_are_not_masked():
    output = stored(
        {"session_token": "s-12345", "password": "changeme", "api_key": "real-9f31"},
        allow_keys=["session_token"],
        allow_values=["changeme"],
    )
    assert output["session_token"] == "s-12345"  # noqa: S105  # made up
    assert output["password"] == "changeme"  # noqa: S105
    assert MASKED.fullmatch(output["api_key"])
    assert stored("password: changeme", allow_values=["changeme"]) == "password: changeme"


def test_random_text_can_be_left_alone():
    text = text_of(random.Random(5), ALNUM, 40)  # noqa: S311  # made up
    assert MASKED.fullmatch(stored({"note": text})["note"])
    assert stored({"note": text}, entropy=False)["note"] == text
    assert stored({"file_id": text})["file_id"] == text


def test_a_judge_that_fails_masks_and_its_words_are_not_logged(caplog):
    def judge(key, value):
        raise LookupError(value)

    output = stored({"a": "first-value", "b": "second"}, judge=judge)
    assert all(MASKED.fullmatch(value) for value in output.values())
    assert len(caplog.records) == 1
    assert "first-value" not in caplog.text


def test_a_value_that_cannot_be_masked_becomes_a_marker_and_the_others_are_stored(caplog):
    deep = {"password": "hunter22"}
    for _ in range(3_000):
        deep = {"inner": deep}
    calls = (
        ToolCallRecord(call_id="1", name="t", output=deep),
        ToolCallRecord(call_id="2", name="t", args={"password": "hunter22", "id": 7}, output="hunter22"),
    )
    one, two = Redactor().redact(Trace(trace_id="x", tool_calls=calls)).tool_calls
    assert one.output == UNREADABLE
    assert two.args == {"password": two.output, "id": 7}
    assert len(caplog.records) == 1
    assert "hunter22" not in caplog.text


def test_cycles_and_odd_keys_are_survived():
    loop = {1: "x", None: "password: hunter22"}
    loop["self"] = loop
    output = stored(loop)
    assert output == UNREADABLE or "hunter22" not in str(output)


def test_text_that_is_no_unicode_is_masked_too():
    output = stored({"password": "abc\ud800def", "note": "password: hunter22 \ud800"})
    assert MASKED.fullmatch(output["password"])
    assert output["note"] == "password: " + MASKED.search(output["note"])[0] + " \ud800"
