"""What recorded calls say about one argument: which values, which parts, which places held it."""

from __future__ import annotations

import pytest

from langchain_awo.optimizer.dataflow.argument_stats import MAX_DEPTH, MAX_ELEMENTS, ArgumentVotes
from langchain_awo.optimizer.dataflow.places import Place
from langchain_awo.optimizer.dataflow.value_index import derive_value_key

ID, OTHER = Place("output", 1, "/id"), Place("output", 1, "/other")


def votes_of(*values, weight=1.0):
    votes = ArgumentVotes()
    for value in values:
        list(votes.count(value, weight))
    return votes


def test_equal_json_values_count_together_and_a_switch_is_no_number():
    votes = votes_of(1, True, 1.0, "1", None, 1)
    assert votes.present == 6
    assert sorted(votes.values.values()) == [1, 1, 1, 1, 2]


def test_members_and_elements_have_votes_of_their_own():
    votes = votes_of({"id": 7, "tags": ["a", "b"]}, {"id": 8})
    assert votes.parts["id"].present == 2
    assert votes.parts["tags"].present == 1
    assert [part.present for part in votes.parts["tags"].parts.values()] == [1, 1]
    assert len(list(votes.leaves())) == 5


def test_a_value_is_yielded_with_its_parts_each_with_its_votes():
    votes = ArgumentVotes()
    found = [(value, key) for _, value, key in votes.count({"a": [1]}, 1.0)]
    assert found == [(value, derive_value_key(value)) for value in ({"a": [1]}, [1], 1)]


@pytest.mark.parametrize(("length", "parts"), [(MAX_ELEMENTS, MAX_ELEMENTS), (MAX_ELEMENTS + 1, 0)])
def test_long_lists_are_not_looked_at_element_by_element(length, parts):
    assert len(votes_of(["x"] * length).parts) == parts


def test_members_of_members_are_looked_at_to_a_depth():
    value = "deep"
    for _ in range(MAX_DEPTH + 3):
        value = {"in": value}
    assert len(list(votes_of(value).leaves())) == MAX_DEPTH + 1


@pytest.mark.parametrize(
    ("values", "form", "is_container"),
    [
        ([{"a": 1}, {"a": 2}, "x"], ("object", 0), True),
        ([["a", "b"], ["c", "d"], ["e"]], ("list", 2), True),
        (["x", "y", {"a": 1}], ("scalar", 0), False),
        ([{}, {}], ("object", 0), False),
        ([[], []], ("list", 0), False),
        ([None], ("scalar", 0), False),
    ],
)
def test_the_form_is_what_most_values_are(values, form, is_container):
    votes = votes_of(*values)
    assert votes.form == form
    assert votes.is_container is is_container
    assert votes.alike_share == pytest.approx(votes.forms[form] / len(values))


def test_members_that_half_of_the_objects_have_are_usual():
    votes = votes_of({"b": 1, "a": 1}, {"b": 2, "a": 2}, {"b": 3}, {"b": 4, "rare": 4})
    assert list(votes.usual_parts()) == ["a", "b"]


def test_elements_of_lists_of_the_usual_length_are_usual():
    votes = votes_of(["a", "b"], ["c", "d"], ["e", "f", "g"])
    assert list(votes.usual_parts()) == [0, 1]


def test_agreement_with_a_place_counts_weight_values_and_examples():
    votes = votes_of("x", "y")
    votes.agree([ID, OTHER], "x", example=0, weight=0.5)
    votes.agree([ID], "y", example=3, weight=0.5)
    assert votes.places == {ID: 1.0, OTHER: 0.5}
    assert votes.shown == {ID: {"x", "y"}, OTHER: {"x"}}
    assert votes.support == {ID: 0b1001, OTHER: 0b1}


def test_agreement_that_chance_would_show_is_worth_nothing():
    """Of two values that are equally frequent a place that always says one of them is right in half of the calls."""
    votes = votes_of("a", "b", "a", "b")
    votes.agree([ID], "a", example=0, weight=4.0)
    votes.agree([OTHER], "a", example=0, weight=2.0)
    assert votes.beyond_chance(ID) == 1.0
    assert votes.beyond_chance(OTHER) == 0.0


def test_where_all_calls_have_one_value_agreement_is_the_plain_share():
    votes = votes_of("a", "a")
    votes.agree([ID], "a", example=0, weight=1.0)
    assert votes.beyond_chance(ID) == 0.5
