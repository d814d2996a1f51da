"""Any value has a JSON form, whatever it is."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import pathlib
import uuid

import pydantic
import pytest

from langchain_awo.model.text.encoding import to_json


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    tags: set[str]


class Order(pydantic.BaseModel):
    number: int
    due: dt.date


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("not readable")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (Colour.RED, "red"),
        (2**70, 2**70),
        (2**5000, hex(2**5000)),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        ("\ud800", "\\ud800"),
        (dt.datetime(2024, 2, 28, 12, tzinfo=dt.UTC), "2024-02-28T12:00:00+00:00"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (pathlib.PurePosixPath("/a"), "/a"),
        (decimal.Decimal("1.10"), "1.10"),
        (b"abc", "<3 bytes ba7816bf8f01cfea>"),
        ({1: "a", "1": "b"}, {"1 (int)": "a", "1": "b"}),
        ((1, {"b", "a"}), [1, ["a", "b"]]),
        ({(1, 2): Point(1, {"z"})}, {"[1, 2]": {"x": 1, "tags": ["z"]}}),
        (Order(number=1, due=dt.date(2024, 2, 28)), {"number": 1, "due": "2024-02-28"}),
        ([Hostile(), 1], ["<Hostile cannot be shown: RuntimeError>", 1]),
    ],
)
def test_every_value_has_a_json_form(value, expected):
    assert to_json(value) == expected


def test_a_value_that_contains_itself_is_shown_where_it_repeats():
    value: dict[str, object] = {"name": "n"}
    value["self"] = [value, value]
    assert to_json(value) == {"name": "n", "self": [repr(value)] * 2}


def test_a_value_that_occurs_twice_side_by_side_is_copied_twice():
    shared = {"a": 1}
    assert to_json([shared, shared]) == [{"a": 1}, {"a": 1}]
