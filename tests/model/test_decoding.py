"""What bindings see of an output that is text: before and after in `cases/decoding.txt`, and what holds for any text."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_awo.model.text.encoding import MAX_TEXT_TO_PARSE, decode, loads, present

CASES = Path(__file__).with_name("cases") / "decoding.txt"


def cases():
    _, *blocks = CASES.read_text(encoding="utf-8").split("\n== ")
    for block in blocks:
        title, rest = block.split("\n", 1)
        text, value = rest.split("\n--\n")
        yield pytest.param(text, value, id=title)


@pytest.mark.parametrize(("text", "value"), list(cases()))
def test_a_text_is_read_as_its_case_says(text, value):
    assert decode(text) == loads(value)


@pytest.mark.parametrize(("text", "value"), list(cases()))
def test_the_model_is_shown_json_as_its_value_and_any_other_text_as_it_came(text, value):
    shown = present(text)
    assert shown == text or (shown == json.loads(text, parse_constant=str) and text[0] in "{[")


PIECES = [
    *("id", "Ann", "A-1", "7", "name", "Hello", "x y", "é", "\ud83d", "#", '"', "'", "\\", "\\u00e9"),
    *(": ", ":", "\n", "\n\n", "\n  ", "- ", "* ", "1. ", ", ", ",", "|", "|---|", "  ", "\t", "\r\n"),
    *(
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "=",
        "<a>",
        "</a>",
        "<li>",
        "&amp;",
        "None",
        "nan",
        "datetime.date(1, 1, 1)",
    ),
    *("|\n", ">\n", "**", "[]", "{}", "'it''s'", "\x00", "0x1F", "1e999", "-inf", "9" * 30),
]
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=60)


@given(texts)
def test_no_text_makes_the_decoder_raise_and_a_text_is_always_read_alike(text):
    assert decode(text) == decode(text)
    assert decode(decode(text)) == decode(text)


@given(texts)
def test_what_is_decoded_was_there(text):
    """Every text in it stands in the original, but for escapes, folded lines and dates of Python."""
    value = decode(text)
    if isinstance(value, str) or any(
        sign in text for sign in ("\\", "''", "datetime", "\n", "nan", "inf", "&", "\ud83d")
    ):
        return
    for leaf in leaves(value):
        if isinstance(leaf, str) and leaf != "index":
            assert leaf in text


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["id", "city", "n"]), st.integers() | st.text() | st.none(), min_size=1
        )
    )
)
def test_what_python_and_json_write_is_read_back(rows):
    assert decode(json.dumps(rows)) == rows
    assert decode(str(rows)) == rows


names = st.text(st.characters(whitelist_categories=("Ll", "Lu")), min_size=1, max_size=8)


@given(st.lists(st.tuples(names, names), min_size=2, max_size=6))
def test_no_item_of_a_list_is_lost(pairs):
    """Whatever is equal, nothing is dropped: each line is an item, each pair a value."""
    bullets = decode("\n".join(f"- {first} {second}" for first, second in pairs))
    assert bullets == [f"{first} {second}" for first, second in pairs]
    keyed = decode("\n".join(f"{first}: {second}" for first, second in pairs))
    if not isinstance(keyed, str):
        assert sorted(leaves(keyed)) == sorted(second for _, second in pairs)


HOSTILE = {
    "brackets": lambda n: "[" * n,
    "pairs of brackets": lambda n: "[" * (n // 2) + "]" * (n // 2),
    "quotes": lambda n: "['" + "\\'" * (n // 2),
    "angles": lambda n: "<" * n,
    "tags": lambda n: "<a>" * (n // 3),
    "keys": lambda n: "a: b\n" * (n // 5),
    "other keys": lambda n: "".join(f"k{i}: v\n" for i in range(n // 8)),
    "indents": lambda n: "".join(" " * min(i, 60) + f"k{i}:\n" for i in range(n // 60)),
    "bullets": lambda n: "- a\n" * (n // 4),
    "blank lines": lambda n: "- a" + "\n" * n + "b",
    "bars": lambda n: "|---" * (n // 4) + "\n" + "|---" * (n // 4),
    "commas": lambda n: "a," * (n // 2),
    "commas and lines": lambda n: "a,b\n" * (n // 4),
    "columns": lambda n: "a  b\n" * (n // 5),
    "blanks": lambda n: " " * n + "x\n" + " " * n,
    "open quote": lambda n: "a: 'x\n" + "  y\n" * (n // 4),
    "fields": lambda n: "a=1 " * (n // 4),
    "minus": lambda n: "[" + "-" * n + "1]",
    "JSON texts": lambda n: '{"a":1}\n' * (n // 8),
    "digits": lambda n: "[" + "9" * n + "]",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_reading_takes_time_in_proportion_to_the_text(kind):
    """Eight times the text takes far less than the sixty-four times of something quadratic."""
    short, long = HOSTILE[kind](20_000), HOSTILE[kind](160_000)
    assert cpu(long) < 44 * cpu(short) + 0.1


def cpu(text):
    def once():
        start = time.process_time()
        decode(text)
        return time.process_time() - start

    return min(once() for _ in range(3))


def test_a_text_that_is_too_long_or_nested_too_deep_stays_text():
    assert isinstance(decode("[" + "1," * MAX_TEXT_TO_PARSE + "1]"), str)
    for depth in (200, 2_000, 200_000):
        deep = "[" * depth + "]" * depth
        assert decode(deep) == deep
    assert decode("[" * 90 + "]" * 90) != "[" * 90 + "]" * 90


@pytest.mark.parametrize("mark", [">", "|", ">-", "|+"])
@pytest.mark.parametrize("after", ["", "\n", "\n\n", "\nnext: 1\nlast: 2"])
def test_a_block_without_a_line_is_an_empty_text(mark, after):
    found = decode(f"id: 7\nnote: {mark}{after}")
    assert found == {"id": "7", "note": ""} | ({"next": "1", "last": "2"} if "next" in after else {})


def leaves(value):
    if isinstance(value, dict):
        for member in value.values():
            yield from leaves(member)
    elif isinstance(value, list):
        for element in value:
            yield from leaves(element)
    else:
        yield value
