"""Values that JSON lacks, or that are too large or too deep: nothing raises, and different values stay different."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from langchain_awo.model.ir.transform import TRANSFORM_NAMES, apply_transform
from langchain_awo.model.text.encoding import (
    choose_reader,
    compute_digest,
    decode,
    dump_line,
    dumps,
    loads,
    project_output,
    to_json,
)
from langchain_awo.model.text.json_text import exceeds_depth


def nested(depth, inside=1):
    for _ in range(depth):
        inside = [inside]
    return inside


def circle():
    value = {"name": "n"}
    value["self"] = value
    return value


ODD = {
    "null": None,
    "NaN": math.nan,
    "the word NaN": "NaN",
    "infinity": math.inf,
    "minus infinity": -math.inf,
    "minus zero": -0.0,
    "zero": 0,
    "no": False,
    "beyond 64 bits": 2**70,
    "its digits": str(2**70),
    "next to it": 2**70 + 1,
    "its float": float(2**70),
    "below 64 bits": -(2**63) - 1,
    "five thousand digits": 10**4999,
    "and one more": 10**4999 + 1,
    "lone surrogate": "\ud83d",
    "another": "\ud83e",
    "its escape": "\\ud83d\0",
    "key that is a number": {1: 2},
    "key that is its text": {"1": 2},
    "both keys": {1: 2, "1": 2},
    "keys that cannot be compared": {None: 1, 2: 1, "x": 1, (1, 2): 1},
    "surrogate key": {"\ud800": 1},
    "300 deep": nested(300),
    "301 deep": nested(301),
    "300 deep, other": nested(300, 2),
    "50,000 deep": nested(50_000),
    "part of itself": circle(),
    "bytes": b"a",
    "other bytes": b"b",
    "a day": dt.date(2024, 1, 2),
    "a set": {1, 2},
}


@pytest.mark.parametrize("name", ODD)
def test_any_value_is_written_and_read(name):
    value = ODD[name]
    for text in (dumps(value), dump_line(value).decode()):
        json.loads(text)
        assert loads(text) == loads(dumps(loads(text)))
        text.encode()
    assert compute_digest(value) == compute_digest(value)
    assert isinstance(dumps(project_output(value)), str)
    decode(to_json(value))


def test_different_values_have_different_digests():
    digests = {name: compute_digest(value) for name, value in ODD.items()}
    alike = [(a, b) for a, b in itertools.combinations(digests, 2) if digests[a] == digests[b]]
    assert alike == []


def test_equal_values_have_equal_digests_whatever_the_order_of_their_keys():
    assert compute_digest({"b": 2**70, "a": math.nan}) == compute_digest({"a": math.nan, "b": 2**70})
    assert compute_digest({2: 1, 1: 2}) == compute_digest({1: 2, 2: 1})
    assert compute_digest(loads("[1180591620717411303424]")) == compute_digest([2**70])


@pytest.mark.parametrize("number", [2**64, 2**70, -(2**70), 10**300])
def test_integers_of_any_size_come_back(number):
    assert loads(dumps({"n": number})) == {"n": number}
    assert loads(dump_line([number])) == [number]
    assert decode(json.dumps({"n": number})) == {"n": number}
    assert to_json(number) == number


@given(st.lists(st.sampled_from([*ODD.values(), 7, "no number", nested(3)]), max_size=4))
def test_many_texts_are_read_as_each_by_itself(odd):
    """Whichever of them has a number that the fast reader would round."""
    texts = [dump_line(value).decode() for value in odd]
    read = choose_reader(texts)
    assert repr([read(text) for text in texts]) == repr([loads(text) for text in texts])


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=3)
    | st.binary(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=2) | st.integers(0, 3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(values)
def test_what_is_stored_is_stable(value):
    stored = loads(dump_line(value))
    assert loads(dump_line(stored)) == stored
    assert dumps(stored) == dumps(loads(dumps(stored)))
    assert to_json(stored) == stored


@pytest.mark.parametrize("name", TRANSFORM_NAMES)
@given(value=values | st.text(), option=st.text(max_size=4) | st.integers().map(str))
def test_no_transform_raises(name, value, option):
    apply_transform(name, value, option)
    apply_transform("date_offset", "20240228", "9" * 30)


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", "1e999", "٣", ""])
def test_a_word_is_no_number(text):
    assert not apply_transform("to_number", text)


numbers = st.one_of(
    st.integers(-(10**25), 10**25).map(str),
    st.integers(0, 10**25).map(lambda digits: f"0.{digits}"),
    st.integers(0, 10**25).map(lambda digits: f"{digits}.5e{digits % 400}"),
    st.sampled_from(["-0", "1e999", "-1E+400", "1e-5", "9" * 320, "NaN", "-Infinity"]),
)
words = st.one_of(
    st.text(max_size=8),
    st.integers(0, 10**22).map(str),
    st.sampled_from([f"at {10**19}", f"{10**19},-{10**20}", '":', "\ud800", "é"]),
).flatmap(lambda text: st.booleans().map(lambda plain: json.dumps(text, ensure_ascii=plain)))
blanks = st.sampled_from(["", " ", "\n\t"])


def joined(parts, blank, separator):
    return f"{blank}{separator}{blank}".join(parts)


json_texts = st.recursive(
    numbers | words | st.sampled_from(["null", "true", "false"]),
    lambda inner: (
        st.builds(
            lambda members, blank: f"[{joined(members, blank, ',')}]", st.lists(inner, max_size=4), blanks
        )
        | st.builds(
            lambda members, blank: (
                "{" + joined([joined(pair, blank, ":") for pair in members], blank, ",") + "}"
            ),
            st.lists(st.tuples(words, inner), max_size=4),
            blanks,
        )
    ),
    max_leaves=8,
)


@given(json_texts)
@example("[12345678901234567890, 123456789012345678901234567890]")
@example('{"a": -12345678901234567890, "a": 1}')
@example('["12345678901234567890"]')
@example("[0.12345678901234567890123, 1e400]")
def test_the_fast_reader_reads_what_the_careful_one_does(text):
    """Types included: an integer that does not fit 64 bits is no float."""
    careful = to_json(json.loads(text, parse_constant=str))
    assert spelled(loads(text)) == spelled(careful)
    with suppress(UnicodeEncodeError):
        assert spelled(loads(text.encode())) == spelled(careful)


def spelled(value):
    return repr(value)


@given(json_texts, st.integers(0, 6))
def test_depth_is_counted_in_lists_and_objects(text, limit):
    value = loads(text)
    assert exceeds_depth(value, limit) == (depth_of(value) > limit)


def depth_of(value):
    if not isinstance(value, list | dict):
        return 0
    members = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth_of, members), default=0)
