"""Bindings are found where data flows, and not where it only seems to."""

from __future__ import annotations

import pytest

from langchain_awo.model.ir.pointer import MISSING, expand, look_up
from langchain_awo.model.ir.schema import dump
from langchain_awo.model.text.encoding import decode
from langchain_awo.optimizer.pipeline import compile_plan
from langchain_awo.testing import QUIET, Noise, generate_world, judge, play
from langchain_awo.testing.worlds import Fixed, From, Made, Same

SEEDS = range(6)


@pytest.fixture(scope="module")
def judged():
    """What was found in several worlds with everything in the way that worlds have."""
    worlds = [generate_world(seed, tools=4) for seed in SEEDS]
    return [judge(world, compile_plan(play(world, 30)).meta_tools) for world in worlds]


def test_at_least_98_of_100_bindings_are_true(judged):
    right, wrong = sum(each.right for each in judged), [text for each in judged for text in each.wrong]
    assert right / (right + len(wrong)) >= 0.98, wrong


def test_at_least_four_of_five_flows_are_found(judged):
    found, flowing = sum(len(each.found) for each in judged), sum(len(each.flowing) for each in judged)
    assert found / flowing >= 0.8, [sorted(each.flowing - each.found) for each in judged]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_world_and_its_runs_depend_on_the_seed_alone(seed):
    first, again = generate_world(seed), generate_world(seed)
    assert first == again
    assert [dump(trace) for trace in play(first, 3)] == [dump(trace) for trace in play(again, 5)[:3]]
    assert generate_world(seed + 1) != first


@pytest.mark.parametrize("seed", range(20))
def test_what_a_world_says_of_its_flow_is_true_in_its_runs(seed):
    """Without noise every recorded argument stands where the truth says it comes from."""
    world = generate_world(seed, noise=QUIET)
    for trace in play(world, 3):
        made = {}
        for call in trace.tool_calls:
            made.setdefault(call.name, []).append(call)
            for flow in world.tool(call.name).flows:
                value = look_up(call.args, f"/{flow.argument}")
                if value is not MISSING:
                    assert str(value) in map(str, _possible(flow.source, made, value))


def _possible(source, made, otherwise):
    match source:
        case Fixed(value=value):
            return [value]
        case Same(tool=tool, argument=argument):
            return [call.args[argument] for call in made[tool]]
        case From(tool=tool, path=path):
            return [value for call in made[tool] for value in expand(decode(call.output), path)]
        case Made(source=place):
            return [source.of(value) for value in _possible(place, made, otherwise)]
        case _:
            return [otherwise]


def test_a_world_has_every_shape_of_output():
    worlds = [generate_world(seed) for seed in range(20)]
    shapes = {tool.shape for world in worlds for tool in world.tools}
    assert shapes == {"value", "json_text", "python_text", "key_value_text", "bare_text", "prose_text"}


def test_the_disturbances_of_real_agents_are_in_the_runs():
    noise = Noise(loops=0.05)
    traces = [trace for seed in range(5) for trace in play(generate_world(seed, noise=noise), 10)]
    assert any(call.status == "error" for trace in traces for call in trace.tool_calls)
    assert any(len(trace.tool_calls) > 300 for trace in traces)
    assert any(len(trace.messages) > 1 for trace in traces)
    assert any(len(trace.tool_calls_of(i)) > 1 for trace in traces for i in range(len(trace.model_calls)))


@pytest.mark.parametrize("tools", [1, 11])
def test_a_world_cannot_have_any_number_of_tools(tools):
    with pytest.raises(ValueError, match="2 to 10 tools"):
        generate_world(0, tools=tools)
