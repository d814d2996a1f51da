"""What people decided is carried to a new toolkit by what the routines do, never by their names alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

import langchain_awo as awo
from langchain_awo.capture.importers.messages import import_messages
from langchain_awo.model.ir.reviewing import (
    accept,
    find_meta_tool,
    get_standing,
    reject,
    rename,
    reword,
    set_mode,
)
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.pipeline import Options, compile_plan
from langchain_awo.optimizer.recompile.decisions import carry_over
from langchain_awo.optimizer.recompile.recompile import recompile_plan
from langchain_awo.optimizer.settings import restore_options
from tests.review.recordings import runs

PAGE, PAY, READ = "page_team_after_alert", "pay_back_for_received_return", "get_customer_orders"
EFFECTS = {"page_team": Effect.WRITE, "pay_back": Effect.WRITE}
OPTIONS = Options(writes="guarded", effects=EFFECTS)


@pytest.fixture(scope="module")
def traces():
    return list(import_messages(runs()))


@pytest.fixture(scope="module")
def plan(traces):
    return compile_plan(traces, options=OPTIONS)


def names(plan):
    return {each.name for each in plan.meta_tools}


def test_recompiling_keeps_writes_and_every_decision_about_them(traces, plan):
    decided = rename(accept(reject(plan, PAY), PAGE, by="Ann"), PAGE, "wake_the_team")
    found = recompile_plan(traces, decided)
    assert restore_options(decided).writes == "guarded"
    assert found.is_same
    assert names(found.plan) == {"wake_the_team", READ}
    assert get_standing(find_meta_tool(found.plan, "wake_the_team")) == "accepted"
    assert get_standing(find_meta_tool(found.plan, PAY)) == "rejected"
    assert found.decisions.kept == ("wake_the_team",)


def test_a_rejected_routine_takes_no_place_of_another(traces, plan):
    first = plan.meta_tools[0].name
    few = replace(OPTIONS, max_tools=1)
    assert names(compile_plan(traces, options=few)) == {first}
    rejected = reject(plan, first)
    found = compile_plan(traces, options=few, rejected=rejected.rejected)
    assert len(found.meta_tools) == 1
    assert names(found) != {first}


def test_what_a_person_chose_stays_where_the_steps_are_the_same(plan):
    chosen = set_mode(reword(rename(plan, READ, "orders"), "orders", "Orders."), "orders", "prefetch")
    carried, told = carry_over(plan, chosen)
    found = find_meta_tool(carried, "orders")
    assert (found.description, found.mode, found.chosen) == (
        "Orders.",
        "prefetch",
        ("description", "mode", "name"),
    )
    assert told.renamed == ((READ, "orders"),)


def test_what_the_compiler_chose_is_chosen_anew(plan):
    """Only what a person chose of it is carried over."""
    former = replace(
        plan, meta_tools=tuple(replace(each, mode="replace", description="Old.") for each in plan.meta_tools)
    )
    assert carry_over(plan, former)[0] == plan


def test_a_name_alone_carries_nothing(plan):
    """Another routine under an accepted name is not accepted."""
    other = find_meta_tool(plan, PAY)
    former = accept(plan, PAGE)
    impostor = replace(plan, meta_tools=(replace(other, name=PAGE),))
    carried, told = carry_over(impostor, former)
    assert get_standing(carried.meta_tools[0]) == "undecided"
    assert told.kept == ()


def test_a_generated_name_gives_way_to_a_name_that_a_person_gave(plan):
    former = rename(rename(plan, PAGE, "swapped"), PAY, PAGE)
    carried, _ = carry_over(plan, former)
    assert names(carried) == {"swapped", PAGE, READ}
    assert find_meta_tool(carried, PAGE).steps[0].tool == "get_return"


def test_a_new_routine_does_not_get_the_name_of_a_rejected_one(plan):
    former = reject(rename(plan, READ, PAGE + "_x"), PAY)
    new = replace(find_meta_tool(plan, READ), name=PAY)
    carried, _ = carry_over(replace(plan, meta_tools=(new,)), replace(former, meta_tools=()))
    assert names(carried) == {f"{PAY}_2"}


def test_the_same_from_python(traces, plan, tmp_path):
    decided = reject(accept(plan, PAGE), PAY, reason="no")
    toolkit = awo.compile_toolkit(traces, options=OPTIONS, decided=decided)
    assert get_standing(find_meta_tool(toolkit.plan, PAGE)) == "accepted"
    assert [each.name for each in toolkit.plan.rejected] == [PAY]
    again, changes = awo.recompile(traces, toolkit)
    assert again.plan.rejected == toolkit.plan.rejected
    assert changes.decisions.left_out == (PAY,)
    again.save(tmp_path / "t.json")
    assert awo.MetaToolkit.load(tmp_path / "t.json", tools=[]).plan == again.plan


def test_the_literal_strategy_keeps_decisions_too(traces):
    literal = compile_plan(traces, options=Options(strategy="awo", effects=EFFECTS))
    first = literal.meta_tools[0]
    carried = awo.compile_toolkit(
        traces, options=Options(strategy="awo", effects=EFFECTS), decided=reject(literal, first.name)
    ).plan
    assert first.name not in names(carried)
    assert [each.name for each in carried.rejected] == [first.name]
