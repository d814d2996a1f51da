"""Where `replace` hides a tool that an agent wants for something else, nobody can know what it does: the ledger says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

import langchain_awo as awo
from langchain_awo.monitoring.monitor import monitor_traces
from langchain_awo.monitoring.prices import PriceTable
from langchain_awo.optimizer.log.corpus import build_corpus
from langchain_awo.optimizer.replay.evaluate import replay_report
from langchain_awo.optimizer.replay.installed import replay_installed
from tests.optimizer.notation import traces_of
from tests.wrong.shop import RUNS, TOOLS

ALONE = 'get_customer(customer_id=c77) -> "the customer c77"'
"""A run that needs one of the tools for something else."""


@pytest.fixture(scope="module")
def plan():
    return awo.compile_toolkit(traces_of(RUNS), tools=TOOLS).plan


def test_no_run_is_stranded_where_the_routine_is_all_that_its_tools_are_for(plan):
    corpus = build_corpus(traces_of(RUNS))
    assert replay_installed(plan.meta_tools, corpus, mode="replace").stranded == frozenset()


def test_runs_that_need_a_hidden_tool_are_counted_and_only_in_replace_mode(plan):
    corpus = build_corpus(traces_of(f"{RUNS}\n{ALONE}\n{ALONE}"))
    assert len(replay_installed(plan.meta_tools, corpus, mode="replace").stranded) == 2
    for mode in ("append", "continue", "entry", "prefetch"):
        assert replay_installed(plan.meta_tools, corpus, mode=mode).stranded == frozenset()


def test_a_run_that_wants_only_a_part_of_the_routine_is_one_of_them(plan):
    part = 'get_order(order_id=o77) -> {"customer": "c77"}'
    corpus = build_corpus(traces_of(f"{RUNS}\n{part}"))
    assert len(replay_installed(plan.meta_tools, corpus, mode="replace").stranded) == 1


def test_a_replay_says_in_how_many_runs_it_does_not_know(plan):
    hiding = [replace(each, mode="replace") for each in plan.meta_tools]
    assert replay_report(traces_of(f"{RUNS}\n{ALONE}"), hiding).as_json()["result"]["stranded"] == 1


@pytest.mark.parametrize(("others", "action"), [([], "change_mode"), ([ALONE], "reword")])
def test_monitoring_advises_it_only_where_no_run_would_miss_a_tool(plan, others, action):
    """Models never chose the meta-tool in forty runs that had it beside the tools it calls."""
    asking = replace(
        plan.meta_tools[0], steps=tuple(replace(each, eager=False) for each in plan.meta_tools[0].steps)
    )
    runs = traces_of("\n".join([RUNS] * 4 + others))
    offered = [
        replace(each, metadata={"awo": {"modes": {asking.name: "append"}, "held_out": False}})
        for each in runs
    ]
    found = monitor_traces(offered, replace(plan, meta_tools=(asking,)), prices=PriceTable())
    (watched,) = found.meta_tools
    assert (watched.decision.action, watched.decision.mode) == (
        action,
        "replace" if action == "change_mode" else "",
    )
