"""The tables are there to be read by eye."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from langchain_awo.errors import StoreError, TornRecordError
from langchain_awo.model.trace.trace import ToolCallRecord, Trace
from langchain_awo.stores import open_store
from langchain_awo.testing.store_conformance import example_trace


@pytest.fixture
def path(tmp_path):
    """A store with three traces."""
    path = tmp_path / "traces.db"
    with open_store(path) as store:
        store.append(example_trace(n) for n in range(3))
    return path


def ask(path, query):
    with closing(sqlite3.connect(path)) as database, database:
        return database.execute(query).fetchall()


def test_plain_sql_answers_questions(path):
    """Which tools were called how often, with what, is one query without a JSON function."""
    assert ask(path, "SELECT value FROM meta ORDER BY key") == [("langchain_awo traces",), ("3",)]
    assert ask(path, "SELECT trace_id, domain, model_call_count, tool_call_count FROM traces LIMIT 1") == [
        ("trace-0", "even", 3, 3)
    ]
    assert ask(path, "SELECT name, status, count(*) FROM tool_calls GROUP BY name, status ORDER BY name") == [
        ("gone", "error", 3),
        ("search", "ok", 6),
    ]
    (args, output), *_ = ask(path, "SELECT args, output FROM tool_calls JOIN traces ON seq = trace_seq")
    assert args == '{"z":1,"a":[null,true,1.5,{"deep":[]}]}'
    assert output == '{"hits":["found","NULL",""],"next":null}'
    assert ask(path, "SELECT sum(input_tokens), count(input_tokens), count(*) FROM model_calls") == [
        (30, 6, 9)
    ]


def test_a_tool_is_stored_once(path):
    """However many traces were offered it."""
    assert ask(path, "SELECT name, parameters FROM tools ORDER BY name") == [
        ("gone", "{}"),
        ("search", '{"type":"object","properties":{"q":{"type":"string"}}}'),
    ]


def test_readers_do_not_wait_for_writers(path):
    """The database keeps a write-ahead log."""
    assert ask(path, "PRAGMA journal_mode") == [("wal",)]


def test_replacing_a_trace_leaves_no_row_behind(path):
    """Rows of the earlier version go with it."""
    with open_store(path) as store:
        store.append([Trace(trace_id="trace-1")])
    assert ask(path, "SELECT count(*) FROM tool_calls") == [(6,)]
    assert ask(path, "SELECT DISTINCT trace_seq FROM messages") == [(1,), (3,)]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("UPDATE tool_calls SET args = '{' WHERE trace_seq = 2", "unexpected end of data"),
        (
            "UPDATE tool_calls SET status = 'odd' WHERE trace_seq = 2",
            "tool_calls/0/status: Input should be 'ok'",
        ),
        (
            "UPDATE traces SET tools = '[\"0123\"]' WHERE seq = 2",
            "the specification 0123 is not in the store",
        ),
    ],
)
def test_a_spoilt_row_is_named_and_the_others_are_read(path, spoil, reason):
    """A trace that cannot be read is told by its row, and costs no other trace."""
    ask(path, spoil)
    torn = []
    with open_store(path) as store:
        assert [trace.trial for trace in store.traces(on_error=torn.append)] == [0, 2]
        with pytest.raises(TornRecordError, match="table traces, seq 2") as caught:
            list(store.traces())
        with pytest.raises(TornRecordError):
            store.get("trace-1")
    assert reason in str(torn[0])
    assert "trace-1" in caught.value.where


def test_a_spoilt_tool_costs_the_traces_that_need_it(path):
    """Traces without that tool are read as ever."""
    ask(path, "UPDATE tools SET parameters = '{' WHERE name = 'search'")
    torn = []
    with open_store(path) as store:
        store.append([Trace(trace_id="bare")])
        assert list(store.traces(on_error=torn.append)) == [Trace(trace_id="bare")]
    assert len(torn) == 3


def test_a_trace_that_fits_no_row_does_not_keep_the_others_out(path):
    """A field of the wrong type is refused by name after the rest of its batch is stored."""
    nameless = Trace(trace_id="bad", tool_calls=(ToolCallRecord(call_id="a", name=None),))
    with open_store(path) as store:
        with pytest.raises(StoreError, match=r"1 traces were not stored in .*'bad'"):
            store.append([example_trace(3), nameless, example_trace(4)])
        assert [trace.trial for trace in store.traces()] == [0, 1, 2, 3, 4]


def test_a_lost_database_is_a_store_error(path):
    """Tables that vanish under an open store do not surface as a driver's exception."""
    with open_store(path) as store:
        ask(path, "DROP TABLE tool_calls")
        with pytest.raises(StoreError, match=r"traces\.db cannot be read: no such table"):
            list(store.traces())
