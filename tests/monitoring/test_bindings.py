"""Bindings that hold less often than they did are found, on real recordings whose world was changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from langchain_awo.model.text.encoding import decode
from langchain_awo.model.trace.trace import ToolSpec, Trace
from langchain_awo.monitoring.bindings import Endings, find_violations
from langchain_awo.monitoring.members import Members
from langchain_awo.monitoring.observing import build_observed_corpus
from langchain_awo.monitoring.usage import StoppedAt, Use


def routine_with(plan, tool):
    """The first meta-tool that goes on to a tool, and the number of that step."""
    return next(
        (each, number)
        for each in plan.meta_tools
        for number, step in enumerate(each.steps, start=1)
        if number > 1 and step.tool == tool and each.steps[0].over is None
    )


def test_bindings_that_hold_are_not_doubted(traces_of, plan):
    """The model ignores the toolkit and does by itself what its routines do."""
    corpus = build_observed_corpus(traces_of("ignored"), plan)
    assert [found for each in plan.meta_tools for found in find_violations(each, corpus, Endings())] == []


def test_a_place_that_moved_is_found(traces_of, plan):
    """Customers have another id in what `find_customer` answers than in what `list_orders` takes."""

    def moved(call):
        told = decode(call.output)
        if call.name != "find_customer" or not isinstance(told, dict):
            return call
        return replace(call, output={**told, "customer_id": "old", "key": told["customer_id"]})

    traces = [
        replace(trace, tool_calls=tuple(moved(call) for call in trace.tool_calls))
        for trace in traces_of("ignored")
    ]
    meta_tool, step = routine_with(plan, "list_orders")
    found = find_violations(meta_tool, build_observed_corpus(traces, plan), Endings())
    assert [each.step for each in found][:1] == [step]
    assert found[0].p_value < 1e-3
    assert f"step {step} (list_orders) held in " in found[0].sentence


def test_uses_that_led_to_nothing_are_held_against_what_was_to_be_expected(plan):
    meta_tool, step = routine_with(plan, "list_orders")
    lost = StoppedAt(step=step, tool="list_orders", cause="unresolved", reason="is not there")
    fine = Use(meta_tool=meta_tool.name, way="called", made=())
    nothing = build_observed_corpus([], plan)
    some = [*[fine] * 38, *[replace(fine, hand_back=lost)] * 2]
    many = [*[fine] * 20, *[replace(fine, hand_back=lost)] * 20]
    assert find_violations(meta_tool, nothing, endings_of(some)) == []
    (found,) = find_violations(meta_tool, nothing, endings_of(many))
    assert "led to nothing in 20 of 40 uses" in found.sentence


def endings_of(uses):
    found = Endings()
    for use in uses:
        found.add(use)
    return found


def changed_members(traces, plan):
    members = Members(plan)
    for trace in traces:
        members.add(trace)
    return members.find_changed()


def spec(name, required=(), **properties):
    schemas = {each: {"type": kind} for each, kind in properties.items()}
    parameters = {"type": "object", "properties": schemas, "required": list(required)}
    return ToolSpec(name=name, description="as it is now", parameters=parameters)


def offered(*specs, day=0):
    return Trace(trace_id=f"t{day}", started_at=float(day), tools=specs)


@pytest.fixture
def narrow(plan):
    """A toolkit that relies on a tool with one argument."""
    known = replace(
        plan.tools["find_customer"], parameters=spec("find_customer", ("email",), email="string").parameters
    )
    return lambda source: replace(plan, tools={"find_customer": replace(known, source=source)})


@pytest.mark.parametrize(
    ("now", "exact", "inferred"),
    [
        (spec("find_customer", ("email",), email="string"), "", ""),
        (spec("find_customer", ("email",), email="string", page="integer"), "new argument 'page'", ""),
        (
            spec("find_customer", ("email", "tier"), email="string", tier="string"),
            "new required argument 'tier'",
            "new required argument 'tier'",
        ),
        (
            spec("find_customer", ("mail",), mail="string"),
            "argument 'email' is gone; new required argument 'mail'",
            "argument 'email' is gone; new required argument 'mail'",
        ),
        (spec("find_customer", ("email",), email="integer"), "argument 'email' has another type", ""),
        (spec("find_customer", (), email="string"), "its argument schema has changed", ""),
    ],
)
def test_a_changed_member_is_told_in_words(narrow, now, exact, inferred):
    """What was inferred from recorded calls is not held to more than it says."""
    for source, expected in (("tool", exact), ("traces", inferred)):
        assert changed_members([offered(now)], narrow(source)).get("find_customer", "") == expected


def test_the_latest_run_decides(narrow):
    """A change that was taken back is none."""
    old = spec("find_customer", ("email",), email="string")
    new = spec("find_customer", ("mail",), mail="string")
    assert changed_members([offered(new, day=1), offered(old, day=2)], narrow("tool")) == {}
    assert "find_customer" in changed_members([offered(old, day=1), offered(new, day=2)], narrow("tool"))
    assert changed_members([offered(ToolSpec(name="find_customer"), day=3)], narrow("tool")) == {}
