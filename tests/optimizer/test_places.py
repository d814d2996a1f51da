"""Where in earlier outputs and arguments a value stands, and as what it can be named there."""

from __future__ import annotations

import pytest

from langchain_awo.model.ir.binding import Argument, Frame, Item, Output, Template, Transform
from langchain_awo.optimizer.dataflow.places import MAX_COLUMNS, Place, find_longer_lists, find_places
from langchain_awo.optimizer.dataflow.value_index import Wanted, derive_value_key
from langchain_awo.optimizer.mining.forms import is_positional


def places_in(output, *wanted, args=None):
    """What of step 1 can be named for any of the values, as text."""
    frame = Frame(outputs={1: output}, arguments={1: args} if args is not None else {})
    found = find_places(frame, {derive_value_key(value): value for value in wanted})
    return {
        f"{place.kind[0]}{place.path}{'!' if place.whole else ''}" for _, place in found if place.is_plain
    }


@pytest.mark.parametrize(
    ("output", "value", "expected"),
    [
        ({"id": "x1"}, "x1", {"o/id"}),
        ("x1", "x1", {"o"}),
        ({"a/b": {"~": "x1"}}, "x1", {"o/a~1b/~0"}),
        ({"": "x1"}, "x1", {"o/"}),
        (["x1", "x2", "x3"], "x1", {"o/0", "o/*"}),
        (["x1", "x2", "x3"], "x2", {"o/*"}),
        (["x1", "x2", "x3"], "x3", {"o/*", "o/-1"}),
        ({"found": [{"id": "x1"}, {"id": "x2"}]}, "x2", {"o/found/*/id", "o/found/-1/id"}),
        ({"by_day": {"2024-05-01": {"id": "x1"}}}, "x1", {"o/by_day/*/id"}),
        ({"id": None}, "x1", set()),
        ([], "x1", set()),
    ],
)
def test_a_place_is_named_exactly_only_where_a_position_means_something(output, value, expected):
    assert places_in(output, value) == expected


@pytest.mark.parametrize(
    ("output", "value", "expected"),
    [
        ({"Tea": "p1", "Red Cup": "p2"}, "Tea", {"o/*entries/key"}),
        ({"Tea": "p1", "Red Cup": "p2"}, "p2", {"o/Red Cup", "o/*entries/value"}),
        (
            {"found": {"Tea": {"id": "p1"}, "Cup": {"id": "p2"}}},
            "p1",
            {"o/found/Tea/id", "o/found/*entries/value/id"},
        ),
        ({"prices": {"nvda": {"usd": 5}, "tsla": {"usd": 7}}}, "tsla", {"o/prices/*entries/key"}),
        ({"2024-05-01": 1, "2024-05-02": 2}, "2024-05-02", {"o/*entries/key"}),
        ({"first_name": "Ann", "last_name": "Lee"}, "first_name", set()),
        ({"Tea": 1, "total": "x"}, "Tea", set()),
        ({"Tea": ["p1", "p2"], "Cup": ["p3"]}, "p1", {"o/Tea/0", "o/Tea/*"}),
    ],
)
def test_keys_that_name_things_are_values_too(output, value, expected):
    assert places_in(output, value) == expected


def test_a_wanted_list_is_found_as_the_keys_of_an_object():
    assert places_in({"Tea": 1, "Cup": 2}, ["Tea", "Cup"]) == {"o/*entries/key!"}
    assert places_in({"Tea": 1, "Cup": 2}, ["Cup", "Tea"]) == set()


def longer_lists(output, *wanted):
    """The places of step 1 that hold a list of which a wanted one is a part."""
    index = Wanted({derive_value_key(value): value for value in wanted})
    return {place.path for _, place in find_longer_lists(1, Frame(outputs={1: output}), index)}


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (["Ada", "Bob", "Cy"], {"/*"}),
        ({"shops": ["Ada", "Bob", "Cy"]}, {"/shops", "/shops/*"}),
        ([{"name": "Ada"}, {"name": "Bob"}, {"name": "Cy"}], {"/*/name"}),
        ({"Ada": 4, "Bob": 3, "Cy": 5}, {"/*entries/key"}),
        (["Ada", "Bob"], set()),
        (["Ada", "Cy"], set()),
        ("Ada, Bob", set()),
    ],
)
def test_a_longer_list_holds_all_of_a_wanted_one_and_more(output, expected):
    assert longer_lists(output, ["Bob", "Ada"]) == expected


