"""Decisions are data: each gives a new plan, is bound to what the meta-tool does, and is refused where it makes no sense."""

from __future__ import annotations

from dataclasses import replace

import pytest

from langchain_awo.errors import DecisionError
from langchain_awo.model.ir import reviewing as deciding
from langchain_awo.model.ir.binding import Constant, Output, Parameter
from langchain_awo.model.ir.metatool import (
    BindingEvidence,
    Evidence,
    Guard,
    GuardEvidence,
    MetaTool,
    ParameterSpec,
    Step,
    ToolkitPlan,
    ToolSignature,
    UseEvidence,
)
from langchain_awo.model.ir.sameness import digest_routine, rename_parameters
from langchain_awo.model.text.encoding import loads
from langchain_awo.model.trace.effect import Effect
from langchain_awo.plan_file import decode_plan, encode_plan

BAGGAGE = Step(tool="get_bag", args={"tag": Parameter(name="tag")}, effect=Effect.READ)
FLIGHT = Step(tool="get_flight", args={"flight": Output(step=1, path="/flight")}, effect=Effect.READ)
LATE = Guard(
    source=Output(step=2, path="/late"),
    test="equals",
    value=True,
    otherwise="stop",
    evidence=GuardEvidence(held=9, followed=9),
)
REBOOK = Step(tool="rebook", args={"bag": Output(step=1, path="/bag")}, effect=Effect.WRITE, guard=LATE)
TAG = (ParameterSpec(name="tag", schema={"type": "string"}),)
MOVE = MetaTool(
    name="rebook_late_bag", description="Rebooks.", steps=(BAGGAGE, FLIGHT, REBOOK), parameters=TAG
)
LOOK = MetaTool(name="bag_with_flight", description="Looks.", steps=(BAGGAGE, FLIGHT), parameters=TAG)
PLAN = ToolkitPlan(
    meta_tools=(MOVE, LOOK),
    tools={name: ToolSignature(source="traces") for name in ("get_bag", "get_flight", "rebook")},
)


def with_step(number, **changed):
    steps = list(MOVE.steps)
    steps[number - 1] = replace(steps[number - 1], **changed)
    return replace(MOVE, steps=tuple(steps))


def accepted(name="rebook_late_bag"):
    return deciding.find_meta_tool(deciding.accept(PLAN, name, by="Ann", at="2026-03-02"), name)


SAME = {
    "other evidence": replace(accepted(), evidence=Evidence(tasks=7)),
    "another name": replace(accepted(), name="other"),
    "another description": replace(accepted(), description="Other words."),
    "another mode": replace(accepted(), mode="replace"),
    "parameters called otherwise": rename_parameters(accepted(), {"tag": "label"}),
    "evidence of a binding": replace(
        with_step(1, evidence={"/tag": BindingEvidence(agree=9)}), decision=accepted().decision
    ),
    "evidence of a guard": replace(
        with_step(3, guard=replace(LATE, evidence=GuardEvidence(held=20))), decision=accepted().decision
    ),
    "less is shown of an output": replace(
        with_step(1, hide={"/x": UseEvidence()}), decision=accepted().decision
    ),
}

OTHER = {
    "a step that is gone": replace(MOVE, steps=(BAGGAGE, replace(REBOOK, guard=None))),
    "no guard": with_step(3, guard=None),
    "another value in a guard": with_step(3, guard=replace(LATE, value=False)),
    "a guard that skips": with_step(3, guard=replace(LATE, otherwise="skip")),
    "another binding": with_step(3, args={"bag": Constant(value="B1")}),
    "an argument more": with_step(3, args={**REBOOK.args, "all": Constant(value=True)}),
    "another tool": with_step(3, tool="get_flight"),
    "a worse effect": with_step(3, effect=Effect.DESTRUCTIVE),
    "an empty output no longer stops it": with_step(1, never_empty=True),
    "another order": replace(MOVE, steps=(BAGGAGE, REBOOK, FLIGHT)),
    "a parameter that may be left out": replace(MOVE, parameters=(replace(TAG[0], required=False),)),
}


@pytest.mark.parametrize("what", SAME)
def test_acceptance_holds_for_what_does_the_same(what):
    assert deciding.get_standing(SAME[what]) == "accepted"
    assert deciding.explain_withholding(SAME[what]) == ""


@pytest.mark.parametrize("what", OTHER)
def test_what_does_something_else_asks_again(what):
    changed = replace(OTHER[what], decision=accepted().decision)
    assert deciding.get_standing(changed) == "changed"
    assert "what it does has changed since it was accepted" in deciding.explain_withholding(changed)


def test_only_what_writes_waits_for_acceptance():
    assert deciding.explain_withholding(LOOK) == ""
    assert "it writes and has not been accepted" in deciding.explain_withholding(MOVE)
    assert deciding.explain_withholding(LOOK, effect=Effect.UNKNOWN)
    assert deciding.explain_withholding(MOVE, effect=Effect.READ) == ""


def test_what_is_not_believed_is_not_accepted_either():
    assert deciding.explain_withholding(accepted(), believed=False)


