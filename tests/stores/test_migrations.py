"""A store of an earlier version opens as one of today's, on both databases."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from langchain_awo.errors import SchemaVersionError, StoreError
from langchain_awo.model.trace.trace import (
    Message,
    ModelCallRecord,
    TokenUsage,
    ToolCallRecord,
    ToolSpec,
    Trace,
)
from langchain_awo.stores import open_store
from langchain_awo.stores.migrations import MIGRATIONS, SCHEMA_VERSION
from langchain_awo.stores.tables import METADATA

# Version 1 as it was made, with the key types of each database.
VERSION_1 = """
CREATE TABLE meta (key VARCHAR NOT NULL PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE tools (digest VARCHAR NOT NULL PRIMARY KEY, name VARCHAR NOT NULL, description TEXT NOT NULL,
    parameters TEXT NOT NULL, hints TEXT NOT NULL);
CREATE TABLE traces (seq {key}, trace_id VARCHAR NOT NULL UNIQUE, task_id VARCHAR, thread_id VARCHAR,
    trial {count}, domain VARCHAR NOT NULL, model VARCHAR NOT NULL, success BOOLEAN, started_at FLOAT,
    ended_at FLOAT, model_call_count INTEGER NOT NULL, tool_call_count INTEGER NOT NULL, tags TEXT, tools TEXT,
    metadata TEXT);
CREATE INDEX ix_traces_domain ON traces (domain);
CREATE INDEX ix_traces_thread_id ON traces (thread_id);
CREATE TABLE messages (trace_seq {count} NOT NULL, position INTEGER NOT NULL, role VARCHAR NOT NULL,
    before {count} NOT NULL, text TEXT NOT NULL, PRIMARY KEY (trace_seq, position)){end};
CREATE TABLE model_calls (trace_seq {count} NOT NULL, position INTEGER NOT NULL, model VARCHAR, scope VARCHAR,
    text TEXT, input_tokens {count}, output_tokens {count}, cached_tokens {count}, offered TEXT, started_at FLOAT,
    ended_at FLOAT, error TEXT, PRIMARY KEY (trace_seq, position)){end};
CREATE TABLE tool_calls (trace_seq {count} NOT NULL, position INTEGER NOT NULL, model_call {count},
    call_id VARCHAR NOT NULL, name VARCHAR NOT NULL, args TEXT NOT NULL, output TEXT, status VARCHAR NOT NULL,
    error TEXT, scope VARCHAR, parent_id VARCHAR, attempts TEXT, started_at FLOAT, ended_at FLOAT,
    meta_tool VARCHAR, meta_tool_step {count}, PRIMARY KEY (trace_seq, position)){end};
INSERT INTO meta VALUES ('kind', 'langchain_awo traces'), ('schema_version', '1');
INSERT INTO tools VALUES ('0a1b', 'rent_bike', 'Rents a bike.', '{{"type":"object"}}', '{{}}');
INSERT INTO traces (trace_id, task_id, thread_id, domain, model, success, started_at, model_call_count,
    tool_call_count, tags, tools, metadata) VALUES
    ('ride-1', 't1', 'th1', 'bikes', 'm', {true}, 12.5, 1, 1, '["x"]', '["0a1b"]', '{{"user_id":"kim"}}'),
    ('ride-2', NULL, NULL, '', '', NULL, NULL, 0, 0, NULL, NULL, 'spoilt');
INSERT INTO messages VALUES (1, 0, 'user', 0, 'A bike, please.');
INSERT INTO model_calls (trace_seq, position, model, input_tokens, output_tokens, cached_tokens)
    VALUES (1, 0, 'm', 9, 2, 0);
INSERT INTO tool_calls (trace_seq, position, model_call, call_id, name, args, output, status)
    VALUES (1, 0, 0, 'c1', 'rent_bike', '{{"id":7}}', '"done"', 'ok');
"""

RIDE = Trace(
    trace_id="ride-1",
    task_id="t1",
    thread_id="th1",
    domain="bikes",
    model="m",
    success=True,
    tags=("x",),
    started_at=12.5,
    messages=(Message(role="user", text="A bike, please.", before=0),),
    model_calls=(ModelCallRecord(model="m", usage=TokenUsage(input_tokens=9, output_tokens=2)),),
    tool_calls=(ToolCallRecord(call_id="c1", name="rent_bike", args={"id": 7}, output="done", model_call=0),),
    tools=(ToolSpec(name="rent_bike", description="Rents a bike.", parameters={"type": "object"}),),
    metadata={"user_id": "kim"},
)


@pytest.fixture
def old_url(database_url, postgres_script):
    """A store of version 1 with two traces."""
    if database_url.startswith("sqlite"):
        script = VERSION_1.format(
            key="INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", count="INTEGER", end=" WITHOUT ROWID", true="1"
        )
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as database:
            database.executescript(script)
    else:
        postgres_script(
            database_url, VERSION_1.format(key="BIGSERIAL PRIMARY KEY", count="BIGINT", end="", true="true")
        )
    return database_url


@pytest.fixture
def postgres_script():
    def run(url, script):
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(script)

    return run


def engine_of(url):
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)


def shape_of(url):
    """Tables, columns, keys and indexes, as the database tells them."""
    found = inspect(engine_of(url))
    return {
        table: (
            sorted(column["name"] for column in found.get_columns(table)),
            sorted((sorted(each["column_names"])) for each in found.get_unique_constraints(table)),
            sorted(str(each["column_names"]) for each in found.get_indexes(table) if not each["unique"]),
            found.get_pk_constraint(table)["constrained_columns"],
        )
        for table in found.get_table_names()
        if table in METADATA.tables
    }


def test_the_traces_of_an_earlier_version_are_all_there(old_url):
    """Read as they were, with no project, tenant or environment, and found by what is new."""
    torn = []
    with open_store(old_url, create=False) as store:
        assert list(store.traces(on_error=torn.append)) == [RIDE]
        assert "ride-2" in torn[0].where
        assert store.summarize().scopes == {("", "", ""): 2}
        store.append([Trace(trace_id="ride-3")])
        assert store.delete(user="kim") == 1
        assert store.get("ride-3") == Trace(trace_id="ride-3")
    with open_store(old_url, tenant="other") as store:
        store.append([RIDE])
        assert len(store) == 1


def test_both_ways_lead_to_the_same_tables(old_url, tmp_path, request):
    """A store that was brought up to date is like a new one."""
    new_url = (
        f"sqlite:///{tmp_path / 'new.db'}"
        if old_url.startswith("sqlite")
        else request.getfixturevalue("postgres").new_database()
    )
    for url in (old_url, new_url):
        open_store(url).close()
    assert shape_of(old_url) == shape_of(new_url)


def test_several_may_open_an_earlier_version_at_once(old_url):
    """One of them brings it up to date; none fails."""
    failed = []

    def open_it():
        try:
            with open_store(old_url) as store:
                assert len(store) == 2
        except Exception as error:  # noqa: BLE001  # whatever it is, the test must see it
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_later_version_is_refused_and_not_touched(database_url):
    """The message says what to do."""
    open_store(database_url).close()
    with engine_of(database_url).begin() as connection:
        connection.execute(text("UPDATE meta SET value = '99' WHERE key = 'schema_version'"))
    with pytest.raises(SchemaVersionError, match=r"version '99'.*newer langchain_awo") as caught:
        open_store(database_url)
    assert (caught.value.found, caught.value.expected) == ("99", SCHEMA_VERSION)
    with engine_of(database_url).begin() as connection:
        assert connection.execute(text("SELECT value FROM meta ORDER BY key")).scalars().all()[-1] == "99"


def test_a_migration_that_fails_changes_nothing(old_url, monkeypatch):
    """It is one transaction, the steps that worked included."""
    from langchain_awo.stores import migrations

    broken = migrations.Migration(
        3, "fails", ("SELECT nothing FROM nowhere",), ("SELECT nothing FROM nowhere",)
    )
    before = shape_of(old_url)
    monkeypatch.setattr(migrations, "MIGRATIONS", (migrations.SCOPES, broken))
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(old_url)
    monkeypatch.undo()
    assert shape_of(old_url) == before
    with open_store(old_url) as store:
        assert store.get("ride-1") == RIDE


def test_steps_are_numbered_without_gaps():
    """Each leads to the next version."""
    assert [step.number for step in MIGRATIONS] == list(range(2, SCHEMA_VERSION + 1))