def test_numbers_and_letters_are_no_parts_of_lists():
    assert longer_lists([1, 2, 3], [1, 2]) == set()
    assert longer_lists(["a", "b", "c"], ["a", "b"]) == set()


@pytest.mark.parametrize("others", [(1, True, 1.0, "1"), (0, False, "", None), (True, 1, "true")])
def test_numbers_switches_and_texts_are_told_apart(others):
    wanted, *rest = others
    assert places_in({"it": wanted, "rest": rest}, wanted) == {"o/it"}


def test_a_wanted_object_is_found_whole_and_its_members_order_does_not_matter():
    assert places_in({"who": {"b": 2, "a": 1}}, {"a": 1, "b": 2}) == {"o/who"}
    assert places_in({"who": {"a": 1}}, {"a": 1.0}) == set()


def test_a_wanted_list_is_found_as_a_column_of_elements():
    assert places_in([{"id": "x1"}, {"id": "x2"}], ["x1", "x2"]) == {"o/*/id!"}
    assert places_in([{"id": "x1"}, {"id": "x2"}], ["x2", "x1"]) == set()
    assert places_in([{"id": "x1"}, {"id": "x1"}], ["x1"]) == set()


def test_a_row_of_a_table_is_named_by_its_column():
    rows = [["R1", 10], ["R2", 20]]
    assert places_in(rows, "R2") == {"o/*/0"}
    assert places_in([["R1"] * (MAX_COLUMNS + 1)] * 2, "R1") == {"o/0/0", "o/*/*"}


@pytest.mark.parametrize(
    ("binding", "picks"),
    [
        (Output(step=1, path="/0/id"), True),
        (Output(step=1, path="/-1"), True),
        (Output(step=1, path="/rows/*/0"), False),
        (Output(step=1, path="/rows/0/1"), True),
        (Item(path="/0"), False),
        (Item(path="/lines/0"), True),
        (Template(prefix="no ", source=Item(path="/2"), suffix=""), False),
    ],
)
def test_a_column_of_each_row_is_no_position_that_somebody_picked(binding, picks):
    assert is_positional(binding) is picks


def test_arguments_are_places_too_but_none_of_a_list_by_element():
    assert places_in({}, "x1", args={"id": "x1", "more": ["x1"]}) == {"a/id", "a/more/0"}


def test_every_step_is_looked_at_also_one_without_output():
    frame = Frame(outputs={2: "x"}, arguments={1: {"k": "x"}, 2: {}})
    assert [place.step for _, place in find_places(frame, {derive_value_key("x"): "x"})] == [1, 2]


@pytest.mark.parametrize(
    ("place", "binding"),
    [
        (Place("output", 2, "/id"), Output(step=2, path="/id")),
        (Place("argument", 2, "/id"), Argument(step=2, path="/id")),
        (Place("output", 2, "/*/of/*/id"), Item(path="/id")),
        (Place("output", 2, "/*/id", whole=True), Output(step=2, path="/*/id")),
        (Place("output", 1, "", "lower"), Transform(name="lower", source=Output(step=1, path=""), option="")),
        (
            Place("output", 1, "/t", prefix="Bearer "),
            Template(prefix="Bearer ", source=Output(step=1, path="/t"), suffix=""),
        ),
    ],
)
def test_the_binding_reads_the_place(place, binding):
    assert place.binding() == binding


def test_what_is_an_element_and_what_is_plain():
    element, whole, made = (
        Place("output", 1, "/a/*"),
        Place("output", 1, "/a/*", whole=True),
        Place("output", 1, "", "lower"),
    )
    assert (element.is_list, whole.is_list) == (True, False)
    assert element.list_path == "/a/*"
    assert Place("output", 1, "/a/*/b/*/c").list_path == "/a/*/b/*"
    assert element.is_plain
    assert not made.is_plain
    assert not Place("output", 1, "", suffix="x").is_plain
