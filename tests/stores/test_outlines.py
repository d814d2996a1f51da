"""What is counted of a log is read from its columns, and is what the traces themselves tell."""

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_awo.api.partitions import count_traces
from langchain_awo.model.trace.outline import outline_traces
from langchain_awo.model.trace.trace import ModelCallRecord, ReplayMark, ToolCallRecord, ToolSpec, Trace
from langchain_awo.optimizer.counting.sample import Bounds
from langchain_awo.optimizer.counting.state import to_bytes
from langchain_awo.optimizer.counting.summary import Summary, summarize
from langchain_awo.stores import open_store, parquet_export, parquet_reading, sql_outlines
from langchain_awo.stores.parquet_export import export_parquet
from langchain_awo.stores.selection import Selection
from langchain_awo.testing.store_conformance import list_outlined

SMALL = Bounds(fair=6, rare=3, all_rare=9, longest=5)
TOOLS = tuple(ToolSpec(name=name, description=name.upper()) for name in ("find_a", "find_b", "send_c"))


def make_trace(number, calls, thread, domain):
    """A trace of calls, each a tool with what made it: a model, a meta-tool, or neither."""
    return Trace(
        trace_id=f"run {number}",
        task_id=None if number % 4 == 0 else f"task {number % 5}",
        thread_id=thread,
        domain=domain,
        model_calls=tuple(ModelCallRecord(text=f"{n}") for n in range(len(calls))),
        tool_calls=tuple(
            ToolCallRecord(
                call_id=f"{n}",
                name=name,
                args={"é": n, "long": "x" * (n * number % 7)},
                output={"id": [number, None]},
                model_call=n if maker == "model" else None,
                replay=ReplayMark(meta_tool="find_all", step=n) if maker == "meta-tool" else None,
            )
            for n, (name, maker) in enumerate(calls)
        ),
        tools=TOOLS[: number % 4],
    )


CALLS = st.lists(
    st.tuples(
        st.sampled_from(["find_a", "find_b", "send_c", "rare_d"]),
        st.sampled_from(["model", "model", "meta-tool", "nothing"]),
    ),
    max_size=8,
)
LOGS = st.lists(
    st.tuples(CALLS, st.sampled_from([None, None, "t1", "t2"]), st.sampled_from(["", "shop"])), max_size=25
).map(lambda found: [make_trace(number, *each) for number, each in enumerate(found)])


def store_traces(traces, folder):
    """The same traces in SQLite and in Parquet."""
    with open_store(folder / "log.db") as store:
        store.append(traces)
        export_parquet(store, str(folder / "log.parquet"))
    return folder / "log.db", folder / "log.parquet"


def read_outlines(path, whole=()):
    """What is counted of each trace of a store, the traces that are asked for, and what was told of records that cannot be read."""
    told, pages, traces = [], [], {}
    with open_store(path) as store:
        for page in store.outlines(Selection(), on_error=told.append):
            pages.append(page)
            rows = [row for row, trace_id in enumerate(page.trace_ids) if trace_id in whole]
            traces.update((trace.trace_id, trace) for _, trace in page.read(rows))
    return list_outlined(pages), traces, list(map(str, told))


@given(LOGS, st.integers(1, 9), st.sampled_from([0, 9_000]))
@settings(max_examples=10, deadline=None)
def test_columns_count_what_traces_count(traces, most, heavy):
    """Byte for byte, all of a log and a part of it, whether it fits the sample or not, and whatever a trace weighs in the end."""
    traces = [make_heavy(trace, heavy * (n % 4)) for n, trace in enumerate(traces)]
    shop = [trace for trace in traces if trace.domain == "shop"]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        make_pages_small(patch, most)
        for path in store_traces(traces, Path(folder)):
            assert to_bytes(count_traces(path, bounds=SMALL)) == to_bytes(summarize(traces, bounds=SMALL))
            found = count_traces(path, bounds=SMALL, only={"domain": "shop"})
            assert to_bytes(replace_only(found)) == to_bytes(summarize(shop, bounds=SMALL))


def make_heavy(trace, characters):
    """The same with outputs of so many characters."""
    calls = (replace(call, output="x" * characters) for call in trace.tool_calls)
    return replace(trace, tool_calls=tuple(calls)) if characters else trace


def make_pages_small(patch, most):
    """So that so many calls end a page."""
    patch.setattr(sql_outlines, "_CALLS_AT_ONCE", most)
    patch.setattr(parquet_reading, "_CALLS_AT_ONCE", most)
    patch.setattr(parquet_export, "_ROWS_IN_A_GROUP", most)


