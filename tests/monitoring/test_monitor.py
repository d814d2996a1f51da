"""Four things that may become of a toolkit, each a history of real agents, and the verdict on each; and an experiment."""

from __future__ import annotations

import json
import random

import pytest

import langchain_awo as awo
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.monitoring.monitor import monitor_traces
from langchain_awo.monitoring.prices import Price, PriceTable
from langchain_awo.reporting.report import Report
from tests.reporting.material import NET

PRICES = PriceTable(
    models={
        name: Price(input=2, cached=0.5, output=8) for name in ("back-office-policy", "ignores-new-tools")
    }
)


@pytest.fixture(scope="module")
def watched(traces_of, plan):
    """What monitoring finds in a history, by name."""
    return lambda name: monitor_traces(traces_of(name), plan, prices=PRICES)


def by_name(found):
    return {each.name: each.decision for each in found.meta_tools}


def test_a_healthy_toolkit_is_kept_until_a_day(watched):
    found = watched("healthy")
    assert (found.decision.action, found.is_work) == ("keep", False)
    assert found.decision.until.isoformat() == "2026-03-28"
    assert {each.action for each in by_name(found).values()} <= {"keep", "wait"}
    kept = [each for each in found.meta_tools if each.decision.action == "keep"]
    assert kept
    for each in kept:  # what runs unasked may be wanted less often, as long as it saves for certain
        savings = each.found.savings
        pays = each.found.mode == "continue" and savings.tokens.low > 0 and savings.model_calls.low > 0
        assert each.found.utilisation.value > 0.5 or pays
    assert any("of" in line and "runs in which it applied" in line for line in kept[0].decision.evidence)


def test_when_other_things_are_asked_for_it_is_compiled_again(watched):
    """The test of the path mix is named with its p-value."""
    found = watched("drifted")
    assert (found.decision.action, found.decision.cause) == ("recompile", "path_mix_changed")
    assert found.drift.p_value < 1e-4
    again = [each for each in found.meta_tools if each.decision.cause == "path_mix_changed"]
    assert again
    for each in again:
        assert each.found.utilisation.low <= 0.5  # what is surely used by more than half is kept
        assert any("G-test p = " in line for line in each.decision.evidence)


def test_when_the_model_ignores_it_the_mode_is_to_be_changed(watched):
    """Nothing else has changed: not the mix, not the members."""
    found = watched("ignored")
    assert (found.decision.action, found.decision.cause) == ("adjust", "seldom_chosen")
    assert not found.drift.is_significant
    for each in found.meta_tools:
        assert (each.found.utilisation.count, each.found.mode) == (0, "append")
        assert (each.decision.action, each.decision.cause) == ("change_mode", "seldom_chosen")
        assert each.decision.mode in {"continue", "replace"}


def test_when_a_member_has_another_schema_what_calls_it_is_compiled_again(watched, plan):
    """Only that: what does not call `list_orders` goes on."""
    found = watched("changed")
    assert (found.decision.action, found.decision.cause) == ("recompile", "member_changed")
    for meta_tool in plan.meta_tools:
        decision = by_name(found)[meta_tool.name]
        calls_it = "list_orders" in meta_tool.tools
        assert (decision.cause == "member_changed") == calls_it
        if calls_it:
            assert decision.evidence == ("list_orders: new argument 'page'",)


def test_an_experiment_measures_what_was_saved(watched):
    """About three in ten threads are held out; the arms differ in model calls, and the interval says by how much."""
    found = watched("experiment")
    arms = found.experiment
    assert arms.held_out.threads == found.held_out
    assert arms.held_out.threads + arms.with_toolkit.threads == found.runs
    assert 0.15 < found.held_out / found.runs < 0.45
    assert arms.model_calls.low < arms.model_calls.value < arms.model_calls.high < 0
    assert arms.with_toolkit.model_calls.value - arms.held_out.model_calls.value == pytest.approx(
        arms.model_calls.value
    )
    assert arms.held_out.success.value == arms.with_toolkit.success.value == 1
    assert arms.success.low < 0 < arms.success.high
    assert watched("healthy").experiment is None


def test_what_is_estimated_as_saved_is_within_what_the_experiment_measured(watched):
    found = watched("experiment")
    estimated = found.ledger.total.model_calls / found.with_toolkit
    assert -found.experiment.model_calls.high <= estimated <= -found.experiment.model_calls.low


def test_the_order_of_the_traces_does_not_matter(traces_of, plan):
    traces = traces_of("experiment")
    shuffled = random.Random(1).sample(traces, len(traces))  # noqa: S311  # not a secret
    assert monitor_traces(shuffled, plan, prices=PRICES) == monitor_traces(traces, plan, prices=PRICES)


def test_the_json_form_is_plain_and_the_report_shows_it(watched, plan, traces_of):
    found = watched("drifted")
    data = json.loads(json.dumps(found.as_json()))
    assert data == found.as_json()
    graph = awo.workflow_graph(traces_of("drifted")[:5])
    replay = {"result": _saving(), "ceiling": {"chooser": 0, "continue": 0}, "traces": 1, "model_calls": 1}
    html = Report(plan=plan, before=graph, after=graph, replay=replay, monitoring=data).html
    assert "path mix changed" in html
    assert f"{found.runs} runs, 2026-03-01 to 2026-03-14" in html


def _saving():
    names = ("chooser", "continue", "over_fetch", "chooser_over_fetch", "chooser_repeats", "continue_repeats")
    whole = {"meta_tools": 1, "net_tokens": 0, "chooser_net_tokens": 0, "net": NET}
    return {**dict.fromkeys([*names, "installed"], 0.0), **whole}


def test_no_runs_and_no_meta_tools_are_no_error(plan):
    """A new store, an empty toolkit."""
    nothing = monitor_traces([], plan, prices=PRICES)
    assert (nothing.runs, nothing.decision.action, nothing.decision.until) == (0, "wait", None)
    assert str(monitor_traces([], ToolkitPlan(), prices=PRICES)) == "toolkit: wait (too little data)"


def test_too_few_runs_say_until_when_to_wait(traces_of, plan):
    """Five runs of the first day."""
    first = sorted(traces_of("healthy"), key=lambda trace: trace.started_at)[:5]
    found = monitor_traces(first, plan, prices=PRICES)
    waiting = [each.decision for each in found.meta_tools if each.decision.cause == "too_little_data"]
    assert waiting
    assert all(each.until.isoformat() > "2026-03-01" for each in waiting)
    assert "5 tasks, at least 30 are needed" in found.drift.sentence


def test_in_words_it_is_one_line_for_each(watched):
    assert repr(watched("ignored")) == "<Monitoring of 120 runs: adjust (seldom chosen)>"
    lines = str(watched("ignored")).splitlines()
    assert lines[-1] == "toolkit: adjust (seldom chosen)"
    assert any(line.endswith("change mode to continue (seldom chosen)") for line in lines)


def test_the_function_reads_paths(histories):
    found = awo.monitor(histories / "healthy.db", histories / "toolkit.json")
    assert found.decision.action == "keep"
    assert any("does not have back-office-policy" in note for note in found.notes)
