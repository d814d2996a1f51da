"""`docs/file-formats.md` says what is true."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from langchain_awo.capture.importers import import_messages
from langchain_awo.stores import open_store
from langchain_awo.stores.tables import METADATA
from langchain_awo.testing.store_conformance import example_trace

DOC = Path(__file__).parents[2] / "docs" / "file-formats.md"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)


def test_every_table_and_column_is_documented_in_order():
    """The table of tables lists exactly what a store has."""
    rows = dict(
        re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", DOC.read_text(encoding="utf-8"), re.MULTILINE)
    )
    for table in METADATA.sorted_tables:
        named = re.findall(r"`([a-z_]+)`", re.sub(r"\([^)]*\)|:.*", "", rows[table.name]))
        assert named == list(table.columns.keys())


def test_the_example_store_opens(tmp_path):
    """The lines shown as a store are one."""
    store_text, *_ = blocks("jsonl")
    (tmp_path / "traces.jsonl").write_text(store_text)
    with open_store(tmp_path / "traces.jsonl", create=False) as store:
        (trace,) = store.traces()
    assert trace.tools[0].description == "Looks up an order."
    assert trace.tool_calls[0].output == {"state": "sent"}


def test_the_example_recordings_are_imported():
    """The lines shown as recordings come in without complaint."""
    _, *recordings = blocks("jsonl")
    assert len(recordings) == 4
    bad = []
    traces = [
        trace for text in recordings for trace in import_messages(text.splitlines(), on_error=bad.append)
    ]
    assert bad == []
    assert len(traces) == 5
    assert traces[0].tool_calls[0].args == {"id": 7}


def test_the_example_queries_run(tmp_path):
    """The SQL shown gives an answer."""
    with open_store(tmp_path / "traces.db") as store:
        store.append([example_trace(1)])
    failures, one_run = blocks("sql")
    with closing(sqlite3.connect(tmp_path / "traces.db")) as database:
        assert database.execute(failures).fetchall() == [("gone", 1, 1), ("search", 2, 0)]
        found = database.execute(one_run.replace("run-1", "trace-1")).fetchall()
    assert [row[1] for row in found] == ["search", "search", "gone"]


def test_the_example_program_runs(tmp_path, monkeypatch):
    """The Python shown reads a store that has a torn line."""
    monkeypatch.chdir(tmp_path)
    with open_store("traces.jsonl") as store:
        store.append([example_trace(1), example_trace(2)])
    Path("traces.jsonl").write_bytes(Path("traces.jsonl").read_bytes()[:-9])
    program = next(block for block in blocks("python") if "log_torn" in block)
    names = {}
    exec(program, names)  # noqa: S102  # the point of the test
    assert names["traces"] == [example_trace(1)]


def test_the_program_that_makes_recordings_makes_what_is_imported(tmp_path, monkeypatch):
    """Given files in the shape of the source, which this repository does not contain."""
    asked = {"id": "a", "type": "function", "function": {"name": "get_order", "arguments": '{"id": 7}'}}
    said = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Where is order 7?"},
        {"role": "assistant", "content": None, "tool_calls": [asked], "refusal": None},
        {"role": "tool", "tool_call_id": "a", "name": "get_order", "content": "sent"},
    ]
    source = json.dumps([{"task_id": 3, "reward": 1.0, "info": {}, "traj": said}] * 2)
    monkeypatch.chdir(tmp_path)
    for name in ("gpt-4o-airline", "tool-calling-l0-4o", "tool-calling-l0-4.1"):
        (tmp_path / f"{name}.json").write_text(source)
    (program,) = (block for block in blocks("python") if "make_tau.py" in block)
    exec(program, {})  # noqa: S102  # the point of the test
    traces = list(import_messages(tmp_path / "tau_retail.jsonl.gz"))
    assert [(each.trace_id, each.trial, each.success) for each in traces] == [
        (f"tau-retail-{model}-3-{trial}", trial, True) for model in ("gpt-4o", "gpt-4.1") for trial in (0, 1)
    ]
    assert [call.output for each in traces for call in each.tool_calls] == ["sent"] * 4
