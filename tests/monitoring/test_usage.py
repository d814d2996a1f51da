"""What is read out of the traces of real agents: what they had, what they used, how it ended."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from langchain.agents import create_agent
from langchain_core.runnables.config import var_child_runnable_config

import langchain_awo as awo
from langchain_awo.model.ir.binding import Constant, Output
from langchain_awo.model.ir.metatool import Guard, Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import Trace
from langchain_awo.monitoring.usage import measure_usage
from langchain_awo.runtime.journal.journal import RunMemory
from tests.runtime.desk import (
    FIND,
    NOTE,
    ORDERS,
    REFUND,
    Desk,
    ask,
    call,
    model_of,
    new_agent,
    plan_of,
    routine,
)


@pytest.fixture
def desk(tmp_path):
    return Desk(str(tmp_path / "desk.db"))


def recorded(desk, tmp_path, meta_tool, *, middleware=None, thread=None, script=None):
    """The usage that one run of a scripted agent leaves in its trace."""
    plan = plan_of(desk.tools, meta_tool)
    toolkit = awo.MetaToolkit(plan=plan, tools=desk.tools, memory=RunMemory())
    model = model_of(*(script or (call(meta_tool.name, email="a@b"), "done")))
    with awo.TraceRecorder(tmp_path / "t.db") as recorder:
        config = {"callbacks": [recorder], "configurable": {"thread_id": thread or "t"}}
        if middleware is None:
            agent = new_agent("create_agent", model, [*desk.tools, *toolkit.get_tools()])
        else:
            agent = create_agent(
                model, desk.tools, middleware=[awo.MetaToolMiddleware(toolkit, **middleware)]
            )
        agent.invoke(ask(), config)
    (trace,) = awo.load_traces(tmp_path / "t.db")
    return measure_usage(trace, plan)


def test_a_completed_use_has_the_calls_that_ran_inside(desk, tmp_path):
    usage = recorded(desk, tmp_path, routine("help_user", FIND, ORDERS, NOTE))
    (use,) = usage.uses
    assert (use.meta_tool, use.way, use.issued_by, use.hand_back) == ("help_user", "called", 0, None)
    assert [each.name for each in use.made] == ["find_user", "get_order", "get_order", "note"]
    assert usage.modes == {"help_user": None}
    assert not usage.held_out


def stopped_by_a_failure(desk):
    desk.broken["note"] = 1
    return routine("help_user", FIND, ORDERS, NOTE, REFUND)


def stopped_by_a_binding(_desk):
    lost = Step(tool="get_order", args={"order_id": Output(step=1, path="/nowhere")}, effect=Effect.READ)
    return routine("help_user", FIND, lost)


def stopped_by_a_guard(_desk):
    guard = Guard(source=Output(step=1, path="/nowhere"), test="given", otherwise="stop")
    held = Step(tool="note", args={"user": Constant(value=7), "text": Constant(value="x")}, guard=guard)
    return routine("help_user", FIND, held)


@pytest.mark.parametrize(
    ("why", "expected"),
    [
        (stopped_by_a_failure, (3, "note", "failed")),
        (stopped_by_a_binding, (2, "get_order", "unresolved")),
        (stopped_by_a_guard, (2, "note", "guard")),
    ],
)
def test_a_hand_back_names_its_step_and_cause(desk, tmp_path, why, expected):
    (use,) = recorded(desk, tmp_path, why(desk)).uses
    assert (use.hand_back.step, use.hand_back.tool, use.hand_back.cause) == expected
    assert use.hand_back.reason


def test_what_is_continued_is_a_use_too_and_the_mark_says_what_was_installed(desk, tmp_path):
    meta_tool = routine("help_user", FIND, replace(ORDERS, eager=True))
    script = (call("find_user", email="a@b"), "done")
    usage = recorded(desk, tmp_path, meta_tool, middleware={"mode": "continue"}, script=script)
    assert usage.modes == {"help_user": "continue"}
    (use,) = usage.uses
    assert (use.way, use.call.name, use.issued_by) == ("continued", "find_user", 0)
    assert [each.name for each in use.made] == ["get_order", "get_order"]


def test_what_runs_at_the_start_of_a_thread_is_a_use_that_no_model_call_issued(desk, tmp_path):
    meta_tool = routine("help_user", FIND, ORDERS)
    entry = {"mode": "entry", "entry": lambda _state, _runtime: {"email": "a@b"}}
    usage = recorded(desk, tmp_path, meta_tool, middleware=entry, script=("done",))
    (use,) = usage.uses
    assert (use.way, use.issued_by, use.hand_back) == ("entry", None, None)
    assert [each.name for each in use.made] == ["find_user", "get_order", "get_order"]


def test_a_thread_that_is_held_out_says_so(desk, tmp_path):
    script = (call("find_user", email="a@b"), "done")
    usage = recorded(
        desk, tmp_path, routine("help_user", FIND, ORDERS), middleware={"hold_out": 1.0}, script=script
    )
    assert usage.held_out
    assert usage.modes == {"help_user": "append"}
    assert usage.uses == ()


def test_the_middleware_records_its_own_marks_too(desk, tmp_path):
    """Without a callback handler, and nothing of the meta-tool's metadata is left in the trace."""
    meta_tool = routine("help_user", FIND, ORDERS)
    toolkit = awo.MetaToolkit(plan=plan_of(desk.tools, meta_tool), tools=desk.tools)
    own = awo.MetaToolMiddleware(toolkit, record=tmp_path / "own.db", mode="append")
    create_agent(model_of(call("help_user", email="a@b"), "done"), desk.tools, middleware=[own]).invoke(ask())
    own.recorder.close()
    (trace,) = awo.load_traces(tmp_path / "own.db")
    assert trace.metadata["awo"] == {"modes": {"help_user": "append"}, "held_out": False}


