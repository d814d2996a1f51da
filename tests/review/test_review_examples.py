"""Recorded runs beside the meta-tool: what it would have done there, told apart by what that means for a person who decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from langchain_awo.capture.importers.messages import import_messages
from langchain_awo.model.ir.binding import Constant, Output
from langchain_awo.model.ir.metatool import Step, ToolkitPlan
from langchain_awo.model.ir.reviewing import accept, find_meta_tool
from langchain_awo.model.trace.effect import Effect
from langchain_awo.review.examples import find_examples
from langchain_awo.review.words import describe_step, guard_words
from langchain_awo.review.worth import Worth, estimate_worth, sum_worth
from tests.review.recordings import runs

PAGE, PAY, READ = "page_team_after_alert", "pay_back_for_received_return", "get_customer_orders"


def found_in(lines, meta_tool):
    return find_examples(import_messages(lines), [meta_tool])[meta_tool.name]


@pytest.fixture
def page(plan):
    return find_meta_tool(plan, PAGE)


def test_where_the_agents_did_the_same_and_where_it_stops(page):
    found = found_in(runs(6), page)
    assert found.counts == {"same": 2, "stops": 4}
    same, stops = found.shown[0], found.shown[-1]
    assert (len(same.recorded), same.saved) == (2, 1)
    assert [call.tool for call in same.made] == ["get_alert", "page_team"]
    assert [call.step for calls in same.recorded for call in calls] == [1, 2]
    assert (stops.outcome, [call.tool for call in stops.made], stops.saved) == ("stops", ["get_alert"], 0)


def test_where_it_would_write_although_the_agent_did_not_comes_first(page):
    """An agent that pages nobody any more, and one that does."""
    found = found_in([*runs(3, urgent="never"), *_again(runs(3))], page)
    assert found.counts == {"unwanted": 1, "same": 1, "stops": 4}
    assert found.shown[0].outcome == "unwanted"
    assert not any(call.tool == "page_team" for calls in found.shown[0].recorded for call in calls)


def _again(lines):
    return [line.replace('"alert-', '"again-').replace('"return-', '"again-return-') for line in lines]


def test_reads_that_the_agent_did_not_make_are_marked(plan):
    """What nobody recorded has no output, and says so by its mark."""
    read = find_meta_tool(plan, READ)
    more = replace(
        read,
        steps=(
            *read.steps,
            Step(tool="get_points", args={"of": Output(step=1, path="/customer")}, effect=Effect.READ),
        ),
    )
    found = found_in(runs(2), more)
    assert found.counts == {"more": 2}
    assert [call.is_extra for call in found.shown[0].made] == [False, False, True]


def test_examples_are_few_and_values_are_cut(page):
    found = found_in(runs(30), page)
    assert sum(found.counts.values()) == 30
    assert len(found.shown) == 4
    assert all(len(call.output) <= 301 for each in found.shown for calls in each.recorded for call in calls)


def test_a_routine_that_never_starts_has_no_examples(page):
    assert found_in(runs(2), replace(page, steps=(replace(page.steps[0], tool="get_other"),))).shown == ()


def test_steps_are_told_in_plain_words(plan):
    pay = find_meta_tool(plan, PAY).steps[1]
    assert describe_step(pay) == (
        "Writes: calls pay_back. amount is the amount returned by step 1; order is the order returned by step 1."
    )
    assert guard_words(pay.guard, pay) == (
        'Only if the state returned by step 1 is "received"; otherwise the routine ends here.'
    )
    assert describe_step(Step(tool="t", args={"a": Constant(value=1)}, effect=Effect.UNKNOWN)).startswith(
        "Has an undeclared effect"
    )


def test_the_total_is_of_what_is_installed(plan):
    """A write that waits is worth nothing yet, and one that was accepted what its evidence says."""
    before = sum_worth(plan)
    assert before == estimate_worth(find_meta_tool(plan, READ), plan)
    assert sum_worth(accept(plan, PAGE)) == before + estimate_worth(find_meta_tool(plan, PAGE), plan)
    assert estimate_worth(find_meta_tool(plan, PAGE), ToolkitPlan()) == Worth()
