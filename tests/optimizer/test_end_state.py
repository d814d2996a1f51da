"""Routines that are really run leave the world as the recorded agents left it."""

from __future__ import annotations

import pytest

import langchain_awo as awo
from langchain_awo.demo.agent.agent import build_agent, run_tasks, scripted_model
from langchain_awo.demo.backoffice.tasks import generate_tasks
from langchain_awo.demo.backoffice.tools import back_office_tools
from langchain_awo.demo.backoffice.world import World
from langchain_awo.demo.run import split_tasks
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.replay.simulate import simulate
from langchain_awo.runtime.tool.signatures import read_spec


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """What was recorded on training tasks and on held-out ones, the world before the latter, and the one after."""
    folder = tmp_path_factory.mktemp("recorded")
    with World.create(seed=7) as world:
        train, rest = split_tasks(generate_tasks(world, 120), held_out=0.4, seed=3)
        _record(world, train, folder / "train.db")
        with world.copy() as before:
            _record(world, rest, folder / "rest.db")
            yield folder, before, world


def _record(world, tasks, path):
    with awo.TraceRecorder(path) as recorder:
        run_tasks(build_agent(scripted_model(), back_office_tools(world)), tasks, callbacks=[recorder])


def test_running_routines_on_held_out_tasks_ends_in_the_recorded_state(recorded):
    """Wherever a routine applies it is run by the real runtime, and the calls it made are not made again."""
    folder, before, after = recorded
    with before.copy() as world:
        tools = back_office_tools(world)
        toolkit = awo.compile_toolkit(folder / "train.db", tools=tools)
        traces = sorted(awo.load_traces(folder / "rest.db"), key=lambda trace: trace.started_at)
        corpus = build_corpus(traces, tools=[read_spec(tool) for tool in tools])
        runs = {run.trace_id: run for run in corpus.runs}
        shown = toolkit.meta_tools
        live = {tool.name: tool for tool in [*tools, *(toolkit.get_tool(each.name) for each in shown)]}
        used = [
            name
            for trace in traces
            for segment in runs[trace.trace_id].segments
            for name in _redo(runs[trace.trace_id], segment, shown, live)
        ]
        assert len(used) > len(traces) / 4
        assert world.snapshot().differing(after.snapshot()) == ()


def _redo(run, segment, meta_tools, live):
    """Goes through a segment again, with a routine wherever one reproduces more than the call it starts with."""
    done = set()
    for position, current in enumerate(segment.rounds):
        if current.keys <= done:
            continue
        found = [(each, sim) for each in meta_tools for sim in simulate(each, run, segment, position)]
        best = max(
            found, key=lambda pair: (len(pair[1].reproduced.keys() - done), pair[0].name), default=None
        )
        fresh = best[1].reproduced.keys() - done if best else set()
        if len(fresh) > 1 and not _written(best, done):
            live[best[0].name].invoke(best[1].parameters)
            done |= fresh
            yield best[0].name
        for call in current.calls:
            if call.key not in done:
                live[call.tool].invoke(call.args)
        done = {key for key in done if key not in current.keys}


def _written(pair, done):
    return not pair[0].effect.is_read and bool(pair[1].keys & done)
