"""What is no trace store is refused with what it is and what was expected."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from langchain_awo.demo.backoffice.world import World
from langchain_awo.errors import SchemaVersionError, StoreError
from langchain_awo.model.trace.trace import Trace
from langchain_awo.stores import open_store
from langchain_awo.stores.migrations import SCHEMA_VERSION


@pytest.mark.parametrize("content", [b"%PDF-1.7\n%\xe2\xe3", bytes(range(255, 0, -1)), b"once upon a time"])
def test_a_file_of_another_kind_is_refused(path, content):
    """Random bytes, a PDF or prose under a store's name stay as they are, and the error names the file."""
    path.write_bytes(content)
    with pytest.raises(StoreError, match=f"{path.name} is not a trace store: "):
        open_store(path)
    assert path.read_bytes() == content


def test_chat_messages_are_sent_to_the_importer(tmp_path):
    """Who opens recorded messages as a store is told the command that imports them."""
    path = tmp_path / "runs.jsonl"
    path.write_text('{"messages": []}\n')
    with pytest.raises(StoreError, match=r"import it: awo import messages .*runs\.jsonl --store"):
        open_store(path)


@pytest.mark.parametrize("tables", ["users (id)", "meta (a, b)", "meta (key, value)"])
def test_another_database_is_refused(tmp_path, tables):
    """A SQLite database of something else is not touched."""
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"CREATE TABLE {tables}")
    before = path.read_bytes()
    with pytest.raises(
        StoreError, match=rf"app\.db is a database but not a trace store: .* {tables.split()[0]}"
    ):
        open_store(path)
    assert path.read_bytes() == before


def test_a_damaged_database_is_an_error(tmp_path):
    """A database whose pages are spoilt says so instead of giving nonsense."""
    path = tmp_path / "traces.db"
    with open_store(path) as store:
        store.append([Trace(trace_id="a")])
    content = bytearray(path.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"traces\.db cannot be opened: .*malformed; the file is damaged"):
        open_store(path)


def test_another_schema_version_is_named(tmp_path):
    """A store of a later version is not read as if it were this one."""
    with open_store(tmp_path / "traces.db"):
        pass
    with closing(sqlite3.connect(tmp_path / "traces.db")) as database, database:
        database.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    (tmp_path / "traces.jsonl").write_text('{"langchain_awo":"traces","schema_version":99}\n')
    for name, found, expected in (("traces.db", "99", SCHEMA_VERSION), ("traces.jsonl", 99, 1)):
        with pytest.raises(SchemaVersionError, match=f"{name} has trace schema version") as caught:
            open_store(tmp_path / name)
        assert (caught.value.found, caught.value.expected) == (found, expected)


def test_an_empty_file_is_an_empty_store(path):
    """Nothing recorded yet: no traces, no error, and it can be recorded into."""
    path.touch()
    with open_store(path, create=False) as store:
        assert (len(store), list(store.traces())) == (0, [])
        store.append([Trace(trace_id="a")])
        assert list(store.traces()) == [Trace(trace_id="a")]


def test_a_store_with_another_name_is_told_by_its_content(path):
    """A renamed store opens; a new one needs a name that says what it should be."""
    with open_store(path) as store:
        store.append([Trace(trace_id="a")])
    renamed = path.rename(path.with_suffix(".backup"))
    with open_store(renamed) as store:
        assert [trace.trace_id for trace in store.traces()] == ["a"]
    with pytest.raises(StoreError, match=r"end it in \.db or \.jsonl"):
        open_store(path.with_suffix(".new"))


def test_other_urls_are_refused():
    """What is not supported is said, not tried."""
    with pytest.raises(StoreError, match="s3://bucket/x is not supported; use a path"):
        open_store("s3://bucket/x")


def test_what_is_let_go_of_closes_its_connections(tmp_path):
    """Python 3.13 warns of connections that nobody closed, in whatever runs when it finds them."""
    closed = []

    def note(connection, record):
        closed.append(connection)

    event.listen(Pool, "close", note)
    try:
        for make in (lambda: open_store(tmp_path / "traces.db"), World.create):
            made, before = make(), len(closed)
            del made
            gc.collect()
            assert len(closed) > before
    finally:
        event.remove(Pool, "close", note)
