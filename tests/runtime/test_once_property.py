"""Nothing runs twice and nothing is left out, for random routines, troubles, users and processes, counted in a real database."""

from collections import Counter

import pytest
from hypothesis import event, given, settings

from tests.releases import IS_OLD
from tests.runtime.effects import World, count, worlds
from tests.runtime.effects_played import effects_of

pytestmark = pytest.mark.skipif(
    IS_OLD,
    reason="ToolRetryMiddleware of older releases makes a failure of every question, so nobody is asked",
)


@settings(max_examples=30, deadline=None)
@given(worlds())
def test_every_write_is_made_exactly_once_and_every_question_gets_its_own_answer(world: World) -> None:
    effects = effects_of(world)
    for user in world.users:
        rows, answered = effects.of(user), world.answered(user)
        writes = [row for row in rows if row[0] == "refund"]
        assert writes == [row for row in answered if row[0] == "refund"]  # in the order of the steps, too
        assert set(rows) <= set(answered)
        is_cut = any(key.partition(" ")[2].startswith(user) for key in world.cut)
        reads_again = (
            world.meta_tool.effect.is_read
            or not world.hands_on
            or world.workers > 1
            or is_cut
            or world.by_hand
        )
        if not reads_again:  # a read-only routine takes no token, and a new call without one looks again
            assert Counter(rows) == Counter(answered)
    assert sum(len(effects.of(user)) for user in world.users) == len(effects.rows)
    event(f"interrupts: {effects.interrupts}")
    event(f"failures: {len(world.failing)}")
    event(f"cuts: {effects.cuts}")
    event(f"by hand: {effects.by_hand}")


def test_the_statistics_count_what_was_made() -> None:
    total = count(3)
    assert total["routines"] == 3
    assert total["writes made"] == total["writes wanted"]
    assert total["writes made twice"] == total["writes left out"] == 0