@pytest.mark.parametrize("how", ["ainvoke", "astream"])
async def test_asynchronous_runs_are_marked_too_and_leave_no_mark_behind(desk, tmp_path, how):
    """Several at once, one of them held out; afterwards the context is as it was."""
    meta_tool = routine("help_user", FIND, ORDERS)
    toolkit = awo.MetaToolkit(plan=plan_of(desk.tools, meta_tool), tools=desk.tools)
    before = var_child_runnable_config.get()

    async def run(share, recorder):
        installed = awo.MetaToolMiddleware(toolkit, mode="append", hold_out=share)
        script = (call("find_user" if share else "help_user", email="a@b"), "done")
        agent = create_agent(model_of(*script), desk.tools, middleware=[installed])
        config = {"callbacks": [recorder], "configurable": {"thread_id": f"thread {share}"}}
        if how == "ainvoke":
            await agent.ainvoke(ask(), config)
        else:
            _ = [part async for part in agent.astream(ask(), config)]

    with awo.TraceRecorder(tmp_path / "t.db") as recorder:
        await asyncio.gather(run(0.0, recorder), run(1.0, recorder))
    marks = {
        trace.thread_id: trace.metadata["awo"]["held_out"] for trace in awo.load_traces(tmp_path / "t.db")
    }
    assert marks == {"thread 0.0": False, "thread 1.0": True}
    assert var_child_runnable_config.get() is before


def test_a_trace_without_anything_of_the_toolkit_had_nothing(desk):
    usage = measure_usage(Trace(trace_id="t"), plan_of(desk.tools, routine("help_user", FIND, ORDERS)))
    assert (usage.modes, usage.uses, usage.held_out) == ({}, (), False)


def test_a_mark_that_is_none_is_passed_over(desk):
    """Metadata is anybody's; a name that the toolkit does not have counts for nothing."""
    plan = plan_of(desk.tools, routine("help_user", FIND, ORDERS))
    for strange in (7, {"modes": ["x"]}, {"modes": {"other": "append", "help_user": "always"}}):
        assert measure_usage(Trace(trace_id="t", metadata={"awo": strange}), plan).modes == {}
