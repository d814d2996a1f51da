"""Nothing runs twice, for random routines, failures, interrupts and processes, counted in a real database."""

from collections import Counter

from hypothesis import event, given, settings

from tests.runtime.effects import World, count, effects_of, worlds


@settings(max_examples=30, deadline=None)
@given(worlds())
def test_every_write_is_made_exactly_once_and_every_question_gets_its_own_answer(world: World) -> None:
    effects = effects_of(world)
    rows, answered = effects.rows, world.answered
    assert {row for row in rows if row[0] == "refund"} == {row for row in answered if row[0] == "refund"}
    repeated = [row for row, times in Counter(rows).items() if times > 1]
    assert [row for row in repeated if row[0] == "refund"] == []
    reads_again = world.meta_tool.effect.is_read or not world.hands_on or world.workers > 1
    if not reads_again:  # a read-only routine takes no token, and a new call without one looks again
        assert repeated == []
        assert set(rows) == answered
    event(f"interrupts: {effects.interrupts}")
    event(f"failures: {len(world.failing)}")
    event(f"rows: {len(rows)}")


def test_the_statistics_count_what_was_made() -> None:
    total = count(3)
    assert total["routines"] == 3
    assert total["writes made"] == total["writes wanted"]
    assert total["writes made twice"] == total["writes left out"] == 0
