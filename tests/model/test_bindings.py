"""What a binding means, which verification and execution share."""

from __future__ import annotations

import pytest

from langchain_awo.model.ir.binding import (
    Argument,
    Constant,
    Frame,
    Item,
    ListOf,
    ObjectOf,
    Output,
    Parameter,
    Template,
    Transform,
    list_leaves,
    renumber,
    resolve,
)
from langchain_awo.model.ir.mapping import list_items
from langchain_awo.model.ir.metatool import Filter, Map, Step
from langchain_awo.model.ir.pointer import MISSING, escape, expand, look_up, split, unescape
from langchain_awo.model.ir.transform import apply_transform
from langchain_awo.model.text.encoding import decode
from langchain_awo.model.views.notation import format_binding

FRAME = Frame(
    parameters={"who": {"id": 7}},
    arguments={1: {"email": "a@b"}},
    outputs={1: {"orders": ["o1", "o2"], "token": "t", "ok": True}},
    item={"id": "i"},
)
ORDERS = Output(step=1, path="/orders/*")
TOKEN = Output(step=1, path="/token")


@pytest.mark.parametrize(
    ("binding", "value", "shown"),
    [
        (Constant(value=None), None, "null"),
        (Parameter(name="who", path="/id"), 7, "$who/id"),
        (Parameter(name="nobody"), MISSING, "$nobody"),
        (ORDERS, ["o1", "o2"], "#1/orders/*"),
        (Output(step=1, path="/orders/-1"), "o2", "#1/orders/-1"),
        (Output(step=2), MISSING, "#2"),
        (Argument(step=1, path="/email"), "a@b", "#1.args/email"),
        (Item(path="/id"), "i", "item/id"),
        (Template(prefix="Bearer ", source=TOKEN), "Bearer t", '"Bearer {#1/token}"'),
        (Template(prefix="x", source=Output(step=1, path="/ok")), MISSING, '"x{#1/ok}"'),
        (Transform(name="upper", source=TOKEN), "T", "upper(#1/token)"),
        (ListOf(elements=(TOKEN, Constant(value=1))), ["t", 1], "[#1/token, 1]"),
        (ListOf(elements=(TOKEN, Output(step=9))), MISSING, "[#1/token, #9]"),
        (ObjectOf(members={"a": TOKEN, "b": Output(step=9)}), {"a": "t"}, "{a: #1/token, b: #9}"),
    ],
)
def test_each_binding_has_one_meaning_and_one_notation(binding, value, shown):
    assert resolve(binding, FRAME) == value
    assert format_binding(binding) == shown


def test_renumbering_reaches_every_leaf():
    nested = ObjectOf(members={"a": ListOf(elements=(Template(prefix="", source=TOKEN),))})
    assert [leaf.step for leaf in list_leaves(renumber(nested, {1: 5}))] == [5]


@pytest.mark.parametrize("key", ["a/b", "~", "*", "~1", "", "a~2*"])
def test_any_key_can_be_a_pointer_segment(key):
    assert unescape(escape(key)) == key
    assert look_up({key: 1}, f"/{escape(key)}") == 1


def test_a_star_is_each_element_or_value_and_skips_what_is_not_there():
    assert expand({"a": [{"b": 1}, {}, {"b": 3}]}, "/a/*/b") == [1, 3]
    assert expand({"x": {"b": 1}, "y": {"b": 2}}, "/*/b") == [1, 2]
    assert expand("text", "/*") == []


def test_entries_are_the_members_of_an_object_with_their_keys():
    assert expand({"Tea": 1, "*": 2}, "/*entries") == [{"key": "Tea", "value": 1}, {"key": "*", "value": 2}]
    assert expand([{"Tea": {"id": 1}}, {"Cup": {}}], "/*/*entries/value/id") == [1]
    assert expand(["Tea"], "/*entries") == []
    assert expand({"*entries": 1}, f"/{escape('*entries')}") == [1]


@pytest.mark.parametrize("pointer", ["/9", "/x", "/-2", "/0/x"])
def test_a_place_that_does_not_exist_is_missing(pointer):
    assert look_up(["a"], pointer) is MISSING


def test_a_pointer_starts_with_a_slash():
    with pytest.raises(ValueError, match="not a JSON Pointer"):
        split("a/b")


@pytest.mark.parametrize(
    ("name", "value", "option", "expected"),
    [
        ("strip", " a ", "", "a"),
        ("title", "ab cd", "", "Ab Cd"),
        ("to_number", "1.5", "", 1.5),
        ("to_number", "x", "", MISSING),
        ("to_text", 5, "", "5"),
        ("to_text", True, "", MISSING),
        ("lower", 5, "", MISSING),
        ("date_format", "2024-02-28T10:00:00", "%Y-%m-%d", "2024-02-28"),
        ("date_offset", "2024-02-28T10:00:00", "2", "2024-03-01T10:00:00"),
        ("date_offset", "soon", "2", MISSING),
        ("split_last", "a/b/c", "/", "c"),
        ("split_first", "abc", "/", MISSING),
    ],
)
def test_a_transform_gives_a_value_or_does_not_apply(name, value, option, expected):
    assert apply_transform(name, value, option) == expected


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("[1, 2]", [1, 2]),
        ("('a', None)", ["a", None]),
        ("a: 1\nb:\n- x: 010", {"a": "1", "b": [{"x": "010"}]}),
        ("42", "42"),
        ("{broken", "{broken"),
        ("a: &x 1\nb: *x", {"a": "&x 1", "b": "*x"}),
        ({"already": 1}, {"already": 1}),
    ],
)
def test_an_output_is_read_as_far_as_it_is_clear(output, expected):
    assert decode(output) == expected


ELEMENTS = [{"id": 1, "shipment": "s1"}, {"id": 3, "shipment": None}, {"id": 4}, {"id": 2, "shipment": "s2"}]


@pytest.mark.parametrize(
    ("source", "path", "found"),
    [
        (Output(step=1, path="/*"), "/shipment", [1, 2]),
        (Output(step=1, path="/*/shipment"), "", ["s1", "s2"]),
        (Output(step=1, path="/*"), "/id", [1, 3, 4, 2]),
        (Output(step=1, path="/0"), "", None),
        (Parameter(name="ids"), "", ["a", None]),
    ],
)
def test_a_map_runs_for_what_is_there(source, path, found):
    """Neither for a null nor for an element without the field, unless the caller lists it."""
    step = Step(tool="get_shipment", args={"id": Item(path=path)}, over=Map(source=source))
    frame = Frame(parameters={"ids": ["a", None]}, outputs={1: ELEMENTS})
    items = list_items(step, step.over, frame)
    assert (items and [each["id"] if path else each for each in items]) == found


def test_a_map_over_what_a_tool_can_do_without_runs_for_every_element():
    over = Map(source=Output(step=1, path="/*"), filter=Filter(path="/id", values=(3, 4)))
    step = Step(tool="list_shipments", args={"of": Item(path="/shipment")}, optional=("of",), over=over)
    assert list_items(step, over, Frame(outputs={1: ELEMENTS})) == ELEMENTS[1:3]
