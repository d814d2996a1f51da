"""Runs are settled one by one, and none is kept."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest

from langchain_awo.model.trace.trace import Trace
from langchain_awo.monitoring.ledger import Amount
from langchain_awo.monitoring.monitor import monitor_runs, monitor_traces
from langchain_awo.monitoring.prices import PriceTable
from langchain_awo.optimizer.counting.sample import Bounds
from langchain_awo.optimizer.counting.summary import summarize

SMALL = Bounds(fair=60, rare=5, all_rare=40)


@pytest.mark.parametrize("name", ["experiment"])
def test_with_a_sample_every_run_is_still_in_the_books(traces_of, plan, name):
    """Only what stands around a message, and what is tried on calls of agents, is taken from the sample."""
    traces = traces_of(name)
    log = summarize(traces, bounds=SMALL)
    assert not log.sampled().is_whole
    some = monitor_runs(iter(traces), log, plan, prices=PriceTable())
    whole = monitor_traces(traces, plan, prices=PriceTable())
    assert some.ledger.recorded == whole.ledger.recorded
    assert sum(some.ledger.lines.values(), Amount()).tokens == whole.ledger.recorded.tokens
    for figure in ("runs", "with_toolkit", "held_out", "period", "experiment", "drift"):
        assert getattr(some, figure) == getattr(whole, figure)
    for one, other in zip(some.meta_tools, whole.meta_tools, strict=True):
        assert one.found.utilisation == other.found.utilisation
        assert (one.found.uses, one.found.completed) == (other.found.uses, other.found.completed)
    assert some.ledger.total.model_calls == pytest.approx(whole.ledger.total.model_calls, rel=0.2)


def test_no_run_is_kept(traces_of, plan):
    traces = traces_of("healthy")[:40]
    alive = []

    def stream():
        for trace in traces:
            yield replace(trace, trace_id=f"passing {trace.trace_id}")
        found = (each for each in gc.get_objects() if type(each) is Trace)
        alive.append(sum(each.trace_id.startswith("passing ") for each in found))

    monitor_runs(stream(), summarize(traces, bounds=SMALL), plan, prices=PriceTable())
    assert alive[0] <= 1
