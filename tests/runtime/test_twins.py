"""A toolkit that nobody asks for by name changes nothing: what is done and what is said is the same as without it."""

import pytest
from hypothesis import event, given, settings

from tests.releases import IS_OLD
from tests.runtime.twins import Talk, Turn, Twins, twins
from tests.runtime.twins_compared import compare

pytestmark = pytest.mark.skipif(
    IS_OLD,
    reason="in older releases a retry makes a failure of every question, and calls are edited in other ways",
)


def _around_writes(mode: str) -> Twins:
    """A read that was made ahead, asked for, asked for again after writes, by two users at the same time."""
    read = (("balance", "a"),)
    turn = Turn(((("find_user", "a"),), read, (("refund", "a"),), read, (("confirm", "a"),), read))
    talks = tuple(Talk((turn,), how=how) for how in ("invoke", "ainvoke"))
    return Twins(talks=talks, steps=("balance",), mode=mode)


@settings(max_examples=6, deadline=None)
@given(twins())
def test_with_and_without_a_toolkit_the_same_is_written_and_said(pair: Twins) -> None:
    """Read ahead, continued or run at the start, in any conversation and beside any middleware of the host."""
    made_of = compare(pair)
    event(f"mode: {pair.mode}, users: {len(pair.talks)}")
    event(f"served: {made_of['answers served']}")


def test_answers_are_read_ahead_continued_and_served_in_conversations_of_which_this_is_true() -> None:
    made_of = compare(_around_writes("continue")) + compare(_around_writes("prefetch"))
    assert made_of["calls continued"]
    assert made_of["calls read ahead"]
    assert made_of["answers served"]
    assert made_of["questions answered"]
