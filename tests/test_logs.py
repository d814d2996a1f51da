"""A log is read twice and never held: counted and sampled first, then run by run."""

import random
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from typer.testing import CliRunner

import langchain_awo as awo
from langchain_awo.api.logs import Threads, read_log
from langchain_awo.cli import app
from langchain_awo.cli.reading import Reading, count
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.trace.thread import join_threads
from langchain_awo.optimizer.counting.sample import Bounds
from langchain_awo.plan_file import write_plan
from langchain_awo.stores import open_store, sql_outlines
from langchain_awo.stores.parquet_export import export_parquet
from langchain_awo.testing import generate_world, play

SMALL = Bounds(fair=40, rare=1, all_rare=1)
DAY = 86_400


@pytest.fixture(scope="module")
def traces():
    """Runs of a world, some of them turns of one conversation, on ten days."""
    runs = play(generate_world(5), 50)
    return [
        replace(
            run,
            trace_id=f"run {number}",
            thread_id=f"thread {number % 9}" if number % 3 == 0 else None,
            task_id=None,
            started_at=float(DAY * (number % 10)),
        )
        for number, run in enumerate(runs)
    ]


@pytest.fixture
def store(traces, tmp_path):
    path = tmp_path / "traces.db"
    with open_store(path) as opened:
        opened.append(traces)
    return path


def by_id(traces):
    return sorted(traces, key=lambda trace: (trace.trace_id, trace.thread_id or ""))


@pytest.mark.parametrize("seed", range(5))
def test_conversations_are_joined_as_they_are_of_a_whole_log(traces, seed):
    """In whatever order their runs come; one waits only until its last run."""
    shuffled = random.Random(seed).sample(traces, len(traces))  # noqa: S311  # not a secret
    threads = Threads()
    for trace in shuffled:
        threads.note([] if trace.thread_id is None else [trace.thread_id])
    assert by_id(threads.join(shuffled)) == by_id(join_threads(shuffled))


def test_a_conversation_whose_end_was_deleted_meanwhile_is_not_lost(traces):
    threads = Threads()
    for trace in traces:
        threads.note([] if trace.thread_id is None else [trace.thread_id])
    left = traces[:-12]
    assert by_id(threads.join(left)) == by_id(join_threads(left))


@pytest.mark.parametrize("bounds", [SMALL, Bounds()])
@pytest.mark.parametrize("only", [{}, {"domain": "nothing"}])
def test_the_runs_are_those_of_the_log_whether_the_sample_holds_all_or_not(store, traces, bounds, only):
    log = read_log(store, bounds=bounds, only=only)
    expected = [] if only else traces
    assert by_id(log.runs()) == by_id(join_threads(expected))
    assert by_id(log.runs()) == by_id(join_threads(expected))  # again, as often as it is asked for


def test_traces_that_come_only_once_are_held(traces):
    log = read_log((trace for trace in traces), bounds=SMALL)
    assert by_id(log.runs()) == by_id(join_threads(traces))


@pytest.mark.parametrize("bounds", [SMALL, Bounds()])
def test_what_cannot_be_read_is_told_once(store, bounds):
    """Whether it would have been part of the sample or not."""
    spoil(store, "run 7", "run 41")
    told = []
    log = read_log(store, bounds=bounds, on_skipped=told.append)
    assert told == []
    left = [trace.trace_id for trace in log.runs()]
    assert len(told) == 2
    assert "run 7" not in left


def spoil(store, *trace_ids):
    with closing(sqlite3.connect(store)) as connection, connection:
        for trace_id in trace_ids:
            connection.execute(
                "UPDATE tool_calls SET args = '{' WHERE trace_seq = (SELECT seq FROM traces WHERE trace_id = ?)",
                [trace_id],
            )


@pytest.mark.parametrize("bounds", [SMALL, Bounds()])
def test_only_what_is_new_is_looked_at(store, traces, bounds):
    since = 7.0 * DAY
    recent = [trace for trace in traces if trace.started_at >= since]
    assert by_id(read_log(store, bounds=bounds, since=since).runs()) == by_id(join_threads(recent))
    assert awo.monitor(store, ToolkitPlan(), since=since).runs == len(join_threads(recent))
    assert awo.monitor(traces, ToolkitPlan(), since=since).runs == len(join_threads(recent))


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_other_kinds_of_stores_are_read_in_the_same_way(traces, kind, tmp_path):
    place = tmp_path / f"traces.{kind}"
    if kind == "jsonl":
        with open_store(place) as opened:
            opened.append(traces)
    else:
        with open_store(tmp_path / "source.db") as source:
            source.append(traces)
            export_parquet(source, str(place))
    recent = [trace for trace in traces if trace.started_at >= 7.0 * DAY]
    for since, expected in ((None, traces), (7.0 * DAY, recent)):
        assert by_id(read_log(place, bounds=SMALL, since=since).runs()) == by_id(join_threads(expected))


def run_awo(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.mark.parametrize("since", ["1970-01-08", "1970-01-08T00:00:00+00:00", "1970-01-08T02:00+02:00"])
def test_monitor_takes_a_time(store, traces, since, tmp_path):
    write_plan(ToolkitPlan(), tmp_path / "toolkit.json")
    result = run_awo("monitor", store, "-t", tmp_path / "toolkit.json", "--since", since)
    recent = join_threads([trace for trace in traces if trace.started_at >= 7.0 * DAY])
    assert f"{len(recent)} runs, 1970-01-08 to 1970-01-10" in result.stdout


def test_monitor_takes_an_age_and_says_that_nothing_is_as_young(store, tmp_path):
    write_plan(ToolkitPlan(), tmp_path / "toolkit.json")
    result = run_awo("monitor", store, "-t", tmp_path / "toolkit.json", "--since", "24h")
    assert result.exit_code == 0
    assert result.stdout.startswith("0 runs;")
    assert "since" in result.stderr


@pytest.mark.parametrize("since", ["yesterday", "24", "2026-13-01", "-3d", ""])
def test_anything_else_is_bad_usage(store, tmp_path, since):
    write_plan(ToolkitPlan(), tmp_path / "toolkit.json")
    result = run_awo("monitor", store, "-t", tmp_path / "toolkit.json", "--since", since)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "2026-03-14T06:00" in result.stderr


def test_what_was_not_read_as_a_whole_is_said(store, capsys, monkeypatch):
    """Damage there goes unnoticed where only a sample is looked at; `awo show` finds it."""
    monkeypatch.setattr(sql_outlines, "_READ_AT_ONCE", 5)
    spoil(store, *(f"run {number}" for number in range(25, 50)))
    count(Reading(str(store), domain=None, model=None), bounds=SMALL)
    told = capsys.readouterr().err
    skipped = told.count("\nskipped ") + told.startswith("skipped ")
    assert 0 < skipped < 25
    assert f" of {50 - skipped} traces only which tools they call was read" in told
    assert f"awo show {store}" in told
    assert run_awo("show", store).stderr.count("skipped ") == 25
