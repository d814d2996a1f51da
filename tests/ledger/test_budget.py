"""What runs unasked makes only so many calls, in a replay as at run time: the stepping core decides both."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_awo.model.ir.binding import Item, Output, Parameter
from langchain_awo.model.ir.metatool import Map, MetaTool, Step
from langchain_awo.model.stepping.execution import execute
from langchain_awo.model.stepping.outcome import Succeeded
from langchain_awo.model.trace.call_key import call_key
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.replay.budget import within_budget
from langchain_awo.optimizer.replay.simulate import Simulation


def routine(sources):
    """A first step that returns ids, and for each source a step that goes through the ids that this one returned."""
    steps = [Step(tool="t1", args={"id": Parameter(name="id")}, effect=Effect.READ)]
    for number, source in enumerate(sources, start=2):
        path = "/ids/*" if source == 1 else "/*/ids/*"
        steps.append(
            Step(
                tool=f"t{number}",
                args={"id": Item()},
                over=Map(source=Output(step=source, path=path), limit=20),
                effect=Effect.READ,
            )
        )
    return MetaTool(name="r", description="R.", steps=tuple(steps))


def made(meta_tool, fans, budget):
    """Calls by step, as the stepping core makes them."""
    calls: dict[int, list[str]] = {}
    stepping = execute(meta_tool, {"id": "a"}, budget=budget)
    group = next(stepping, None)
    while group:
        for call in group:
            calls.setdefault(call.step, []).append(call_key(call.tool, call.args))
        answers = [
            Succeeded(output={"ids": [f"{call.args['id']}.{n}" for n in range(fans[call.step - 1])]})
            for call in group
        ]
        try:
            group = stepping.send(answers)
        except StopIteration:
            break
    return {number: tuple(keys) for number, keys in calls.items()}


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=4),
    st.lists(st.integers(0, 3), min_size=5, max_size=5),
    st.integers(1, 15),
)
def test_a_replay_ends_where_the_runtime_ends(sources, fans, budget):
    meta_tool = routine([min(source, number) for number, source in enumerate(sources, start=1)])
    whole = made(meta_tool, fans, 10_000)
    simulation = Simulation(start=0, anchor="", made=whole, reproduced={}, until=1, estimated={})
    cut = within_budget(simulation, meta_tool, calls=budget)
    assert {n: keys for n, keys in cut.made.items() if keys} == made(meta_tool, fans, budget)


@pytest.mark.parametrize("budget", [4, 100])
def test_what_was_cut_off_is_not_reproduced_nor_estimated(budget):
    meta_tool = routine([1, 1])
    whole = made(meta_tool, [3, 0, 0], 100)
    positions = {key: 1 for keys in whole.values() for key in keys}
    simulation = Simulation(start=0, anchor="", made=whole, reproduced=positions, until=2, estimated={3: 1.0})
    cut = within_budget(simulation, meta_tool, calls=budget)
    assert len(cut.reproduced) == min(budget, 7)
    assert cut.estimated == ({} if budget == 4 else {3: 1.0})


def test_calls_that_are_only_estimated_take_of_the_budget():
    """Of the first step's four ids two were recorded on: the runtime makes four calls, and ends where four are too many."""
    meta_tool = routine([1, 2])
    keys = {1: ("a",), 2: ("a.0", "a.1"), 3: ("a.0.0", "a.1.0")}
    positions = {key: 1 for own in keys.values() for key in own}
    simulation = Simulation(
        start=0, anchor="", made=keys, reproduced=positions, until=2, estimated={2: 2.0, 3: 2.0}
    )
    assert within_budget(simulation, meta_tool, calls=9) == simulation
    assert within_budget(simulation, meta_tool, calls=8).made == {1: keys[1], 2: keys[2]}
    assert within_budget(simulation, meta_tool, calls=4).made == {1: keys[1]}
