"""The books add up to what was recorded, to the token; and a use is worth what it was used for."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import pytest

from langchain_awo.model.trace.trace import ModelCallRecord, TokenUsage
from langchain_awo.monitoring.bookkeeping import Bookkeeper
from langchain_awo.monitoring.judging import judge
from langchain_awo.monitoring.ledger import Amount, sum_ledgers
from langchain_awo.monitoring.monitor import monitor_traces
from langchain_awo.monitoring.observing import build_observed_corpus, observe
from langchain_awo.monitoring.prices import Price, PriceTable

PRICES = PriceTable(models={"back-office-policy": Price(input=2, cached=0.5, output=8)})


def books(traces, plan, *, prices=PRICES):
    """Each run with its judged uses and its ledger."""
    corpus = build_observed_corpus(traces, plan)
    observed = [observe(trace, corpus, plan) for trace in sorted(traces, key=lambda trace: trace.trace_id)]
    keeper = Bookkeeper.of(plan, corpus, prices, traces)
    meta_tools = {each.name: each for each in plan.meta_tools}
    found = []
    for seen in observed:
        judged = judge(seen, meta_tools)
        found.append((seen, judged, keeper.books(seen, judged)))
    return found


@pytest.mark.parametrize("name", ["healthy", "drifted", "ignored", "changed", "experiment"])
def test_the_lines_add_up_to_the_recorded_usage(traces_of, plan, name):
    """For every run and for all of them, in tokens and model calls exactly, in money to the rounding of floats."""
    traces = traces_of(name)
    parts = [ledger for _, _, ledger in books(traces, plan)]
    for trace, part in zip(sorted(traces, key=lambda trace: trace.trace_id), parts, strict=True):
        assert sum(part.lines.values(), Amount()).tokens == sum(
            c.usage.total_tokens for c in trace.model_calls
        )
    whole = sum_ledgers(parts)
    total = sum(whole.lines.values(), Amount())
    calls = [call for trace in traces for call in trace.model_calls]
    assert total.model_calls == whole.recorded.model_calls == len(calls)
    assert total.input_tokens == whole.recorded.input_tokens == sum(c.usage.input_tokens for c in calls)
    assert total.output_tokens == whole.recorded.output_tokens == sum(c.usage.output_tokens for c in calls)
    assert total.cost == pytest.approx(whole.recorded.cost)
    assert min(each.input_tokens for each in whole.lines.values()) >= 0


def test_the_net_is_what_was_saved_less_what_the_toolkit_took(traces_of, plan):
    whole = sum_ledgers(ledger for _, _, ledger in books(traces_of("healthy"), plan))
    saved = sum(whole.saved.values(), Amount())
    own = sum(
        (each for (purpose, _), each in whole.lines.items() if purpose in ("schema", "over_fetch")), Amount()
    )
    assert whole.total.tokens == saved.tokens - own.tokens
    assert own.tokens > 0
    assert whole.total.model_calls == pytest.approx(saved.model_calls)
    assert whole.total.cost == pytest.approx(saved.cost - own.cost)


def test_what_is_estimated_as_saved_is_no_more_than_a_replay_of_the_runs_without_it(traces_of, plan):
    """The same tasks were done by a model that ignores the toolkit: that is what they take."""
    with_it, without = traces_of("healthy"), traces_of("ignored")
    really = sum(len(trace.model_calls) for trace in without) - sum(
        len(trace.model_calls) for trace in with_it
    )
    estimated = sum_ledgers(ledger for _, _, ledger in books(with_it, plan)).total.model_calls
    assert 0.5 * really < estimated <= really


def test_schemas_never_take_more_than_the_prompt(traces_of, plan):
    """A provider that reports next to nothing gives lines that are never below zero."""
    usage = TokenUsage(input_tokens=3, output_tokens=1)
    trace = traces_of("healthy")[0]
    tiny = replace(trace, model_calls=tuple(replace(call, usage=usage) for call in trace.model_calls))
    ((_, _, ledger),) = books([tiny], plan)
    assert all(each.input_tokens >= 0 for each in ledger.lines.values())
    assert sum(ledger.lines.values(), Amount()).tokens == 4 * len(trace.model_calls)


def test_calls_without_usage_and_models_without_a_price_are_named(traces_of, plan):
    trace = traces_of("healthy")[0]
    blind = replace(trace, model_calls=(*trace.model_calls, ModelCallRecord(model="nobody's")))
    ((_, _, ledger),) = books([blind], plan, prices=PriceTable())
    assert ledger.unreported == 1
    assert ledger.unpriced == {"back-office-policy"}
    assert ledger.recorded.cost == 0


def test_a_use_saves_no_more_than_it_made(traces_of, plan):
    judged = [each for _, found, _ in books(traces_of("healthy"), plan) for each in found]
    assert len(judged) > 50
    for each in judged:
        assert each.model_calls <= each.made
        assert 0 <= each.wasted <= each.made


def test_what_was_fetched_for_nothing_saves_nothing(traces_of, plan):
    """A use saves no more model calls than it made calls that somebody wanted."""
    recorded = [trace for name in ("healthy", "drifted", "experiment") for trace in traces_of(name)]
    judged = [each for _, found, _ in books(recorded, plan) for each in found]
    assert any(0 < each.wasted < each.made for each in judged)
    assert all(each.model_calls <= each.made - each.wasted for each in judged)


def test_what_nobody_can_know_lies_between_the_least_and_the_most(traces_of, plan):
    """The same tasks were done by a model that ignores the toolkit: that is what they take."""
    with_it, without = traces_of("healthy"), traces_of("ignored")
    really = sum(len(trace.model_calls) for trace in without) - sum(
        len(trace.model_calls) for trace in with_it
    )
    found = monitor_traces(with_it, plan, prices=PRICES)
    assert found.ledger.total.model_calls <= really <= found.most.model_calls
    assert found.as_json()["ledger"]["net_most"]["model_calls"] == pytest.approx(found.most.model_calls)


def test_calls_that_ran_side_by_side_give_the_same_in_whatever_order_they_were_recorded(traces_of, plan):
    traces = traces_of("healthy")[:30]
    turned = [replace(each, tool_calls=tuple(_turn_steps(each.tool_calls))) for each in traces]
    assert turned != traces
    one, other = (monitor_traces(each, plan, prices=PRICES) for each in (traces, turned))
    assert one.as_json()["ledger"] == other.as_json()["ledger"]


def _turn_steps(calls):
    """The calls, those of each step of a meta-tool the other way round."""
    for _, group in groupby(calls, key=lambda call: (call.replay, call.parent_id)):
        own = list(group)
        yield from reversed(own) if own[0].replay else own
