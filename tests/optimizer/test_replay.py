"""A model call is saved only if a meta-tool would have done exactly what the recorded agent did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from langchain_awo.model.ir.binding import Output
from langchain_awo.model.ir.eager import select_eager_part
from langchain_awo.model.ir.metatool import Guard
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.replay.counterfactual import (
    replay,
    replay_blind,
    replay_chooser,
    replay_continue,
)
from langchain_awo.optimizer.replay.evaluate import replay_report
from langchain_awo.optimizer.replay.parts import classify_rounds
from langchain_awo.optimizer.replay.simulate import simulate
from langchain_awo.optimizer.replay.simulations import Simulations
from tests.optimizer.notation import corpus_of, traces_of
from tests.optimizer.routines import chooser, each, routine, step

ORDER_OF_USER = routine(step("get_user", "$id"), step("get_order", "#1/order"))
FOUND = '"a1" get_user(a1) -> {"order": "o9"}'


def test_a_routine_over_two_model_calls_saves_one():
    assert chooser(ORDER_OF_USER, f"{FOUND} | get_order(o9)").saved == 1


@pytest.mark.parametrize(
    ("runs", "why"),
    [
        ('"a1 o9" get_user(a1) -> {"order": "o9"} & get_order(o9)', "one model call made both"),
        (f'{FOUND} || "go on" get_order(o9)', "the user spoke in between"),
        (f"{FOUND} | update_note(a1) | get_order(o9)", "a write of the agent lies in between"),
        (f"{FOUND} | get_order(o8)", "the agent made another call"),
        (f"{FOUND} | !get_order(o9)", "the call failed"),
        ('"a1" !get_user(a1) -> {"order": "o9"} | get_order(o9)', "the anchor failed"),
        (f"{FOUND} | get_order(o9) & get_note(n1)", "the model call made another call too"),
    ],
)
def test_nothing_is_saved_where_the_model_was_needed(runs, why):
    assert chooser(ORDER_OF_USER, runs).saved == 0, why


def test_a_read_between_two_steps_does_not_matter():
    tally = chooser(ORDER_OF_USER, f"{FOUND} | get_note(a1) | get_order(o9)")
    assert (tally.saved, tally.over_fetched) == (1, 0)


def test_a_parameter_must_be_known_when_the_routine_starts():
    """A value that only the first output brings is not the caller's to give."""
    two = routine(step("get_user", "$id"), step("get_note", "$note"))
    assert chooser(two, '"a1 n7" get_user(a1) -> {"name": "x"} | get_note(n7)').saved == 1
    assert chooser(two, '"a1" get_user(a1) -> {"note": "n7"} | get_note(n7)').saved == 0


WRITING = routine(step("get_user", "$id"), step("update_order", "#1/order"))


def test_a_write_that_the_agent_made_next_is_saved():
    assert chooser(WRITING, f"{FOUND} | update_order(o9)").saved == 1


@pytest.mark.parametrize(
    "rest", ["get_order(o9)", "update_order(o8)", "update_note(a1) | update_order(o9)", "!update_order(o9)"]
)
def test_a_write_is_never_made_elsewhere_or_earlier_than_recorded(rest):
    """A routine that would do so is not used at all."""
    tally = chooser(WRITING, f"{FOUND} | {rest}")
    assert (tally.saved, tally.over_fetched, dict(tally.uses)) == (0, 0, {})


def test_a_write_is_not_moved_before_a_read_that_the_routine_does_not_make():
    assert chooser(WRITING, f"{FOUND} | get_order(o9) | update_order(o9)").saved == 0


def test_what_a_map_fetches_in_vain_is_counted():
    one_each = routine(step("get_user", "$id"), each("get_order", "#1/*"))
    runs = '"a1" get_user(a1) -> ["o1", "o2", "o3"] | get_order(o2)'
    tally = chooser(one_each, runs)
    assert (tally.saved, tally.over_fetched, tally.over_fetch) == (1, 2, 2.0)
    assert tally.wasted == {"get_order": 2}


def test_a_map_runs_for_each_distinct_item_up_to_its_limit():
    runs = '"a1" get_user(a1) -> ["o1", "o1", "o2", "o3"] | get_order(o1) | get_order(o2) | get_order(o3)'
    for limit, saved in ((1, 1), (2, 2), (20, 3)):
        tally = chooser(routine(step("get_user", "$id"), each("get_order", "#1/*", limit=limit)), runs)
        assert (tally.saved, tally.over_fetched) == (saved, 0)


