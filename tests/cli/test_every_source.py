"""Wherever a verb takes traces it takes every kind of them: stores of all kinds, checkpoints, files of others."""

from __future__ import annotations

import json

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver

import langchain_awo
from langchain_awo.api.sources import is_store
from langchain_awo.errors import StoreError
from tests.capture.importers.round_trip import run_agent
from tests.stores.postgres_server import PostgresServer, server_binaries


@pytest.fixture(scope="module")
def server():
    binaries = server_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    server = PostgresServer(binaries)
    server.start()
    yield server
    server.close()


@pytest.fixture
def recorded(folder):
    """A store with one run, by its name."""
    with langchain_awo.TraceRecorder(folder / "own.db") as recorder:
        run_agent([recorder])
    return "own.db"


def imported(awo, source, store):
    return json.loads(awo("import", source, "--store", store, "--json").stdout)


def test_a_store_is_copied_into_one_of_another_kind(awo, recorded, server):
    """SQLite, PostgreSQL, JSON lines and Parquet, one after another; nothing changes on the way."""
    url = server.new_database()
    assert imported(awo, recorded, url)["stored"] == 1
    assert imported(awo, recorded, url)["already_stored"] == 1
    awo("export", "traces", "--store", url, "--output", "runs.parquet")
    assert imported(awo, "runs.parquet", "last.jsonl")["tool_calls"] == 3
    (first,), (last,) = (langchain_awo.load_traces(name) for name in (recorded, "last.jsonl"))
    assert first == last


def test_a_database_on_a_server_is_read_as_what_it_holds(awo, recorded, server):
    saver_class = pytest.importorskip("langgraph.checkpoint.postgres").PostgresSaver
    theirs, ours, empty = (server.new_database() for _ in range(3))
    with saver_class.from_conn_string(theirs) as saver:
        saver.setup()
        run_agent([], saver)
    imported(awo, recorded, ours)
    assert (is_store(theirs), is_store(ours)) == (False, True)
    for url in (theirs, ours):
        assert "find_berth       2" in awo("show", url).stdout
        assert len(langchain_awo.load_traces(url)) == 1
    assert imported(awo, theirs, "copy.db")["tool_calls"] == 3
    assert "there is no trace store at" in awo("show", empty).stderr


def test_the_file_and_the_object_of_a_checkpointer_are_traces(folder):
    with SqliteSaver.from_conn_string(str(folder / "agent.db")) as saver:
        run_agent([], saver)
        assert len(langchain_awo.load_traces(folder / "agent.db")) == 1
    saver = InMemorySaver()
    run_agent([], saver)
    assert len(langchain_awo.load_traces(saver)) == 1
    assert langchain_awo.compile_toolkit(saver).meta_tools == ()


def test_records_in_memory_are_traces():
    said = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]
    assert len(langchain_awo.load_traces([{"messages": said}])) == 1
    assert langchain_awo.load_traces([]) == []


def test_a_password_in_an_address_is_not_shown(awo, recorded, tmp_path):
    url = f"postgresql://keeper:hush77@/x?host={tmp_path}"
    for words in (["show", url], ["import", recorded, "--store", url]):
        told = awo(*words)
        assert told.exit_code == 2
        assert "hush77" not in told.stderr + told.stdout
    with pytest.raises(StoreError) as refused:
        langchain_awo.load_traces(url)
    assert "hush77" not in str(refused.value)
