"""Whoever calls something wrongly is told in one sentence what it was, and what to write instead."""

from __future__ import annotations

from contextlib import nullcontext

import pandas as pd
import pytest
from langchain.agents import create_agent

import langchain_awo as awo
from langchain_awo.testing import ScriptedChatModel
from tests.optimizer.notation import traces_of
from tests.wrong.shop import TOOLS, get_order

COMPILED = {
    "a toolkit": (lambda kit, traces: kit, "pass the traces it was compiled from"),
    "a plan": (lambda kit, traces: kit.plan, "pass the traces it was compiled from"),
    "the file of a toolkit": (lambda kit, traces: "toolkit.json", "is a compiled toolkit, not traces"),
    "a table of something else": (lambda kit, traces: pd.DataFrame({"a": [1]}), "no runs in a known format"),
    "a dictionary": (lambda kit, traces: {"a": 1}, "a dict; pass a store or its path"),
    "dictionaries of something else": (lambda kit, traces: [{"a": 1}], "no runs in a known format"),
    "a path among traces": (lambda kit, traces: [traces[0], "x.db"], r"traces\[1\] is the text 'x.db'"),
    "one trace": (lambda kit, traces: traces[0], r"write a list of traces: \[trace\]"),
    "nothing": (lambda kit, traces: None, "traces is None; pass a store"),
    "a number": (lambda kit, traces: 3, "an int; pass a store"),
}


@pytest.mark.parametrize("verb", [awo.compile_toolkit, awo.load_traces, awo.workflow_graph])
@pytest.mark.parametrize("what", COMPILED)
def test_what_are_no_traces_is_named(here, kit, traces, verb, what):
    make, said = COMPILED[what]
    with pytest.raises(awo.AwoError, match=said):
        verb(make(kit, traces))


OPTIONS = {
    "a dictionary of tools": ({"tools": {"get_order": get_order}}, r"write tools=list\(tools.values\(\)\)"),
    "one tool": ({"tools": get_order}, r"write tools=\[...\]"),
    "names as tools": ({"tools": ["get_order"]}, "is no LangChain tool"),
    "a function without a docstring": ({"tools": [lambda x: x]}, "give it a docstring"),
    "a protected tool that is none": ({"protected": ["refund_oder"]}, "did you mean 'refund_order'"),
    "a protected tool far from any": ({"protected": ["zip"]}, "there are get_customer, get_order"),
    "one protected tool": ({"protected": "refund_order"}, r"protected=\['refund_order'\]"),
    "an effect of a tool that is none": (
        {"effects": {"refund_oder": "write"}},
        "did you mean 'refund_order'",
    ),
    "an effect that is none": ({"effects": {"refund_order": "reed"}}, "did you mean 'read'"),
    "a list of effects": ({"effects": ["get_order"]}, "effects is a list; write what each tool does"),
    "writes that are true": ({"writes": True}, "writes=True is none of 'none' or 'guarded'"),
    "a strategy that is none": ({"strategy": "defualt"}, "did you mean 'default'"),
    "a budget in words": ({"max_tools": "3"}, "write a whole number"),
    "a list of rules": ({"rules": ["commute"]}, "pass the path of a rules file"),
    "options as a dictionary": ({"options": {"max_tools": 3}}, r"pass either options=Options"),
    "options beside single ones": (
        {"options": awo.Options(), "protected": ["refund_order"]},
        r"would be lost; write protected=\.\.\. into the Options",
    ),
    "the name of a model": ({"namer": "openai:gpt-4.1-mini"}, "init_chat_model"),
}


@pytest.mark.parametrize("what", OPTIONS)
def test_an_option_that_makes_no_sense_is_named_with_the_fix(traces, what):
    wrong, said = OPTIONS[what]
    with pytest.raises(awo.AwoError, match=said):
        awo.compile_toolkit(traces, **{"tools": TOOLS, **wrong})


def test_without_live_tools_a_name_that_was_never_recorded_is_warned_of(traces, caplog):
    awo.compile_toolkit(traces, protected=["get_oder"], effects={"zip": "read"})
    assert "protected names 'get_oder', which no trace calls; did you mean 'get_order'?" in caplog.text
    assert "effects names 'zip', which no trace calls" in caplog.text