def test_what_was_rejected_is_kept_aside_with_the_reason_and_can_come_back():
    plan = deciding.reject(PLAN, "rebook_late_bag", "bag_with_flight", reason="too soon")
    assert plan.meta_tools == ()
    assert [each.decision.reason for each in plan.rejected] == ["too soon", "too soon"]
    assert {each.name for each in deciding.list_decidable(plan)} == {"rebook_late_bag", "bag_with_flight"}
    assert deciding.accept(plan, "rebook_late_bag").meta_tools[0].decision.verdict == "accepted"
    assert deciding.undecide(plan, "rebook_late_bag").meta_tools == (MOVE,)


def test_no_decision_changes_the_plan_that_it_was_made_on():
    before = replace(PLAN)
    deciding.reject(PLAN, "rebook_late_bag")
    deciding.rename(PLAN, "bag_with_flight", "other")
    assert before == PLAN


def test_what_a_person_chose_is_marked():
    plan = deciding.rename(PLAN, "bag_with_flight", "where_is_my_bag")
    plan = deciding.reword(plan, "where_is_my_bag", " Says where a bag is. ")
    plan = deciding.set_mode(plan, "where_is_my_bag", "continue")
    found = deciding.find_meta_tool(plan, "where_is_my_bag")
    assert found.description == "Says where a bag is."
    assert (found.mode, found.mode_reason) == ("continue", deciding.CHOSEN)
    assert found.chosen == ("description", "mode", "name")
    assert [step.eager for step in found.steps] == [False, True]


def test_a_meta_tool_is_only_put_in_modes_that_it_can_be_installed_in():
    assert deciding.list_modes(LOOK) == ("append", "replace", "continue", "entry", "prefetch")
    assert "entry" not in deciding.list_modes(MOVE)
    alone = replace(LOOK, steps=(BAGGAGE,))
    assert "continue" not in deciding.list_modes(alone)


REFUSED = {
    "a name that is none": (
        lambda: deciding.accept(PLAN, "rebook_late_bags"),
        "did you mean 'rebook_late_bag'?",
    ),
    "a name like no other": (lambda: deciding.reject(PLAN, "zzz"), "it has bag_with_flight, rebook_late_bag"),
    "a name that is taken": (
        lambda: deciding.rename(PLAN, "bag_with_flight", "rebook_late_bag"),
        "rename one",
    ),
    "the name of a tool": (lambda: deciding.rename(PLAN, "bag_with_flight", "rebook"), "the name of a tool"),
    "a name that providers refuse": (lambda: deciding.rename(PLAN, "bag_with_flight", "a b"), "ASCII"),
    "a mode that is none": (
        lambda: deciding.set_mode(PLAN, "bag_with_flight", "apend"),
        "did you mean 'append'?",
    ),
    "a mode that cannot be": (
        lambda: deciding.set_mode(PLAN, "rebook_late_bag", "entry"),
        "nothing that runs unasked",
    ),
    "no words": (lambda: deciding.reword(PLAN, "bag_with_flight", "  "), "empty"),
    "words without end": (lambda: deciding.reword(PLAN, "bag_with_flight", "x" * 60_000), "60,000"),
    "approval of another tool": (
        lambda: deciding.ask_before(PLAN, "rebook_late_bag", ["rebok"]),
        "did you mean 'rebook'?",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_makes_no_sense_is_refused_with_the_fix(what):
    act, said = REFUSED[what]
    with pytest.raises(DecisionError) as caught:
        act()
    assert said in str(caught.value)


def test_a_rejected_name_is_not_given_to_another_meta_tool():
    plan = deciding.reject(PLAN, "rebook_late_bag")
    with pytest.raises(DecisionError, match="two meta-tools are called"):
        deciding.rename(plan, "bag_with_flight", "rebook_late_bag")


def test_decisions_survive_being_written_and_read():
    plan = deciding.reject(deciding.accept(PLAN, "rebook_late_bag", by="Ann"), "bag_with_flight", reason="no")
    plan = deciding.ask_before(plan, "rebook_late_bag", ["rebook", "get_bag"])
    read = decode_plan(loads(encode_plan(plan)))
    assert read == plan
    assert digest_routine(read.meta_tools[0]) == read.meta_tools[0].decision.digest
    assert read.meta_tools[0].approval == ("get_bag", "rebook")


def test_a_file_of_the_first_version_is_read():
    data = loads(encode_plan(PLAN))
    data["schema_version"] = 1
    assert decode_plan(data) == PLAN


def test_other_words_are_weighed_where_a_model_is_shown_them():
    """In 10 runs of 5 prompts each, 40 characters more are 10 tokens more in each prompt."""
    shown = replace(LOOK, mode="append", evidence=Evidence(net_tokens=100.0))
    plan = replace(PLAN, meta_tools=(shown,), corpus={"traces": 10, "model_calls": 50})
    longer = deciding.reword(plan, shown.name, shown.description + "x" * 40)
    assert longer.meta_tools[0].evidence.net_tokens == 50.0
    assert deciding.reword(longer, shown.name, shown.description).meta_tools[0].evidence.net_tokens == 100.0
    ahead = replace(plan, meta_tools=(replace(shown, mode="continue"),))
    assert deciding.reword(ahead, shown.name, "x" * 400).meta_tools[0].evidence.net_tokens == 100.0
