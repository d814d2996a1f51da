"""An estimate adds up from what was recorded, and says plainly when it is not worth it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import langchain_awo as awo
from langchain_awo.capture.importers.messages import import_messages
from langchain_awo.errors import CompileError, EstimateError, PriceError
from langchain_awo.model.trace.trace import TokenUsage
from langchain_awo.monitoring.estimate import estimate_saving
from langchain_awo.monitoring.prices import Price, PriceTable
from langchain_awo.monitoring.worth import Assumptions, estimate_month, find_break_even
from tests.cli.recordings import order_run, talk_only

CHEAP, DEAR = Price(input=1, cached=0.1, output=4), Price(input=100, cached=10, output=400)
TABLE = PriceTable(currency="EUR", models={"m": CHEAP, "mid": Price(input=10, output=40), "dear": DEAR})


@pytest.fixture
def traces():
    """Forty runs of two tool calls and an answer; each model call reads 1,000 tokens, 400 of them cached, and writes 50."""
    usage = TokenUsage(input_tokens=1_000, cached_tokens=400, output_tokens=50)
    found = [trace_of(order_run(number)) for number in range(40)]
    return [
        replace(trace, model_calls=tuple(replace(call, usage=usage) for call in trace.model_calls))
        for trace in found
    ]


def trace_of(run):
    return next(iter(import_messages([json.dumps(run)])))


def estimate(traces, **options):
    return estimate_saving(traces, table=options.pop("table", TABLE), **options)


def test_a_run_costs_what_was_recorded_and_saves_what_the_saved_call_cost(traces):
    found = estimate(traces)
    model = found.models[0]
    assert (model.model, model.recorded) == ("m", True)
    call = CHEAP.cost(TokenUsage(input_tokens=1_000, cached_tokens=400, output_tokens=50))
    assert model.run == pytest.approx(3 * call)
    saved = found.ways[0].expected
    assert saved.model_calls == found.runs
    assert abs(saved.tokens / found.runs - 1_050) <= 50 + saved.margin / found.runs
    assert model.saved == min(model.saved_cached, model.saved_uncached) > 0
    assert found.recorded_usage == 1
    assert found.model_calls == 3 * found.runs


def test_a_month_is_so_many_runs(traces):
    found = estimate(traces, runs_a_day=50)
    rows = {each.runs_a_day: each for each in found.models[0].months}
    assert list(rows) == [10, 50, 100, 1000]
    assert rows[50].model_calls == 50 * 30
    assert rows[50].tokens == pytest.approx(50 * 30 * found.ways[0].expected.tokens / found.runs, abs=1)
    assert rows[50].saved == pytest.approx(50 * 30 * found.models[0].saved, abs=0.01)


def test_the_schemas_of_appended_meta_tools_are_taken_off_at_any_utilisation(traces):
    never = estimate(traces, assumptions=Assumptions(utilisation=0))
    append = next(way for way in never.ways if way.name == "append")
    assert append.possible.model_calls > 0
    assert append.schemas > 0
    assert append.expected.model_calls == 0
    assert append.expected.tokens == -append.schemas * never.model_calls


def test_prompt_caching_is_an_assumption_with_a_figure_on_both_sides(traces):
    """What stood in the prompt before costs the price of cached tokens; where a table has none, nothing is cheaper."""
    found = estimate(traces, assumptions=Assumptions(utilisation=0))
    append = next(way for way in found.ways if way.name == "append")
    assert append.money(CHEAP, cached=False) == pytest.approx(append.expected.input * 1 / 1e6)
    cached = (append.expected.fresh + 0.1 * append.expected.reread) / 1e6
    assert append.money(CHEAP, cached=True) == pytest.approx(cached)
    plain = Price(input=1, output=4)
    assert append.money(plain, cached=True) == append.money(plain, cached=False)


def test_it_is_not_worth_it_at_few_runs_a_day_and_the_reason_says_from_how_many_on(traces):
    found = estimate(traces, runs_a_day=10)
    assert not found.worth_it
    assert found.reason.startswith("Not worth it at 10 runs a day with m: it saves EUR")
    edge = found.models[0].break_even
    assert f"From {edge:,} runs a day" in found.reason
    assert estimate(traces, runs_a_day=edge).worth_it
    assert not estimate(traces, runs_a_day=edge - 1).worth_it


def test_free_work_makes_any_saving_worth_it(traces):
    found = estimate(traces, runs_a_day=1, assumptions=Assumptions(hourly_rate=0))
    assert found.worth_it
    assert found.models[0].break_even == 1


def test_a_dearer_model_needs_fewer_runs(traces):
    found = estimate(traces, priced_as=["m", "dear"])
    assert [each.recorded for each in found.models] == [True, False]
    cheap, dear = found.models
    assert dear.saved == pytest.approx(100 * cheap.saved)
    assert dear.break_even < cheap.break_even


def test_traces_of_a_model_without_a_price_are_priced_as_median_cheapest_and_dearest(traces):
    unknown = [
        replace(trace, model="x", model_calls=tuple(replace(call, model="") for call in trace.model_calls))
        for trace in traces
    ]
    found = estimate(unknown)
    assert [each.model for each in found.models] == ["mid", "m", "dear"]
    assert not any(each.recorded for each in found.models)


def test_usage_that_was_not_recorded_is_estimated_and_said(traces):
    bare = [trace_of(order_run(number)) for number in range(20)]
    found = estimate([*bare, *traces[20:]])
    assert found.recorded_usage == 0.5
    assert found.usage.input_tokens > 0


def test_without_a_routine_there_is_nothing_to_adopt():
    talks = [trace_of(talk_only() | {"id": str(n), "task_id": str(n)}) for n in range(10)]
    found = estimate(talks)
    assert not found.worth_it
    assert "no routine held up" in found.reason
    assert found.models[0].break_even is None


def test_the_same_traces_in_any_order_give_the_same_estimate(traces):
    assert estimate(traces) == estimate(traces[::-1])


def test_the_public_function_reads_paths(traces, tmp_path):
    with awo.open_store(tmp_path / "traces.db") as store:
        store.append(traces)
    path = tmp_path / "prices.yaml"
    path.write_text("currency: EUR\nmodels: {m: {input: 1, cached: 0.1, output: 4}}")
    found = awo.estimate(tmp_path / "traces.db", prices=path)
    assert found == estimate(traces)
    assert str(found) == found.reason


def test_what_makes_no_sense_is_refused(traces):
    with pytest.raises(EstimateError, match="runs_a_day is 0"):
        estimate(traces, runs_a_day=0)
    with pytest.raises(EstimateError, match="between 0 and 1"):
        Assumptions(utilisation=1.5)
    with pytest.raises(EstimateError, match="setup_hours is -1"):
        Assumptions(setup_hours=-1)
    with pytest.raises(EstimateError, match="payback_months"):
        Assumptions(payback_months=0)
    with pytest.raises(PriceError, match="does not list 'med'; it has mid"):
        estimate(traces, priced_as=["med"])
    with pytest.raises(PriceError, match="is empty"):
        estimate(traces, table=PriceTable())
    with pytest.raises(CompileError, match="record more tasks"):
        estimate(traces[:1])


def test_what_never_pays_back_says_so():
    assumed = Assumptions(setup_hours=1, upkeep_hours=1, hourly_rate=30)
    assert estimate_month(1, model_calls=1, tokens=1, money=0.5, assumptions=assumed).payback_months is None
    assert find_break_even(0, assumed) is None
    assert find_break_even(-1, assumed) is None
