"""Replay does what the executor does: the same calls, and the same end at the same step."""

from __future__ import annotations

from collections import defaultdict
from random import Random

from hypothesis import Phase, event, example, given, note, settings
from hypothesis import strategies as st

from langchain_awo.model.ir.binding import Parameter, list_leaves
from langchain_awo.model.stepping.execution import execute
from langchain_awo.model.stepping.outcome import Failed, Succeeded
from langchain_awo.model.trace.call_key import call_key
from langchain_awo.model.views.notation import format_meta_tool
from langchain_awo.optimizer.replay.simulate import simulate
from tests.optimizer.stepping_worlds import EFFECTS, FAILURE, ToolsWorld, make_parameters, make_routine


def executed(meta_tool, parameters, world):
    """The keys of the calls that the executor makes, by step, and where it stops."""
    made, stepping, outcomes = defaultdict(list), execute(meta_tool, parameters), None
    try:
        while True:
            group = next(stepping) if outcomes is None else stepping.send(outcomes)
            outcomes = []
            for call in group:
                made[call.step].append(call_key(call.tool, call.args))
                answer = world.answer(call.tool, call.args)
                outcomes.append(Failed(error=answer) if answer == FAILURE else Succeeded(output=answer))
    except StopIteration as end:
        return {number: tuple(keys) for number, keys in made.items()}, stopped(end.value.stop)


def stopped(stop):
    return (stop.kind, stop.step) if stop else None


def writes_of(world):
    return {call_key(tool, args) for tool, args, _ in world.asked if not EFFECTS[tool].is_read}


def needs_more_than_the_anchor_says(meta_tool):
    """Whether a later step looks at a parameter that no recorded call of the first can tell."""
    used = (
        leaf for step in meta_tool.steps[1:] for binding in step.bindings for leaf in list_leaves(binding)
    )
    return any(isinstance(leaf, Parameter) and leaf.name == "r" for leaf in used)


@settings(max_examples=400, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(seed=st.integers(0, 2**32))
@example(
    seed=299036
)  # without its third parameter it makes no write, and what it reads was recorded behind one
def test_a_simulation_makes_the_calls_that_the_executor_makes_and_stops_where_it_stops(seed):
    """The seed is all there is to shrink."""
    chance = Random(seed)  # noqa: S311  # not a secret
    meta_tool, parameters = make_routine(chance), make_parameters(chance)
    note(format_meta_tool(meta_tool))
    world = ToolsWorld(seed)
    executed(meta_tool, parameters, world)
    corpus = world.recorded()
    run, asked = corpus.runs[0], {call_key(tool, args) for tool, args, _ in world.asked}
    found = list(simulate(meta_tool, run, run.segments[0], 0))
    if world.asked[0][2] != FAILURE and not needs_more_than_the_anchor_says(meta_tool):
        assert found, "every parameter is in the anchor's call, and still it was not simulated"
    for simulation in found:
        live, end = executed(meta_tool, simulation.parameters, again := ToolsWorld(seed))
        if not asked.issuperset(call_key(tool, args) for tool, args, _ in again.asked):
            event("other parameters ask for what was not recorded")
            continue
        if not writes_of(world) <= writes_of(again):
            event("what was recorded behind a write that is not made now tells nothing")
            continue
        event(f"stops: {end and end[0]}")
        assert (simulation.made, stopped(simulation.stop)) == (live, end)
        assert simulation.estimated == {}
