"""The paper's threshold T, seen from the outside."""

from __future__ import annotations

from langchain_awo.model.trace.trace import ModelCallRecord, ToolCallRecord, Trace
from langchain_awo.optimizer.pipeline import Options, compile_plan


def traces(count: int) -> list[Trace]:
    return [
        Trace(
            trace_id=f"run {number}",
            task_id=f"task {number}",
            model_calls=(ModelCallRecord(), ModelCallRecord(), ModelCallRecord()),
            tool_calls=(
                ToolCallRecord(
                    call_id="a", name="find_user", args={"email": f"{number}@x.org"}, model_call=0
                ),
                ToolCallRecord(call_id="b", name="get_user", args={"user_id": number}, model_call=1),
            ),
        )
        for number in range(count)
    ]


def test_a_threshold_above_every_weight_gives_nothing_and_says_why():
    plan = compile_plan(traces(6), options=Options(strategy="awo", threshold=7))
    assert plan.meta_tools == ()
    (refused,) = plan.refused
    assert refused.code == "threshold"
    assert "made 6 times, fewer than T = 7" in refused.reason


def test_a_threshold_that_is_just_reached_gives_the_routine():
    plan = compile_plan(traces(6), options=Options(strategy="awo", threshold=6))
    assert [meta_tool.tools for meta_tool in plan.meta_tools] == [("find_user", "get_user")]
