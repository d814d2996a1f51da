"""What changed between two plans: what they do and show is told apart from their evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from langchain_awo.model.ir.binding import Constant, Output, Parameter
from langchain_awo.model.ir.metatool import (
    BindingEvidence,
    Evidence,
    Guard,
    Map,
    MetaTool,
    ParameterSpec,
    Step,
    ToolkitPlan,
    ToolSignature,
    UseEvidence,
)
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.views.difference import compare_plans
from langchain_awo.model.views.difference_text import format_difference

FIND = Step(tool="find_user", args={"email": Parameter(name="email")}, effect=Effect.READ)
ORDER = Step(tool="get_order", args={"order_id": Output(step=1, path="/order")}, effect=Effect.READ)
LOOKUP = MetaTool(
    name="lookup", description="Looks up.", parameters=(ParameterSpec(name="email"),), steps=(FIND, ORDER)
)


def plan(*meta_tools, **known):
    return ToolkitPlan(meta_tools=meta_tools, **known)


def with_order(**changed):
    return replace(LOOKUP, steps=(FIND, replace(ORDER, **changed)))


def test_equal_plans_have_no_difference_in_whatever_order():
    other = replace(LOOKUP, name="other", steps=(FIND,))
    difference = compare_plans(plan(LOOKUP, other), plan(other, LOOKUP))
    assert difference.is_same
    assert format_difference(difference) == "no difference"


def test_what_is_added_and_removed_is_shown_whole():
    difference = compare_plans(plan(LOOKUP), plan(replace(LOOKUP, name="short", steps=(FIND,))))
    text = format_difference(difference)
    assert not difference.is_same
    assert "+ short(email)" in text
    assert "- lookup(email)" in text
    assert "-   2  get_order(order_id=#1/order)" in text


def test_equal_steps_under_another_name_are_a_change_of_name():
    difference = compare_plans(plan(LOOKUP), plan(replace(LOOKUP, name="better")))
    assert (difference.added, difference.removed) == ((), ())
    (changed,) = difference.changed
    assert [(each.place, each.old, each.new) for each in changed.changes] == [("name", "lookup", "better")]


PARTS = {
    "argument order_id": {"args": {"order_id": Output(step=1, path="/last_order")}},
    "argument limit": {"args": {**ORDER.args, "limit": Constant(value=3)}},
    "optional": {"optional": ("order_id",)},
    "over": {"over": Map(source=Output(step=1, path="/orders/*"))},
    "guard": {"guard": Guard(source=Output(step=1), test="nonempty")},
    "effect": {"effect": Effect.WRITE},
    "never_empty": {"never_empty": True},
    "eager": {"eager": True},
    "hide": {"hide": {"/address": UseEvidence(outputs=50)}},
}


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_a_step_that_changes_is_named(part):
    (changed,) = compare_plans(plan(LOOKUP), plan(with_order(**PARTS[part]))).changed
    (step,) = changed.steps
    assert [each.place for each in step.parts] == [part]
    assert step.old.startswith("  2  get_order(order_id=#1/order)")


HEADS = {
    "mode": {"mode": "continue"},
    "description": {"description": "Finds."},
    "parameter email": {"parameters": (ParameterSpec(name="email", required=False),)},
    "parameter phone": {"parameters": (*LOOKUP.parameters, ParameterSpec(name="phone"))},
}


@pytest.mark.parametrize("head", HEADS)
def test_what_a_model_is_shown_is_compared_too(head):
    (changed,) = compare_plans(plan(LOOKUP), plan(replace(LOOKUP, **HEADS[head]))).changed
    assert [each.place for each in changed.changes] == [head]
    assert changed.steps == ()


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, 1.0), (0, False), ("1", 1)])
def test_constants_that_python_calls_equal_are_not(one, other):
    plans = [plan(with_order(args={"order_id": Constant(value=value)})) for value in (one, other)]
    assert not compare_plans(*plans).is_same
    assert compare_plans(plans[0], plans[0]).is_same


def test_a_step_put_in_between_does_not_change_those_that_only_move():
    between = Step(tool="whoami", effect=Effect.READ)
    moved = replace(ORDER, args={"order_id": Output(step=1, path="/order")})
    last = Step(tool="note", args={"text": Output(step=2, path="/note")})
    old = replace(LOOKUP, steps=(FIND, ORDER, last))
    new = replace(
        LOOKUP, steps=(FIND, between, moved, replace(last, args={"text": Output(step=3, path="/note")}))
    )
    (changed,) = compare_plans(plan(old), plan(new)).changed
    assert [(each.old, each.new.split("(")[0]) for each in changed.steps] == [("", "  2  whoami")]


def test_a_binding_to_a_step_that_is_gone_is_a_change():
    note = Step(tool="note", args={"text": Output(step=2, path="/id")})
    new = replace(LOOKUP, steps=(FIND, replace(note, args={"text": Output(step=1, path="/id")})))
    (changed,) = compare_plans(plan(replace(LOOKUP, steps=(FIND, ORDER, note))), plan(new)).changed
    assert [bool(each.new) for each in changed.steps] == [False, True]
    assert changed.steps[1].parts[0].place == "argument text"


def test_other_evidence_alone_is_no_difference_and_is_shown():
    seen = replace(ORDER, evidence={"/order_id": BindingEvidence(agree=9)})
    new = replace(LOOKUP, steps=(FIND, seen), evidence=Evidence(tasks=7), mode_reason="often")
    difference = compare_plans(plan(LOOKUP), plan(new))
    assert difference.is_same
    assert (
        format_difference(difference)
        == "= lookup, on other evidence: mode_reason, tasks 0 -> 7, bindings of step 2"
    )


def test_the_same_places_hidden_on_other_evidence_are_no_difference():
    old, new = (with_order(hide={"/address": UseEvidence(outputs=count)}) for count in (50, 60))
    difference = compare_plans(plan(old), plan(new))
    assert difference.is_same
    assert format_difference(difference) == "= lookup, on other evidence: uses of step 2"


def test_a_step_whose_line_is_the_same_is_shown_once_with_what_changed():
    text = format_difference(compare_plans(plan(LOOKUP), plan(with_order(eager=True))))
    assert text.count("get_order(order_id=#1/order)") == 1
    assert "eager: no -> yes" in text


def test_a_tool_with_another_signature_is_a_difference():
    signatures = [{"find_user": ToolSignature(digest=each)} for each in ("a", "b")]
    difference = compare_plans(plan(tools=signatures[0]), plan(tools=signatures[1]))
    (change,) = difference.tools
    assert change.place == "tool find_user"
    assert change.old != change.new
    assert not difference.is_same
