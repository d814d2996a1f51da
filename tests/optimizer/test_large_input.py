"""What is large in one place, be it one run, one output or the number of tools, stays bounded."""

from langchain_awo.model.trace.trace import ModelCallRecord, ToolCallRecord, ToolSpec, Trace
from langchain_awo.optimizer import pipeline
from langchain_awo.optimizer.counting.sample import LONG_TEXT, Bounds
from langchain_awo.optimizer.counting.state import to_bytes
from langchain_awo.optimizer.counting.summary import summarize
from langchain_awo.optimizer.pipeline import compile_plan, compile_summary


def run(number, calls):
    """A run of calls, given by tool and output, one for each model call."""
    return Trace(
        trace_id=f"run {number}",
        task_id=f"task {number}",
        model_calls=tuple(ModelCallRecord() for _ in calls),
        tool_calls=tuple(
            ToolCallRecord(
                call_id=str(place),
                name=tool,
                args={"key": f"k{number}"} if place == 0 else {"id": f"id{number}-{place - 1}"},
                output=output,
                model_call=place,
            )
            for place, (tool, output) in enumerate(calls)
        ),
        tools=tuple(ToolSpec(name=tool) for tool in sorted({tool for tool, _ in calls})),
    )


def usual(number):
    """The routine."""
    return run(
        number, [(tool, {"id": f"id{number}-{i}"}) for i, tool in enumerate(["get_a", "get_b", "get_c"])]
    )


def test_one_endless_run_is_counted_and_cut():
    """All of its calls count, the first ones are looked at, and the toolkit says that not everything was."""
    calls = 3 * Bounds().longest
    endless = run(99, [(f"get_{'abc'[i % 3]}", {"id": f"id99-{i}"}) for i in range(calls)])
    log = summarize([*(usual(number) for number in range(12)), endless])
    assert log.calls.total() == calls + 36
    assert max(len(item.trace.tool_calls) for item in log.sample.items()) <= Bounds().longest
    assert compile_summary(log).corpus["sampled"] == 13


def test_an_output_of_megabytes_is_not_kept():
    """It weighs as much as the calls it would take the place of."""
    text = "word " * (LONG_TEXT * Bounds().longest // 4)
    log = summarize([*(usual(number) for number in range(12)), run(99, [("get_a", text), ("get_b", None)])])
    assert log.calls["get_a"] == 13
    assert len(to_bytes(log)) < 10_000
    assert len(compile_summary(log).meta_tools) == 1


def test_tools_that_one_task_alone_calls_cost_nothing(monkeypatch):
    """However many there are, nothing is looked for behind them."""
    asked = []
    grow = pipeline.grow
    monkeypatch.setattr(
        pipeline, "grow", lambda corpus, tool, **more: asked.append(tool) or grow(corpus, tool, **more)
    )
    rare = [run(100 + number, [(f"get_thing_{number}", {})]) for number in range(300)]
    plan = compile_plan([*(usual(number) for number in range(12)), *rare])
    assert asked == ["get_a", "get_b", "get_c"]
    assert len(plan.meta_tools) == 1
