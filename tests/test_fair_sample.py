"""What is measured on a large log is measured on a fair, bounded sample of it, and says so."""

from dataclasses import replace
from functools import partial

import pytest
from typer.testing import CliRunner

import langchain_awo as awo
from langchain_awo.api import partitions, reporter
from langchain_awo.api.partitions import draw_fair_sample
from langchain_awo.cli.app import app
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.optimizer.counting.sample import Bounds
from langchain_awo.plan_file import write_plan
from langchain_awo.stores import open_store
from langchain_awo.testing import generate_world, play

SMALL = Bounds(fair=120, rare=1, all_rare=1)


@pytest.fixture(scope="module")
def traces():
    """The runs of a world."""
    return play(generate_world(3), 60)


@pytest.fixture(scope="module")
def store(traces, tmp_path_factory):
    """The same in a store."""
    path = tmp_path_factory.mktemp("fair") / "traces.db"
    with open_store(path) as opened:
        opened.append(traces)
    return path


def test_a_small_log_is_measured_whole(traces):
    """Sorted by trace id."""
    found = draw_fair_sample(traces)
    assert found.is_whole
    assert found.traces == sorted(traces, key=lambda trace: trace.trace_id)


def test_a_large_log_is_measured_on_a_bounded_part(traces):
    """The same part in whatever order the traces come, whichever tools are rare."""
    found = draw_fair_sample(traces, bounds=SMALL)
    assert found == draw_fair_sample(reversed(traces), bounds=SMALL)
    assert (found.is_whole, found.of) == (False, 60)
    sizes = [len(trace.tool_calls) for trace in found.traces]
    assert SMALL.fair <= sum(sizes) < SMALL.fair + max(sizes)


def test_one_endless_run_is_cut(traces):
    """Its beginning is measured, so that no single trace takes all the memory there is."""
    longest = max(traces, key=lambda trace: len(trace.tool_calls))
    repeated = [
        replace(call, call_id=f"{number}", model_call=None)
        for number, call in enumerate(longest.tool_calls * 20)
    ]
    endless = replace(longest, tool_calls=tuple(repeated))
    (kept,) = draw_fair_sample([endless], bounds=SMALL).traces
    assert len(kept.tool_calls) == Bounds().longest < len(endless.tool_calls)


@pytest.mark.parametrize("verb", ["evaluate", "estimate", "replay"])
def test_the_verbs_say_so(verb, store, tmp_path, monkeypatch):
    """On stderr, with the size of the whole."""
    monkeypatch.setattr(partitions, "draw_fair_sample", partial(draw_fair_sample, bounds=SMALL))
    toolkit = tmp_path / "toolkit.json"
    write_plan(ToolkitPlan(), toolkit)
    more = ["--toolkit", str(toolkit)] if verb == "replay" else []
    result = CliRunner().invoke(app, [verb, str(store), *more])
    assert result.exit_code in (0, 1), result.output
    assert " of 60 traces, a fair sample" in result.stderr


def test_a_report_says_so(store, monkeypatch):
    """Its graphs and savings are of the sample."""
    monkeypatch.setattr(reporter, "REPORTED", SMALL)
    report = awo.report(store, ToolkitPlan(), evaluated=False)
    assert report.source.startswith("traces.db (graphs and savings: a fair sample of ")
    assert report.source.endswith(" of 60 runs)")
