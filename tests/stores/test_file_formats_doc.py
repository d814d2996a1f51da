"""`docs/file-formats.md` says what is true."""

from __future__ import annotations

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
    (program,) = blocks("python")
    names = {}
    exec(program, names)  # noqa: S102  # the point of the test
    assert names["traces"] == [example_trace(1)]