def test_repeats_are_saved_but_counted_apart():
    tally = chooser(ORDER_OF_USER, f"{FOUND} | get_order(o9) | get_order(o9)")
    assert (tally.saved, tally.repeats) == (2, 1)


def test_a_loop_on_one_call_is_all_repeats():
    """Three hundred equal calls are one call and 299 repeats."""
    loop = " | ".join(["get_order(o9)"] * 300)
    tally = chooser(ORDER_OF_USER, f"{FOUND} | {loop}")
    assert (tally.saved, tally.repeats) == (300, 299)


def eager(meta_tool):
    steps = (meta_tool.steps[0], *(replace(each, eager=True) for each in meta_tool.steps[1:]))
    return replace(meta_tool, steps=steps)


def test_continuing_runs_the_rest_wanted_or_not():
    """The agent that looks at no order pays for it in over-fetch."""
    runs = f'{FOUND} | get_order(o9)\n"a2" get_user(a2) -> {{"order": "o5"}} | get_note(a2)'
    tally = replay([eager(ORDER_OF_USER)], corpus_of(runs)).continue_
    assert (tally.saved, tally.over_fetched) == (1, 1)


def test_only_eager_steps_continue():
    assert select_eager_part(ORDER_OF_USER) is None
    assert select_eager_part(eager(ORDER_OF_USER)) == eager(ORDER_OF_USER)
    assert replay([ORDER_OF_USER], corpus_of(f"{FOUND} | get_order(o9)")).continue_.saved == 0


def test_nothing_continues_a_write():
    after_write = routine(step("update_user", "$id"), step("get_order", "#1/order"))
    assert select_eager_part(eager(after_write)) is None


def test_eager_steps_are_renumbered_without_the_others():
    long = routine(step("get_user", "$id"), step("get_note", "$note"), step("get_order", "#1/order"))
    third = replace(long.steps[2], eager=True)
    part = select_eager_part(replace(long, steps=(*long.steps[:2], third)))
    assert [each.tool for each in part.steps] == ["get_user", "get_order"]
    assert part.steps[1].depends_on == {1}


def test_a_write_that_its_guard_rules_out_is_not_unwanted_whatever_the_caller_would_say():
    """Nobody has to know what to write where nothing is written."""
    guard = Guard(source=Output(step=1, path="/status"), test="equals", value="sent", otherwise="stop")
    guarded = routine(step("get_order", "$id"), step("update_order", "$note", guard=guard))
    run = corpus_of('"o1" get_order(o1) -> {"status": "open"} | get_note(o1)').runs[0]
    (found,) = simulate(guarded, run, run.segments[0], 0, blind=True)
    assert not found.unwanted
    assert (found.stop.kind, found.stop.step) == ("guard", 2)
    run = corpus_of('"o1" get_order(o1) -> {"status": "sent"} | get_note(o1)').runs[0]
    (found,) = simulate(guarded, run, run.segments[0], 0, blind=True)
    assert found.unwanted


def test_every_way_of_use_is_told_the_same_whichever_asked_first():
    """A routine that writes does something else in the hands of a caller who does not know what its reads will show."""
    writes = routine(step("get_user", "$id"), step("cancel_order", "#1/order"))
    corpus = corpus_of(f'{FOUND} | cancel_order(o9)\n{FOUND}\n"b1" get_user(b1) -> {{"order": "o3"}}')
    shared, (run, segment, parts) = Simulations(corpus), next(classify_rounds(corpus))
    for find in (replay_blind, replay_chooser, replay_continue, replay_blind):
        alone = find([writes, ORDER_OF_USER], run, segment, parts, Simulations(corpus))
        assert find([writes, ORDER_OF_USER], run, segment, parts, shared) == alone
    asked = replay([writes, ORDER_OF_USER], corpus, simulations=shared)
    assert asked == replay([writes, ORDER_OF_USER], corpus)
    assert (asked.blind.unwanted_writes, asked.chooser.unwanted_writes) == (2, 0)


def test_a_corpus_that_was_built_already_is_replayed_as_if_it_had_not_been():
    traces = traces_of(f"{FOUND} | get_order(o9)\n{FOUND}")
    again = replay_report(traces, [ORDER_OF_USER], recorded=build_corpus(traces))
    assert again == replay_report(traces, [ORDER_OF_USER])