def replace_only(summary):
    """A summary that does not say what its traces were selected by."""
    summary.only = {}
    return summary


@pytest.fixture
def log():
    """More traces than are read at once."""
    return [make_trace(n, [("find_a", "model"), ("find_b", "model")], None, "") for n in range(600)]


@pytest.mark.parametrize("kind", [0, 1], ids=["SQLite", "Parquet"])
def test_few_traces_are_read_as_a_whole(log, kind, tmp_path):
    """Those that are needed, wherever they lie."""
    needed = {"run 0", "run 70", "run 511", "run 599"}
    path = store_traces(log, tmp_path)[kind]
    found, traces, told = read_outlines(path, needed)
    assert not told
    assert traces == {trace.trace_id: trace for trace in log if trace.trace_id in needed}
    assert found == list_outlined(outline_traces(log))


@pytest.mark.parametrize("kind", [0, 1], ids=["SQLite", "Parquet"])
def test_what_is_counted_is_read_a_page_at_a_time(kind, log, tmp_path, monkeypatch):
    """A long run, and rows that are found again on a later page."""
    make_pages_small(monkeypatch, 5)
    long = make_trace(4, [("find_a", "model")] * 8, None, "")
    traces = [*log[:4], long, *log[5:9]]
    path = store_traces(traces, tmp_path)[kind]
    found, whole, told = read_outlines(path, {"run 4", "run 8"})
    assert not told
    assert found == list_outlined(outline_traces(traces))
    assert whole == {"run 4": long, "run 8": log[8]}


def test_of_many_traces_those_of_the_sample_are_read(log, tmp_path):
    """And no others: what each weighs is as it seems here."""
    path, _ = store_traces(log, tmp_path)
    found = Summary(SMALL)
    with open_store(path) as store:
        (page,) = store.outlines(Selection())
        asked = []
        found.add(replace(page, read=lambda rows: page.read(asked.append(row) or row for row in rows)))
    assert len(asked) == len(found.sample.items())


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("update tool_calls set name = x'00ff' where trace_seq = 5", "name"),
        ("update traces set tools = '[\"0123\"]' where seq = 5", "0123 is not in the store"),
        ("update traces set tools = '{' where seq = 5", "unexpected end"),
        ("update traces set model_call_count = 'many' where seq = 5", None),
    ],
)
def test_columns_that_cannot_be_counted_are_looked_at(spoil, reason, log, tmp_path):
    """The trace is told of, or read all the same where nothing of it is spoilt."""
    path, _ = store_traces(log[:9], tmp_path)
    with closing(sqlite3.connect(path)) as database:
        database.execute(spoil)
        database.commit()
    found, _, told = read_outlines(path)
    assert len(found) == (9 if reason is None else 8)
    assert [reason in text and "seq 5" in text for text in told] == ([] if reason is None else [True])


def test_a_spoilt_parquet_row_is_looked_at(log, tmp_path):
    """As in a database."""
    _, folder = store_traces(log[1:4], tmp_path)
    (path,) = folder.rglob("*.parquet")
    table = pq.ParquetFile(path).read()
    rows = table.to_pylist()
    rows[1]["tool_calls"][0]["name"] = None
    rows[2]["tools"] = "{"
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    found, _, told = read_outlines(folder)
    assert list(found) == ["run 1"]
    assert [text.split(" (")[0].rpartition(", ")[2] for text in told] == ["row 1", "row 2"]


def test_what_nobody_needs_is_not_read(log, tmp_path):
    """A trace whose outputs are damaged is told of when it is looked at, and counts as long as it is not."""
    path, _ = store_traces(log[:9], tmp_path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("update tool_calls set output = '{' where trace_seq = 5")
        database.commit()
    assert [
        (len(found), len(traces), len(told))
        for found, traces, told in (read_outlines(path), read_outlines(path, {"run 4", "run 5"}))
    ] == [
        (9, 0, 0),
        (9, 1, 1),
    ]


def test_a_trace_that_was_replaced_counts_once(log, tmp_path):
    """With what it was replaced by."""
    path, _ = store_traces(log[:3], tmp_path)
    with open_store(path) as store:
        store.append([replace(log[1], tool_calls=log[1].tool_calls[:1])])
    found, _, _ = read_outlines(path)
    assert [(trace_id, len(each[5])) for trace_id, each in found.items()] == [
        ("run 0", 2),
        ("run 2", 2),
        ("run 1", 1),
    ]
