"""What every verb says a toolkit saves is what it saved when real agents ran with it, in every mode.

`AWO_LEDGER_WORLDS=100` tries so many worlds; four are enough for every change.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

import pytest

from langchain_awo.ledger.balance import Balance
from langchain_awo.model.text.encoding import dumps
from langchain_awo.monitoring.monitor import monitor_traces
from langchain_awo.monitoring.prices import PriceTable
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.log.habits import read_together
from langchain_awo.optimizer.log.inline import without_echo
from langchain_awo.optimizer.pipeline import compile_plan
from langchain_awo.optimizer.replay.evaluate import replay_report
from langchain_awo.optimizer.replay.installed import replay_installed
from langchain_awo.testing import Noise, generate_world
from tests.ledger.world_agent import Office

WORLDS = range(int(os.environ.get("AWO_LEDGER_WORLDS", "3")))
RUNS = 8
HABITS = Noise(
    repeats=0, failures=0, loops=0, strays=0.12, deviations=0.02, stops=0.08, interruptions=0.05, together=0,
    partial=0.1,
)  # fmt: skip
"""Agents that ask for one thing after the other, and stop, stray and are interrupted."""


@pytest.fixture(scope="module", params=WORLDS)
def office(request, tmp_path_factory):
    """A world in which agents have worked without a toolkit; what they did, and what was compiled from it."""
    world = generate_world(request.param, tools=5, noise=HABITS)
    office = Office(world, tmp_path_factory.mktemp("world"))
    recorded = office.without(RUNS)
    return office, recorded, compile_plan(recorded)


def in_mode(plan, mode):
    """The toolkit in one mode; only a routine that runs begin with is run at the start of a thread."""
    return replace(plan, meta_tools=plan.meta_tools[:1]) if mode == "entry" else plan


def spent(traces):
    calls = [call for trace in traces for call in trace.model_calls]
    return len(calls), sum(call.usage.total_tokens for call in calls)


def made(traces, plan):
    """How often original tools really ran."""
    meta_tools = {each.name for each in plan.meta_tools}
    ran = (call for trace in traces for call in trace.tool_calls if call.started_at is not None)
    return sum(call.name not in meta_tools for call in ran)


def wanted(traces):
    """What the agents asked for in each thread, and in how many model calls."""
    return {
        trace.thread_id: (
            len(trace.model_calls),
            Counter(f"{call.name}{dumps(call.args)}" for call in trace.tool_calls),
        )
        for trace in traces
    }


@pytest.mark.parametrize("mode", [None, "append", "replace", "continue", "entry", "prefetch"])
def test_what_is_forecast_is_what_is_executed_and_inverting_it_gives_what_was_before(office, mode):
    """Model calls to the call; tool calls and tokens within the interval that the forecast states."""
    agents, recorded, compiled = office
    plan = in_mode(compiled, mode)
    if mode == "entry" and plan.meta_tools and not begins(recorded, plan.meta_tools[0].steps[0].tool):
        pytest.skip("no run begins with it")
    executed = agents.with_toolkit(recorded, plan, mode)
    forecast = replay_installed(plan.meta_tools, build_corpus(recorded), mode=mode).balance
    (calls, tokens), (calls_with, tokens_with) = spent(recorded), spent(executed)
    assert forecast.model_calls == calls - calls_with
    assert abs(forecast.tokens - (tokens - tokens_with)) <= forecast.margin
    more = made(executed, plan) - made(recorded, plan)
    if mode == "prefetch":
        assert forecast == replace(Balance(over_fetched=forecast.over_fetched), unsure=forecast.unsure,
                                   seconds=forecast.seconds)  # fmt: skip
        assert more >= 0
    else:
        assert abs(forecast.over_fetched - more) <= forecast.unsure
    inverted, _ = without_echo(
        executed, {each.name for each in plan.meta_tools}, together=read_together(plan.corpus["together"])
    )
    assert wanted(inverted) == wanted(recorded)
    saved = monitor_traces(executed, plan, prices=PriceTable()).ledger.total
    assert saved.model_calls == calls - calls_with
    within = max(forecast.margin, 0.25 * abs(tokens - tokens_with))
    assert saved.tokens <= tokens - tokens_with + within
    if mode != "replace":  # the schemas that it hides are not counted as saved
        assert saved.tokens >= tokens - tokens_with - within


def begins(recorded, tool):
    return all(any(call.name == tool for call in trace.tool_calls_of(0)) for trace in recorded)


def test_replaying_runs_made_with_the_toolkit_gives_what_replaying_those_without_does(office):
    agents, recorded, plan = office
    executed = agents.with_toolkit(recorded, plan, None)
    together = read_together(plan.corpus["together"])
    before = replay_report(recorded, plan.meta_tools)
    after = replay_report(executed, plan.meta_tools, together=together)
    assert after.model_calls == before.model_calls
    assert after.result.installed == pytest.approx(before.result.installed, abs=0.1)


def test_nothing_is_installed_that_loses_tokens_and_waiting_both(office):
    _, recorded, plan = office
    for each in plan.meta_tools:
        alone = replay_installed([each], build_corpus(recorded)).balance
        assert alone.tokens > 0 or alone.model_calls > 0
        assert each.mode in each.mode_reason
