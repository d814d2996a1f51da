"""A toolkit in a sub-agent that a tool holds, as frameworks build them: recorded, read back and counted like any other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool

import langchain_awo as awo
from langchain_awo.model.trace.trace import ModelCallRecord, ReplayMark, ToolCallRecord, Trace
from langchain_awo.monitoring.usage import measure_usage
from langchain_awo.optimizer.log.inline import without_echo
from tests.runtime.desk import FIND, ORDERS, Desk, ask, call, model_of, plan_of, routine

LOOK = routine("find_user_with_orders", FIND, replace(ORDERS, eager=True))
READS = [("find_user", {"email": "a@b"}), ("get_order", {"order_id": "A"}), ("get_order", {"order_id": "B"})]
READ_ONE_BY_ONE = [call(name, **args) for name, args in READS]
SCRIPTS = {
    "continue": [READ_ONE_BY_ONE[0], "orders A, B of user 7: total 1"],
    "append": [call("find_user_with_orders", email="a@b"), "orders A, B of user 7: total 1"],
    "prefetch": [*READ_ONE_BY_ONE, "orders A, B of user 7: total 1"],
}
WAYS = {"continue": "continued", "append": "called", "prefetch": "prefetched"}


def record(path, script, middleware=(), tools=()):
    """The trace of an agent that gives its work to another, which it has in a tool."""
    worker = create_agent(model_of(*script), tools, middleware=list(middleware))

    @tool
    def task(description: str) -> str:
        """Gives work to another agent."""
        return worker.invoke(ask(description))["messages"][-1].text

    manager = create_agent(model_of(call("task", description="look up a@b"), "done"), [task])
    with awo.TraceRecorder(path) as recorder:
        manager.invoke(ask(), {"callbacks": [recorder]})
    (trace,) = awo.load_traces(path)
    return trace


@pytest.mark.parametrize("mode", SCRIPTS)
def test_what_a_toolkit_did_in_a_sub_agent_is_told_from_what_its_model_asked(tmp_path, mode):
    desk = Desk(str(tmp_path / "desk.db"))
    plan = plan_of(desk.tools, LOOK)
    toolkit = awo.MetaToolkit(plan=plan, tools=desk.tools)
    plain = record(tmp_path / "plain.db", [*READ_ONE_BY_ONE, "orders"], tools=desk.tools)
    middleware = awo.MetaToolMiddleware(toolkit, mode=mode)
    trace = record(tmp_path / "with.db", SCRIPTS[mode], [middleware], desk.tools)

    (use,) = measure_usage(trace, plan).uses
    assert use.way == WAYS[mode]
    (read,), _ = without_echo([trace], {LOOK.name})
    found = [(each.name, each.args) for each in read.tool_calls]
    assert found[:2] == [("task", {"description": "look up a@b"}), READS[0]]
    assert sorted(found[2:], key=str) == READS[1:], "calls of one turn run side by side, and end in any order"
    assert len(read.model_calls) == len(plain.model_calls)


def test_agents_that_work_side_by_side_keep_their_own():
    def issued(scope, number, user):
        return ToolCallRecord(
            call_id=scope,
            name="find_user",
            args={"email": user},
            output={"orders": [user]},
            model_call=number,
            scope=scope,
        )

    def unasked(scope, order):
        return ToolCallRecord(
            call_id=f"{scope}__2",
            name="get_order",
            args={"order_id": order},
            output={"invoice": f"INV-{order}81"},
            scope=scope,
            replay=ReplayMark(meta_tool=LOOK.name, step=2),
        )

    said = [ModelCallRecord(scope=scope, text=f"INV-{order}81") for scope, order in (("a", "x"), ("b", "y"))]
    asked = [ModelCallRecord(scope="a"), ModelCallRecord(scope="b")]
    calls = (issued("a", 0, "x"), issued("b", 1, "y"), unasked("a", "x"), unasked("b", "y"))
    (read,), _ = without_echo(
        [Trace(trace_id="t", model_calls=(*asked, *said), tool_calls=calls)], {LOOK.name}
    )
    assert [(each.scope, each.name, each.model_call) for each in read.tool_calls] == [
        ("a", "find_user", 0),
        ("a", "get_order", 1),
        ("b", "find_user", 2),
        ("b", "get_order", 3),
    ]
    assert [each.scope for each in read.model_calls] == ["a", "a", "b", "b", "a", "b"]
