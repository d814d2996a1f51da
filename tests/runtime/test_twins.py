"""A toolkit that nobody asks for by name changes nothing: what is done and what is said is the same as without it."""

import pytest
from hypothesis import event, example, given, settings

from tests.releases import IS_OLD
from tests.runtime.twins import Talk, Turn, Twins, count, twins
from tests.runtime.twins_compared import compare

pytestmark = pytest.mark.skipif(
    IS_OLD,
    reason="in older releases a retry makes a failure of every question, and calls are edited in other ways",
)


def _after_a_write(mode: str) -> Twins:
    """A read that was made ahead, a write, and the read again, by two users at the same time."""
    turn = Turn(((("find_user", "a"),), (("refund", "a"),), (("get_order", "a"),)))
    talks = tuple(Talk((turn,), how=how) for how in ("invoke", "ainvoke"))
    return Twins(talks=talks, steps=("get_order",), mode=mode)


@settings(max_examples=12, deadline=None)
@example(_after_a_write("continue"))
@example(_after_a_write("prefetch"))
@given(twins())
def test_with_and_without_a_toolkit_the_same_is_written_and_said(pair: Twins) -> None:
    """Read ahead, continued or run at the start, in any conversation and beside any middleware of the host."""
    made_of = compare(pair)
    event(f"mode: {pair.mode}, users: {len(pair.talks)}")
    event(f"served: {made_of['answers served']}")


def test_the_conversations_are_ones_in_which_something_is_served() -> None:
    made_of = count(12, start=3)
    assert made_of["calls continued"]
    assert made_of["calls read ahead"]
    assert made_of["answers served"]
    assert made_of["questions answered"]
