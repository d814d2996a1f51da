"""An output is shown without the places that nobody uses, and what is missing is named."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_awo.model.ir.projection import leave_out, tells_outcome

ORDER = {
    "id": "A",
    "address": {"city": "Porto", "zip": "4000"},
    "lines": [{"sku": "x", "n": 1}, {"sku": "y"}],
}

CASES = {
    "a member": (["/id"], {"address": ORDER["address"], "lines": ORDER["lines"]}, ["/id"]),
    "a part": (["/address/zip"], {**ORDER, "address": {"city": "Porto"}}, ["/address/zip"]),
    "all parts": (["/address/zip", "/address/city"], {"id": "A", "lines": ORDER["lines"]}, ["/address"]),
    "each element": (["/lines/*/n"], {**ORDER, "lines": [{"sku": "x"}, {"sku": "y"}]}, ["/lines/*/n"]),
    "all of one element": (["/lines/1/sku"], {**ORDER, "lines": [ORDER["lines"][0], {}]}, ["/lines/1"]),
    "all of each": (["/lines/*"], {"id": "A", "address": ORDER["address"]}, ["/lines"]),
    "each value": (["/address/*"], {"id": "A", "lines": ORDER["lines"]}, ["/address"]),
    "nothing there": (["/price", "/lines/7/sku", "/id/deeper"], ORDER, []),
    "the whole": ([""], ORDER, []),
    "every member": (["/*"], ORDER, []),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_left_out_is_gone_and_named(case):
    places, kept, missing = CASES[case]
    assert leave_out(ORDER, places) == (kept, missing)


def test_what_was_empty_before_stays():
    assert leave_out({"a": [], "b": {}, "c": 1}, ["/a/*", "/b/x", "/c"]) == ({"a": [], "b": {}}, ["/c"])


def test_an_object_in_a_list_is_still_counted_when_nothing_is_left_of_it_and_a_scalar_is_gone():
    assert leave_out([{"a": 1}, {"b": 2}], ["/*/a"]) == ([{}, {"b": 2}], ["/*"])
    assert leave_out([7, None], ["/0"]) == ([None], ["/0"])


@pytest.mark.parametrize("output", ["text", None, 7, [], ["a"], {}])
def test_an_output_without_places_is_shown_as_it_is(output):
    assert leave_out(output, ["/address", "/a/*/b"]) == (output, [])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "/", "*", "0"]), inner)
    ),
    max_leaves=8,
)
pointers = st.lists(st.sampled_from(["a", "b", "~1", "~2", "*", "0"]), max_size=4).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)


@given(values, st.lists(pointers, max_size=4))
def test_nothing_is_added_or_changed_and_the_original_stays(output, places):
    before = copy.deepcopy(output)
    kept, _ = leave_out(output, places)
    assert output == before
    assert _is_part(kept, output)


def _is_part(part, whole):
    if isinstance(whole, dict):
        return isinstance(part, dict) and all(
            key in whole and _is_part(part[key], whole[key]) for key in part
        )
    if isinstance(whole, list):
        left = iter(whole)  # what is left is in the same order
        return isinstance(part, list) and all(any(_is_part(one, other) for other in left) for one in part)
    return part == whole


@pytest.mark.parametrize(
    "place", ["/status", "/orders/*/errorCode", "/warning", "/refund_status/at", "/is_ok"]
)
def test_places_that_say_how_a_call_went_are_known_by_name(place):
    assert tells_outcome(place)


@pytest.mark.parametrize("place", ["/estate", "/address", "/books/*/title", ""])
def test_other_places_are_not(place):
    assert not tells_outcome(place)
