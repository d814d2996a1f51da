"""Traces, plans and reports for the tests of pages."""

from __future__ import annotations

from dataclasses import replace

from langchain_awo.model.graph import ROOT, WorkflowGraph
from langchain_awo.model.ir.binding import Output, Parameter
from langchain_awo.model.ir.canonical import CanonicalCall
from langchain_awo.model.ir.metatool import MetaTool, ParameterSpec, Refused, Step, ToolkitPlan
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.trace import Message, ModelCallRecord, ToolCallRecord, Trace
from langchain_awo.reporting.report import Report

DAY = 86_400.0

HOSTILE = "</script><img src=x onerror=alert(1)>{{7*7}}\u202egnp.exe\u2028\x00'\"&<!--"
"""A tool's name that tries everything."""


def call(tool, number, model_call, *, output=None, replay=None):
    return ToolCallRecord(
        call_id=f"{tool}-{number}-{model_call}",
        name=tool,
        args={"id": f"id-{number}"},
        output=output if output is not None else {"next": f"next-{number}-{model_call}"},
        model_call=model_call,
        replay=replay,
    )


def trace(number, *tools, day=0, **more):
    """A run that calls tools one after the other, on a day of January 2026."""
    return Trace(
        trace_id=f"t{number}",
        task_id=f"task-{number}",
        started_at=1_767_225_600.0 + day * DAY,
        messages=(Message(role="user", text=f"Do id-{number}", before=0),),
        model_calls=tuple(ModelCallRecord() for _ in range(len(tools) + 1)),
        tool_calls=tuple(call(tool, number, position) for position, tool in enumerate(tools)),
        **more,
    )


def orders(count):
    """Runs in which a customer is looked up by name, then the order that is found there."""
    for number in range(count):
        found = call("find_user", number, 0, output={"order": f"O-{4000 + number}"})
        read = replace(call("get_order", number, 1), args={"order": f"O-{4000 + number}"})
        yield replace(trace(number, "find_user", "get_order"), tool_calls=(found, read))


def chain(graph, *tools, weight, source=ROOT, name=""):
    """Adds executions that make these calls one after the other, in states of their own."""
    for position, tool in enumerate(tools):
        target = f"{name}{source}>{tool}"[-200:] if name else f"{source}>{tool}"
        graph.add_decision(source, target, CanonicalCall(tool), weight)
        source = target
        assert position < 100
    return source


def wide_graph(states):
    """A tree with so many states, the first branches heavy."""
    graph = WorkflowGraph()
    queue = [(ROOT, 2**24)]
    number = 0
    while number < states - 1:
        source, weight = queue.pop(0)
        for share in (2, 4, 8):
            if number == states - 1:
                break
            number += 1
            tool = f"tool_{number % 37:02}"
            graph.add_decision(source, f"s{number}", CanonicalCall(tool), weight // share)
            queue.append((f"s{number}", weight // share))
    return graph


def meta_tool(first="find_user", second="get_order", **more):
    """Finds something, and reads what is named there."""
    return MetaTool(
        name=f"{first}_with_{second}",
        description=f"Runs {first}, then {second}.",
        parameters=(ParameterSpec(name="name", schema={"type": "string"}),),
        steps=(
            Step(tool=first, args={"id": Parameter(name="name")}, effect=Effect.READ),
            Step(tool=second, args={"id": Output(step=1, path="/next")}, effect=Effect.READ),
        ),
        **more,
    )


NET = {
    "tokens": 120,
    "tokens_cached": 30,
    "intervals": {
        "model_calls": {"value": 3.0, "low": 1.0, "high": 5.0},
        "tokens": {"value": 120.0, "low": 80.0, "high": 160.0},
        "tokens_cached": {"value": 30.0, "low": 10.0, "high": 50.0},
    },
}

REPLAY = {
    "traces": 3,
    "model_calls": 12,
    "result": {
        "meta_tools": 1,
        "chooser": 0.25,
        "continue": 0.125,
        "over_fetch": 0.5,
        "chooser_over_fetch": 0.0,
        "chooser_repeats": 0.0,
        "continue_repeats": 0.0,
        "net_tokens": 120,
        "chooser_net_tokens": -40,
        "installed": 0.25,
        "net": NET,
    },
    "ceiling": {"chooser": 0.5, "continue": 0.25},
    "uses": {},
}


def report_of(graph, *, before=None, plan=None, **more):
    """A report on a graph."""
    return Report(
        plan=plan or ToolkitPlan(),
        before=before or graph,
        after=graph,
        replay=REPLAY,
        not_evaluated="it was not asked for",
        **more,
    )


def hostile_report():
    """A report in which everything that was recorded attacks the page."""
    graph = WorkflowGraph()
    chain(graph, HOSTILE, HOSTILE, weight=3)
    refused = Refused(routine=(HOSTILE, HOSTILE), code=HOSTILE, reason=HOSTILE, occurrences=2)
    plan = ToolkitPlan(
        strategy=HOSTILE,
        meta_tools=(meta_tool(HOSTILE, HOSTILE, mode_reason=HOSTILE),),
        refused=(refused,),
        corpus={HOSTILE: HOSTILE},
        settings={"rules": [HOSTILE]},
    )
    return report_of(graph, plan=plan, source=HOSTILE, effects={HOSTILE: HOSTILE})
