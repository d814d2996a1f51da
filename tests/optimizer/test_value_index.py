"""What makes a wanted argument of a value that was seen: itself, a transform, or fixed text around it."""

from __future__ import annotations

import pytest

from langchain_awo.optimizer.dataflow.value_index import (
    ITSELF,
    MAX_OFFSET,
    MAX_PARTS,
    MAX_PROSE,
    Likeness,
    Wanted,
    derive_value_key,
    is_telling,
)


def made_of(value, *wanted):
    """How each wanted value is made of one that was seen."""
    index = Wanted({derive_value_key(each): each for each in wanted})
    return {(key, likeness) for key, likeness in index.hits(value)}


def how(value, wanted):
    return {likeness for key, likeness in made_of(value, wanted) if key == derive_value_key(wanted)}


@pytest.mark.parametrize("value", ["x1", 7, 7.5, True, False, None, "", "naïve \u202e"])
def test_a_value_is_itself(value):
    assert ITSELF in how(value, value)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1, True),
        (True, 1),
        (0, False),
        (False, 0),
        (1, 1.0),
        (None, "null"),
        (True, "true"),
        (None, ""),
        ("", None),
    ],
)
def test_a_switch_is_no_number_and_null_is_no_text(value, wanted):
    assert how(value, wanted) == set()


@pytest.mark.parametrize(
    ("value", "wanted", "expected"),
    [
        (" Porto ", "Porto", Likeness("strip")),
        ("Porto", "porto", Likeness("lower")),
        ("porto", "PORTO", Likeness("upper")),
        ("porto", "Porto", Likeness("title")),
        ("17", 17, Likeness("to_number")),
        (17, "17", Likeness("to_text")),
        ("abc123", "Bearer abc123", Likeness(prefix="Bearer ")),
        ("u77", "/users/u77/orders", Likeness(prefix="/users/", suffix="/orders")),
        (4711, "order 4711!", Likeness(prefix="order ", suffix="!")),
        ("2024-02-28", "28.02.2024", Likeness("date_format", "%d.%m.%Y")),
        ("2024-02-28", "February 28, 2024", Likeness("date_format", "%B %d, %Y")),
        ("2024-02-28T09:30:00", "2024-02-28", Likeness("date_format", "%Y-%m-%d")),
        ("2024-02-28", "2024-03-01", Likeness("date_offset", "2")),
        ("2024-03-01", "2024-02-28", Likeness("date_offset", "-2")),
        ("Ann Lee", "Ann", Likeness("split_first", " ")),
        ("Ann Lee", "Lee", Likeness("split_last", " ")),
        ("ann@example.org", "ann", Likeness("split_first", "@")),
        ("Created order O-123 for you", "O-123", Likeness("token_after", "order ")),
    ],
)
def test_each_way_in_which_agents_make_arguments_of_what_they_read(value, wanted, expected):
    assert expected in how(value, wanted)


def test_dates_far_apart_have_nothing_to_do_with_each_other():
    assert how("2024-01-01", "2024-03-01") == {Likeness("date_offset", "60")}
    assert MAX_OFFSET == 60
    assert how("2024-01-01", "2024-03-02") == set()


def test_a_day_that_does_not_exist_is_no_date():
    assert how("2024-02-30", "2024-03-01") == set()
    assert how("2024-02-28", "31.02.2024") == set()


def test_long_texts_are_neither_cut_nor_put_into_templates_but_searched():
    long = f"{'word ' * 30}and comes today"
    assert len(long) > MAX_PARTS
    assert how(long, "today") == {Likeness("token_after", "comes ")}
    assert how(f"{'x ' * MAX_PROSE}order O-123", "O-123") == set()


def test_a_number_inside_a_longer_one_is_not_the_number():
    assert how("12", "order 1234") == set()


def test_words_that_stand_there_twice_lead_to_nothing():
    """After `order` stands O-1 first, so `order` cannot lead to O-2; the two words before it can."""
    assert how("an order O-1 then order O-2", "O-2") == {
        Likeness("token_after", "then order "),
        Likeness("split_last", " "),
    }


def test_containers_are_found_by_equal_json_only():
    index = Wanted({derive_value_key(each): each for each in ([1, 2], {"a": None})})
    assert index.has_lists
    assert index.containers([1, 2]) == derive_value_key([1, 2])
    assert index.containers([2, 1]) is None
    assert index.containers([True, 2]) is None
    assert index.containers({"a": None}) == derive_value_key({"a": None})
    assert index.containers({"a": 0}) is None
    assert index.containers([]) is None
    assert not Wanted({derive_value_key("x"): "x"}).has_lists


@pytest.mark.parametrize(
    ("token", "telling"),
    [("a", False), ("abc", False), ("abcd", True), ("7", False), ("a7", True), ("", False)],
)
def test_a_token_tells_if_it_is_long_or_has_a_digit(token, telling):
    assert is_telling(token) is telling
