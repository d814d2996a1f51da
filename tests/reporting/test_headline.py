"""The headline quotes what was verified blind, and says how sure it is."""

from __future__ import annotations

import re

from langchain_awo.ledger.balance import Balance
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.trace.trace import ModelCallRecord, Trace
from langchain_awo.monitoring.prices import Price, PriceTable
from langchain_awo.monitoring.quoting import with_money
from langchain_awo.optimizer.replay.saving import Saving
from tests.reporting.material import REPLAY, meta_tool, report_of
from tests.reporting.test_page import graph

TABLE = PriceTable(currency="EUR", models={"m": Price(input=2, cached=0.5, output=8)})


def saving(*tasks):
    names = (
        "chooser",
        "continue_",
        "over_fetch",
        "chooser_over_fetch",
        "chooser_repeats",
        "continue_repeats",
    )
    counts = ("net_tokens", "chooser_net_tokens", "unwanted_writes", "meta_tools")
    return Saving(
        **dict.fromkeys(names, 0.0), **dict.fromkeys(counts, 0), blind=0.0, blind_over_fetch=0.0, parts={},
        blind_parts={}, installed=0.5, by_task=tasks,
    )  # fmt: skip


def balance(fresh, reread, **more):
    return Balance(model_calls=1, fresh=fresh, reread=reread, output=10, **more)


def headline(**more):
    page = report_of(graph(), plan=ToolkitPlan(meta_tools=(meta_tool(),)), **more).html
    found = re.search(r'<p class="headline">(.*?)</p>', page, re.DOTALL)
    return " ".join(re.sub("<[^>]+>", " ", found[1]).split())


def test_it_has_calls_and_tokens_with_their_intervals_and_with_prompt_caching():
    said = headline(evaluation={**REPLAY, "tasks_held_out": 7, "tasks_train": 7})
    assert said.startswith(
        "On 7 tasks that were not used to find them, meta-tools save 3 of 12 model calls (1 to 5),"
    )
    assert said.endswith("120 tokens (80 to 160; 30 with prompt caching).")


def test_without_held_out_tasks_it_says_that_it_was_replayed():
    assert headline().startswith("Replayed on these traces, meta-tools save 3 of 12 model calls")


def test_money_is_priced_by_kind_of_token_with_caching_and_without():
    found = saving(balance(1_000_000, 2_000_000), balance(1_000_000, 2_000_000))
    measured = {**REPLAY, "result": {**REPLAY["result"], **found.as_json()}}
    traces = [Trace(trace_id="t", model_calls=(ModelCallRecord(model="m"),))]
    priced = with_money(measured, found, traces, TABLE)
    money = priced["result"]["net"]["money"]
    assert round(money["uncached"]["value"], 3) == 12.0
    assert round(money["cached"]["value"], 3) == 6.0
    assert "EUR 12.00 (12.00 to 12.00; 6.00 with prompt caching)" in headline(
        evaluation={**priced, "tasks_train": 1, "tasks_held_out": 2}
    )
    assert with_money(measured, found, traces, PriceTable()) == measured


def test_the_interval_is_wider_where_tasks_differ_and_where_tokens_are_estimated():
    same = saving(*[balance(100, 0)] * 5).tokens
    differing = saving(*(balance(100 * n, 0) for n in range(5))).tokens
    estimated = saving(*[balance(100, 0, margin=20)] * 5).tokens
    assert same.low == same.high == same.value
    assert differing.low < differing.value < differing.high
    assert (estimated.low, estimated.high) == (same.value - 100, same.value + 100)
