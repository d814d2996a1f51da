"""What was read ahead of a model counts where the model asked for it, and nowhere else."""

from __future__ import annotations

import asyncio

import pytest
from langchain.agents import create_agent

import langchain_awo as awo
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.monitoring.observing import build_observed_corpus, observe
from langchain_awo.monitoring.usage import measure_usage
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.log.inline import without_echo
from langchain_awo.runtime.tool.signatures import read_signature
from langchain_awo.testing import ScriptedChatModel
from tests.runtime.clinic import ROUTINE, Clinic, agent_of, ask, go

LOOKS = (ask("find_patient", email="x@y"), ask("list_visits", patient="x"), "x1 and x2 it was")


def recorded(clinic, folder, *, thinks=0.2, installed=True):
    """The trace of an agent that reads one of three visits' lists itself."""
    if installed:
        agent, middleware = agent_of(clinic, *LOOKS, thinks=thinks, record=str(folder / "traces.db"))
        go(agent, clinic)
        middleware.recorder.close()
    else:
        with awo.TraceRecorder(folder / "traces.db") as recorder:
            go(
                create_agent(ScriptedChatModel(script=list(LOOKS)), clinic.tools),
                clinic,
                {"callbacks": [recorder]},
            )
    (trace,) = awo.load_traces(folder / "traces.db")
    return trace


def asked(trace):
    """The tools and arguments of each model call."""
    return [
        [(each.name, each.args, each.output) for each in trace.tool_calls_of(number)]
        for number in range(len(trace.model_calls))
    ]


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def clinic(request):
    return Clinic(is_async=request.param, seconds=0.02)


def test_the_trace_counts_as_that_of_an_agent_without(clinic, tmp_path):
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    ahead = recorded(clinic, tmp_path / "with")
    plain = recorded(Clinic(is_async=clinic.is_async), tmp_path / "without", installed=False)
    assert {call.name for call in ahead.tool_calls if call.replay} == {"list_visits", "get_visit"}
    (found,), echo = without_echo([ahead], frozenset())
    assert asked(found) == asked(plain)
    assert all(call.replay is None for call in found.tool_calls)
    assert echo.unused == {"patient_overview": 2}  # visits that the agent spoke of, but never read
    assert (echo.continued, echo.model_calls) == ({}, 0)


def test_nothing_that_was_read_ahead_is_mined(clinic, tmp_path):
    corpus = build_corpus([recorded(clinic, tmp_path)])
    names = [call.tool for _, segment in corpus.segments() for each in segment.rounds for call in each.calls]
    assert names == ["find_patient", "list_visits"]


def test_monitoring_counts_what_was_asked_for_as_its_use(clinic, tmp_path):
    trace = recorded(clinic, tmp_path)
    plan = ToolkitPlan(
        meta_tools=(ROUTINE,), tools={each.name: read_signature(each) for each in clinic.tools}
    )
    (use,) = measure_usage(trace, plan).uses
    assert (use.way, [call.name for call in use.made]) == ("prefetched", ["list_visits"])
    seen = observe(trace, build_observed_corpus([trace], plan), plan)
    assert seen.used == {"patient_overview"}


def test_what_nobody_asked_for_is_no_use(clinic, tmp_path):
    agent, middleware = agent_of(clinic, LOOKS[0], "done", thinks=0.2, record=str(tmp_path / "traces.db"))
    go(agent, clinic)
    middleware.recorder.close()
    (trace,) = awo.load_traces(tmp_path / "traces.db")
    plan = ToolkitPlan(
        meta_tools=(ROUTINE,), tools={each.name: read_signature(each) for each in clinic.tools}
    )
    assert measure_usage(trace, plan).uses == ()


def test_a_read_that_outlives_the_run_does_not_disturb_the_recording(tmp_path):
    clinic = Clinic(seconds=0.2)
    _, middleware = agent_of(clinic, LOOKS[0], "done", record=str(tmp_path / "traces.db"))
    for _ in range(2):
        clinic.started.clear()
        go(agent_of(clinic, LOOKS[0], "done", record=middleware.recorder)[0], clinic)
    asyncio.run(asyncio.sleep(0.4))
    middleware.recorder.close()
    traces = awo.load_traces(tmp_path / "traces.db")
    assert [[call.name for call in each.tool_calls if not call.replay] for each in traces] == [
        ["find_patient"]
    ] * 2
