"""Each way to decide, on figures made up for it."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from langchain_awo.ledger.interval import Interval
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.monitoring.bindings import Violation
from langchain_awo.monitoring.decisions import Decision, Period, decide, decide_toolkit
from langchain_awo.monitoring.drift import Drift, measure_drift
from langchain_awo.monitoring.findings import Finding, NetSaving
from langchain_awo.monitoring.intervals import Share
from langchain_awo.monitoring.usage import StoppedAt
from langchain_awo.optimizer.log.variants import OTHER, keep_frequent
from tests.reporting.material import meta_tool

NO_DRIFT = Drift(before=100, now=100, p_value=0.5, moved=0.02)
DRIFT = Drift(before=100, now=100, p_value=1e-9, moved=0.4, most=("a > b", 0.5, 0.1))
PERIOD = Period(date(2026, 3, 1), date(2026, 3, 10))


def interval(value):
    return Interval(value=value, low=value - 1, high=value + 1)


def finding(used, applied, **more):
    """A meta-tool that 100 runs had."""
    known = {
        "meta_tool": meta_tool(),
        "mode": "append",
        "runs": 120,
        "offered": 100,
        "uses": used,
        "utilisation": Share(used, applied),
        "completed": Share(used, used),
        "success": Share(0, 0),
        "success_without": Share(0, 0),
        "hand_backs": (),
        "made": 2 * used,
        "wasted": 0,
        "saved": float(used),
        "savings": NetSaving(
            model_calls=interval(0.3), tokens=interval(50), cost=interval(0), seconds=interval(0)
        ),
    }
    return Finding(**{**known, **more})


COSTS = NetSaving(
    model_calls=Interval(value=0.0, low=0.0, high=0.0),
    tokens=Interval(value=-90, low=-100, high=-80),
    cost=interval(0),
    seconds=interval(0),
)
PAYS = replace(COSTS, model_calls=Interval(value=0.1, low=0.05, high=0.15), tokens=interval(90))
CALLS_ONLY = replace(PAYS, tokens=interval(0.5))
TOKENS_ONLY = replace(PAYS, model_calls=interval(0.1))
EAGER = replace(meta_tool(), steps=(meta_tool().steps[0], replace(meta_tool().steps[1], eager=True)))
BROKEN = Violation(step=2, tool="get_order", p_value=1e-6, sentence="step 2 held in 3 of 40 places")
STOPPED = StoppedAt(step=2, tool="get_order", cause="failed", reason="no such order")


@pytest.mark.parametrize(
    ("found", "drift", "expected"),
    [
        (finding(30, 40), NO_DRIFT, ("keep", "none", "")),
        (finding(30, 40), DRIFT, ("keep", "none", "")),
        (finding(8, 8), NO_DRIFT, ("keep", "none", "")),
        (
            finding(30, 40, changed=("get_order: argument 'id' is gone",)),
            NO_DRIFT,
            ("recompile", "member_changed", ""),
        ),
        (finding(0, 0, offered=0), DRIFT, ("wait", "not_installed", "")),
        (finding(3, 40), DRIFT, ("recompile", "path_mix_changed", "")),
        (finding(0, 0), DRIFT, ("recompile", "path_mix_changed", "")),
        (finding(3, 40, violations=(BROKEN,)), NO_DRIFT, ("recompile", "bindings_violated", "")),
        (finding(30, 40, violations=(BROKEN,)), NO_DRIFT, ("recompile", "bindings_violated", "")),
        (
            finding(30, 40, completed=Share(5, 30), hand_backs=((STOPPED, 25),)),
            NO_DRIFT,
            ("recompile", "handed_back", ""),
        ),
        (finding(30, 40, savings=COSTS), NO_DRIFT, ("retire", "costs_more_than_it_saves", "")),
        (finding(0, 40, meta_tool=EAGER), NO_DRIFT, ("change_mode", "seldom_chosen", "continue")),
        (finding(0, 40, savings=COSTS), NO_DRIFT, ("change_mode", "seldom_chosen", "replace")),
        (finding(4, 40, savings=COSTS), NO_DRIFT, ("retire", "costs_more_than_it_saves", "")),
        (finding(4, 40), NO_DRIFT, ("reword", "seldom_chosen", "")),
        (finding(4, 40, mode="continue"), NO_DRIFT, ("change_mode", "fetched_in_vain", "append")),
        (finding(4, 40, mode="continue", savings=COSTS), NO_DRIFT, ("retire", "fetched_in_vain", "")),
        (finding(18, 40, mode="continue", savings=PAYS), NO_DRIFT, ("keep", "none", "")),
        (
            finding(18, 40, mode="continue", savings=CALLS_ONLY),
            NO_DRIFT,
            ("change_mode", "fetched_in_vain", "append"),
        ),
        (
            finding(18, 40, mode="continue", savings=TOKENS_ONLY),
            NO_DRIFT,
            ("change_mode", "fetched_in_vain", "append"),
        ),
        (finding(0, 40, mode="entry"), NO_DRIFT, ("change_mode", "seldom_chosen", "append")),
        (
            finding(0, 40, mode="entry", meta_tool=EAGER),
            NO_DRIFT,
            ("change_mode", "seldom_chosen", "continue"),
        ),
        (finding(18, 40, mode="append", savings=PAYS), NO_DRIFT, ("reword", "seldom_chosen", "")),
        (finding(18, 40, mode="continue", savings=PAYS), DRIFT, ("recompile", "path_mix_changed", "")),
        (finding(2, 3), NO_DRIFT, ("wait", "too_little_data", "")),
        (
            finding(0, 1, offered=400, savings=COSTS),
            NO_DRIFT,
            ("raise_threshold", "seldom_applies", ""),
        ),
    ],
)
def test_a_meta_tool_is_decided_by_its_figures(found, drift, expected):
    decision = decide(found, drift, PERIOD)
    assert (decision.action, decision.cause, decision.mode) == expected
    assert decision.evidence


def test_what_is_kept_at_a_price_says_so():
    """It saves model calls, and its schema takes more tokens than they would."""
    dear = replace(COSTS, model_calls=interval(0.3))
    decision = decide(finding(30, 40, savings=dear), NO_DRIFT, PERIOD)
    assert decision.action == "keep"
    assert "more tokens than it saves" in decision.evidence[-1]
    assert len(decide(finding(30, 40), NO_DRIFT, PERIOD).evidence) == 2


def test_what_waits_is_looked_at_when_there_will_be_enough():
    """It applied in 3 runs of ten days: 27 more come in ninety."""
    assert decide(finding(2, 3), NO_DRIFT, PERIOD).until == date(2026, 6, 8)
    assert decide(finding(9, 15), NO_DRIFT, PERIOD).until == date(2026, 3, 20)
    assert decide(finding(30, 40), NO_DRIFT, PERIOD).until == date(2026, 3, 24)
    assert decide(finding(2, 3), NO_DRIFT, Period()).until is None


def test_a_toolkit_gets_the_most_that_one_of_its_meta_tools_wants():
    kept = ("a", Decision(action="keep", cause="none", until=date(2026, 3, 24)))
    waits = ("b", Decision(action="wait", cause="too_little_data", until=date(2026, 3, 20)))
    reword = ("c", Decision(action="reword", cause="seldom_chosen"))
    again = ("d", Decision(action="recompile", cause="bindings_violated"))
    for parts, action, cause in (
        ([kept, waits, reword, again], "recompile", "bindings_violated"),
        ([kept, waits, reword], "adjust", "seldom_chosen"),
        ([kept, waits], "keep", "none"),
        ([waits], "wait", "too_little_data"),
        ([("e", Decision(action="wait", cause="not_installed"))], "wait", "not_installed"),
        ([], "wait", "too_little_data"),
    ):
        decision = decide_toolkit(parts, NO_DRIFT, PERIOD)
        assert (decision.action, decision.cause) == (action, cause)
    assert decide_toolkit([kept, waits], NO_DRIFT, PERIOD).until == date(2026, 3, 20)


def mixed(**paths):
    return ToolkitPlan(corpus={"paths": paths})


def test_an_equal_mix_is_no_drift_and_another_one_is():
    plan = mixed(a=60, b=30, c=10)
    assert not measure_drift({"a": 58, "b": 34, "c": 8}, plan).is_significant
    other = measure_drift({"a": 20, "b": 30, "d": 50}, plan)
    assert other.is_significant
    assert other.moved == pytest.approx(0.5)
    assert other.most == ("d", 0.0, 0.5)


def test_the_g_test_is_that_of_the_textbook():
    """Twice the sum of O ln(O / E) is 20.93, with two degrees of freedom."""
    drift = measure_drift({"a": 10, "b": 20, "c": 30}, mixed(a=30, b=20, c=10))
    assert drift.p_value == pytest.approx(2.85e-05, rel=0.02)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=2, max_size=8))
def test_the_g_test_is_that_of_scipy(counts):
    names = [f"p{number}" for number in range(len(counts))]
    then, now = (dict(zip(names, (pair[side] + 20 for pair in counts), strict=True)) for side in (0, 1))
    table = [list(then.values()), list(now.values())]
    known = chi2_contingency(table, lambda_="log-likelihood").pvalue
    assert measure_drift(now, mixed(**then)).p_value == pytest.approx(known)


def test_rare_paths_are_counted_together_and_a_large_sample_alone_is_no_drift():
    """A difference of two in a hundred is significant among a million runs, and does not matter."""
    rare = {f"p{number}": 1 for number in range(40)}
    assert not measure_drift(
        {"a": 60, **{f"q{number}": 1 for number in range(40)}}, mixed(a=60, **rare)
    ).is_significant
    large = measure_drift({"a": 520_000, "b": 480_000}, mixed(a=500_000, b=500_000))
    assert large.p_value < 1e-6
    assert not large.is_significant


def test_equal_mixes_with_a_long_tail_are_seldom_taken_for_drift():
    """Paths drawn from one distribution with hundreds of rare ones: p is below 0.05 about one time in twenty."""
    chance = random.Random(5)  # noqa: S311  # not a secret
    paths = [f"p{number}" for number in range(400)]
    weights = [1 / (number + 1) for number in range(400)]
    below = significant = 0
    for _ in range(400):
        then, later = (Counter(chance.choices(paths, weights, k=150)) for _ in range(2))
        drift = measure_drift(later, ToolkitPlan(corpus={"paths": keep_frequent(then)}))
        below += drift.p_value < 0.05
        significant += drift.is_significant
    assert 0.02 <= below / 400 <= 0.08
    assert significant <= 2


def test_a_path_that_is_new_is_named_also_where_the_toolkit_lists_only_the_frequent_ones():
    then = {"a": 60, **{f"r{number}": 1 for number in range(40)}}
    drift = measure_drift({"a": 40, "new": 60}, ToolkitPlan(corpus={"paths": keep_frequent(then)}))
    assert drift.is_significant
    assert drift.most == ("new", 0.0, 0.6)


def test_paths_that_a_toolkit_does_not_list_are_its_others():
    plan = ToolkitPlan(corpus={"paths": {"a": 50, OTHER: 50}})
    assert not measure_drift({"a": 50, **{f"x{number}": 1 for number in range(50)}}, plan).is_significant
    assert measure_drift({"a": 50, "x": 50}, plan).is_significant


@pytest.mark.parametrize("corpus", [{}, {"paths": None}, {"paths": {"a": "many"}}, {"paths": {"a": 3}}])
def test_without_evidence_nothing_is_tested(corpus):
    drift = measure_drift({"a": 100}, ToolkitPlan(corpus=corpus))
    assert drift.p_value is None
    assert "could not be tested" in drift.sentence
