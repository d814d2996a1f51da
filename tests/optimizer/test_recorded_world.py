"""What the recorded world answers for a meta-tool, what kind of call is saved, and how uses add up."""

from __future__ import annotations

import pytest

from langchain_awo.model.trace.call_key import call_key
from langchain_awo.model.trace.trace import TokenUsage
from langchain_awo.optimizer.replay.parts import classify_rounds, is_known
from langchain_awo.optimizer.replay.recorded import RecordedWorld
from langchain_awo.optimizer.replay.simulate import simulate
from langchain_awo.optimizer.replay.tally import Tally
from tests.optimizer.notation import corpus_of
from tests.optimizer.routines import each, routine, step


def world(text, start=0):
    (run,) = corpus_of(text).runs
    return RecordedWorld(run.segments[0], start)


def key(tool, id_):
    return call_key(tool, {"id": id_})


def test_the_recorded_world_ends_with_the_first_write_that_is_not_its_own():
    found = world("get(1) | get(2) | set_x(3) | get(4) | set_x(5)")
    assert found.horizon == 3
    assert found.find(key("get", 4)) is None
    assert found.find(key("set_x", 3))[0] == 2
    found.write(key("set_x", 3), 2)
    assert (found.floor, found.horizon) == (2, 5)
    assert found.find(key("get", 4))[0] == 3
    assert found.find(key("get", 1)) is None, "what was read before a write is not true behind it"


def test_of_equal_calls_the_one_that_succeeded_is_found_else_the_first_that_failed():
    found = world("get(0) | !get(1) -> no | get(1) -> yes | !get(2) -> first | !get(2) -> second")
    assert found.find(key("get", 1))[1].output == "yes"
    position, failed = found.find(key("get", 2))
    assert (position, failed.ok, failed.raw) == (3, False, "first")
    assert found.find(key("get", 9)) is None


def test_equal_looking_arguments_are_other_calls():
    found = world('get(1) | get("1") | get(true) | get(1.0)')
    assert [found.find(key("get", value))[0] for value in (1, "1", True, 1.0)] == [0, 1, 2, 3]


def test_calls_of_a_tool_are_the_successful_ones_from_the_start_on():
    found = world("get(1) | !get(2) | get(3) & other(4) | set_x(1) | get(5)", start=1)
    assert [call.args["id"] for call in found.calls("get")] == [3]


def test_a_write_is_next_only_in_its_recorded_order():
    found = world("get(1) | get(2) | set_x(3)")
    write, read = found.find(key("set_x", 3))[1], found.find(key("get", 2))[1]
    assert not found.is_next(write)
    assert found.is_next(read)
    found.made[read.key] = None
    assert found.is_next(write)
    assert not found.is_next(read), "it was made"


def test_a_copy_goes_its_own_way():
    found = world("get(1) | set_x(3) | get(4)")
    other = found.copy()
    other.write(key("set_x", 3), 1)
    assert (found.horizon, other.horizon) == (2, 3)
    assert not found.made


@pytest.mark.parametrize(
    ("runs", "parts"),
    [
        ('"order 7" get(7) | get(7)', [None, "repeat"]),
        ('"orders 7 and 8" get(7) | get(8)', [None, "parallel"]),
        ('"orders 7 and 8" get(7) | set_x(8)', [None, "parallel_write"]),
        ('"order 7" get(7) -> {"user": "u1"} | find(u1)', [None, "flow"]),
        ('"order 7" get(7) -> {"user": "u1"} | set_x(u1)', [None, "flow_write"]),
        ('"order 7" get(7) -> ok | get(9)', [None, None]),
        ('"order 7" get(7) -> ok | get(9) -> u1 | find(u1)', [None, None, "flow"]),
        ('"order 7" get(7) | get(7) & get(8)', [None, None]),
    ],
)
def test_each_model_call_is_of_one_part(runs, parts):
    ((_, _, found),) = classify_rounds(corpus_of(runs))
    assert found == parts


def test_a_walk_does_not_cross_a_user_message_but_a_repeat_does():
    (_, _, first), (_, _, second) = classify_rounds(corpus_of('"7" get(7) || "and 8" get(8) | get(7)'))
    assert (first, second) == ([None], [None, "repeat"])


def test_a_call_without_arguments_is_known():
    (run,) = corpus_of('"hello" get() | list_all()').runs
    assert all(is_known(run, current) for current in run.segments[0].rounds)


def used(text, meta_tool):
    (run,) = corpus_of(text).runs
    segment = run.segments[0]
    (simulation,) = simulate(meta_tool, run, segment, 0)
    return segment, simulation


TEAM = 'get_team(1) -> {"members": ["u1", "u2"]} | get_user(u1)'
FETCH = routine(step("get_team", "$id"), each("get_user", "#1/members"))


def test_a_use_says_what_the_agent_made_too_and_what_was_in_vain():
    segment, simulation = used(f'"team 1" {TEAM}', FETCH)
    tally = Tally()
    tally.take(FETCH, simulation, segment)
    (use,) = tally.of("run").moves["run"].uses
    assert [(number, call.args["id"]) for number, call in use.told] == [(1, 1), (2, "u1")]
    assert use.vain == {2: 1}
    assert use.anchor is segment.rounds[0].calls[0]
    assert [use.tool(number) for number in (1, 2)] == ["get_team", "get_user"]
    assert (tally.uses, tally.wasted, tally.over_fetch) == ({"routine": 1}, {"get_user": 1}, 1.0)


def test_what_is_in_the_conversation_is_not_made_and_what_another_use_made_is_made_again():
    segment, simulation = used(f'"team 1" {TEAM}', FETCH)
    tally = Tally()
    anchor, user = key("get_team", 1), key("get_user", "u2")
    tally.take(FETCH, simulation, segment, way="continued", seen={user}, made={anchor})
    (use,) = tally.of("run").moves["run"].uses
    assert (use.vain, use.again, use.anchor) == ({}, 1, None)
    assert tally.wasted == {}


def test_tallies_add_up_by_part_and_by_run():
    segment, simulation = used(f'"team 1" {TEAM}', FETCH)
    total = Tally()
    for run in ("a", "b", "a"):
        own = Tally()
        own.take(FETCH, simulation, segment)
        own.count(segment.rounds[1], "flow")
        own.count(segment.rounds[1], None)
        total.add(own.of(run))
    assert (total.saved, total.repeats, total.parts) == (6, 0, {"flow": 6})
    assert total.usage == sum([segment.rounds[1].usage] * 6, TokenUsage())
    assert total.tokens == 6 * segment.rounds[1].tokens
    assert {run: len(moves.uses) for run, moves in total.moves.items()} == {"a": 2, "b": 1}
    assert total.over_fetch == 3 / 6


def test_a_write_that_starts_a_walk_anew_is_flow_with_a_write():
    (run,) = corpus_of('"hello" get(1) | set_x(9)').runs
    tally = Tally()
    tally.count(run.segments[0].rounds[1], None)
    assert tally.parts == {"flow_write": 1}


def test_what_was_fetched_for_nothing_is_told_where_nothing_was_saved():
    segment, simulation = used(f'"team 1" {TEAM}', FETCH)
    tally = Tally()
    tally.take(FETCH, simulation, segment)
    assert tally.over_fetch == 1.0
    assert Tally().over_fetch == 0