CALLS = {
    "a share above one": (lambda kit: awo.estimate("traces.db", held_out=10), "held_out=0.1 for 10 %"),
    "a share for a report": (
        lambda kit: awo.report("traces.db", kit, held_out=10),
        "no share between 0 and 1",
    ),
    "runs a day in words": (lambda kit: awo.estimate("traces.db", runs_a_day="9"), "whole number"),
    "one model to price as": (lambda kit: awo.estimate("traces.db", priced_as="m"), r"priced_as=\['m'\]"),
    "traces and toolkit swapped": (
        lambda kit: awo.report("toolkit.json", "traces.db"),
        "is a trace store, not",
    ),
    "a toolkit that is a dictionary": (lambda kit: awo.monitor("traces.db", {}), "the toolkit is a dict"),
    "a toolkit that is a list": (
        lambda kit: awo.report("traces.db", kit.get_tools()),
        "the toolkit is a list",
    ),
    "no toolkit": (lambda kit: awo.recompile("traces.db", None), "the toolkit is None"),
    "a meta-tool that is none": (
        lambda kit: kit.get_tool("get_oder_customer"),
        "did you mean 'get_order_customer'",
    ),
    "a mode that is none": (lambda kit: kit.get_tools("apend"), "did you mean 'append'"),
    "traces to load": (lambda kit: awo.MetaToolkit.load("traces.db", tools=TOOLS), "is a trace store"),
    "effects to load": (
        lambda kit: awo.MetaToolkit.load("toolkit.json", tools=TOOLS, effects={"zip": "read"}),
        "but there is no such tool",
    ),
    "a path to install": (lambda kit: awo.MetaToolMiddleware("toolkit.json"), "MetaToolkit.load"),
    "tools to install": (lambda kit: awo.MetaToolMiddleware(kit.get_tools()), "toolkit is a list"),
    "a mode to install": (lambda kit: awo.MetaToolMiddleware(kit, mode="contine"), "did you mean 'continue'"),
    "a mode of no meta-tool": (
        lambda kit: awo.MetaToolMiddleware(kit, mode={"zip": "append"}),
        "there is no such meta-tool",
    ),
    "a share of ten": (lambda kit: awo.MetaToolMiddleware(kit, hold_out=10), "hold_out=0.1 for 10 %"),
    "an allowed one that is none": (
        lambda kit: awo.MetaToolMiddleware(kit, allow=["zip"]),
        "there is no such meta-tool",
    ),
    "a node of a path": (lambda kit: awo.tool_node("toolkit.json", TOOLS), "MetaToolkit.load"),
    "a node the wrong way round": (lambda kit: awo.tool_node(TOOLS, kit), "toolkit is a list"),
    "a store that is a number": (lambda kit: awo.open_store(3), "give a path or a URL"),
    "a recorder to nowhere": (lambda kit: awo.TraceRecorder(3), "say where to store traces"),
}


@pytest.mark.parametrize("what", CALLS)
def test_a_wrong_call_is_told_what_was_meant(here, kit, what):
    call, said = CALLS[what]
    with pytest.raises(awo.AwoError, match=said):
        call(kit)


def test_errors_about_arguments_are_caught_as_pythons_own_are():
    for kind in (TypeError, ValueError):
        with pytest.raises(kind, match="write a whole number"):
            awo.compile_toolkit([], max_tools="3")


def test_a_protected_tool_that_the_agent_does_not_have_stops_the_agent(kit):
    middleware = awo.MetaToolMiddleware(kit, protected=["refund_oder"])
    with pytest.raises(awo.AwoError, match="did you mean 'refund_order'"):
        create_agent(ScriptedChatModel(script=["done"]), tools=TOOLS, middleware=[middleware])


def test_two_middlewares_in_one_agent_are_refused_with_what_to_do(kit):
    twice = [awo.MetaToolMiddleware(kit), awo.MetaToolMiddleware(kit)]
    with pytest.raises(awo.AwoError, match="two MetaToolMiddleware"):
        create_agent(ScriptedChatModel(script=["done"]), tools=TOOLS, middleware=twice)


def test_the_short_forms_are_bounded(kit):
    (trace,) = traces_of(" | ".join(f"get_order({'x' * 50}{n})" for n in range(200)))
    for each in (kit, kit.plan, trace):
        with nullcontext(repr(each)) as shown:
            assert len(shown) < 200
            assert shown.startswith(f"<{type(each).__name__}")
