"""Whatever traces hold, compiling them ends with a plan or an error that names the fix."""

from __future__ import annotations

from dataclasses import replace

import pytest

from langchain_awo.errors import CompileError
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import ModelCallRecord, ToolCallRecord, Trace
from langchain_awo.optimizer.pipeline import Options, compile_plan
from langchain_awo.optimizer.replay.ceiling import Ceiling
from langchain_awo.optimizer.replay.evaluate import evaluate, replay_report
from tests.optimizer.notation import traces_of


def chain(task, *, args=None, output=None):
    """One run of `find_user`, then `get_user` with the id that was found."""
    calls = (
        ToolCallRecord(
            call_id="1", name="find_user", args=args or {"id": f"a{task}"}, output=output, model_call=0
        ),
        ToolCallRecord(call_id="2", name="get_user", args={"id": f"u{task}"}, output="ok", model_call=1),
    )
    return Trace(
        trace_id=f"t{task}", task_id=f"t{task}", model_calls=(ModelCallRecord(),) * 3, tool_calls=calls
    )


def chains(**what):
    made = [chain(task, **{name: make(task) for name, make in what.items()}) for task in range(10, 20)]
    return compile_plan(made)


@pytest.mark.parametrize(
    "traces",
    [[], [Trace(trace_id="empty")], [Trace(trace_id="talk", model_calls=(ModelCallRecord(text="hello"),))]],
    ids=["no traces", "nothing in it", "no tool call"],
)
@pytest.mark.parametrize("strategy", ["default", "awo"])
def test_traces_without_tool_calls_give_an_empty_plan(traces, strategy):
    plan = compile_plan(traces, options=Options(strategy=strategy))
    assert (plan.meta_tools, plan.refused) == ((), ())
    assert plan.corpus["traces"] == len(traces)


def test_replaying_on_nothing_saves_nothing():
    report = replay_report([], [])
    assert (report.model_calls, report.result.chooser, report.ceiling) == (0, 0.0, Ceiling())


@pytest.mark.parametrize("runs", ["", '3x task=one "a1" get_user(a1)'])
def test_one_task_cannot_be_split_and_the_error_says_what_to_do(runs):
    with pytest.raises(CompileError, match="record more tasks"):
        evaluate(traces_of(runs))


@pytest.mark.parametrize("held_out", [0.0, 1.0])
def test_a_share_that_leaves_one_side_empty_is_refused(held_out):
    with pytest.raises(CompileError, match="choose another share"):
        evaluate(traces_of("get_a(1)\nget_b(1)\nget_c(1)"), held_out=held_out)


@pytest.mark.parametrize("count", [0, -3])
def test_a_budget_of_no_tools_is_refused(count):
    with pytest.raises(CompileError, match=f"max_tools is {count}"):
        Options(max_tools=count)


def test_an_effect_for_a_tool_that_does_not_exist_changes_nothing():
    traces = traces_of("get_a(1) | get_b(1)")
    plain, declared = (
        compile_plan(traces, options=Options(effects=effects)) for effects in ({}, {"nobody": Effect.READ})
    )
    assert replace(declared, settings=plain.settings) == plain


def test_arguments_that_were_no_object_are_compiled_as_the_text_they_are():
    """Importers keep such arguments under `__raw__`."""
    plan = chains(args=lambda task: {"__raw__": f"not json {task}"}, output=lambda task: {"uid": f"u{task}"})
    assert found(plan) == {"get_user"}


def found(plan):
    """The tools that are called after the first of each meta-tool."""
    return {step.tool for meta_tool in plan.meta_tools for step in meta_tool.steps[1:]}


def test_a_value_is_found_in_an_output_of_46_kilobytes():
    plan = chains(output=lambda task: {"pad": ["x" * 45] * 1000, "uid": f"u{task}"})
    assert found(plan) == {"get_user"}


def test_a_value_is_found_among_thousands_of_keys():
    plan = chains(output=lambda task: {**{f"key{'k' * n}": n for n in range(1, 1500)}, "uid": f"u{task}"})
    assert found(plan) == {"get_user"}


def nested(depth, value, kind):
    for _ in range(depth):
        value = {"in": value} if kind == "object" else [value]
    return value


@pytest.mark.parametrize("kind", ["object", "list"])
@pytest.mark.parametrize("depth", [10, 39, 200])
def test_deep_nesting_is_no_error(kind, depth):
    plan = chains(output=lambda task: nested(depth, f"u{task}", kind))
    assert plan.corpus["tasks"] == 10


@pytest.mark.parametrize(
    "text", ["{" * 5000, "[" * 5000, "a: b\n" * 3000, "(" * 300, "\x00\ud7ff", "&a *a\n: "]
)
def test_outputs_that_only_look_like_data_are_text(text):
    plan = chains(output=lambda task: f"{text}{task}")
    assert plan.corpus["tasks"] == 10


def test_calls_that_no_model_issued_are_not_mined():
    traces = [
        replace(trace, tool_calls=tuple(replace(call, model_call=None) for call in trace.tool_calls))
        for trace in [chain(task, output={"uid": f"u{task}"}) for task in range(10, 20)]
    ]
    assert compile_plan(traces).meta_tools == ()
