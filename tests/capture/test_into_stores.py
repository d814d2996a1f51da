"""Recorded traces come back from the real stores as they were made."""

from __future__ import annotations

import shutil
import threading

import pytest
from langchain.agents import create_agent

import langchain_awo as awo
from langchain_awo.capture.recorder import CallbackRecorder
from langchain_awo.stores import open_store
from langchain_awo.testing import ScriptedChatModel
from tests.capture.scripted_agents import ListSink, asks, call, look, says, user


@pytest.mark.parametrize("name", ["traces.db", "traces.jsonl"])
def test_what_many_threads_recorded_is_in_the_store(name, tmp_path):
    store, sink = open_store(str(tmp_path / name)), ListSink()

    def run(recorders):
        model = ScriptedChatModel(script=[asks(call("look", "c1", where="a")), says()])
        create_agent(model, [look]).invoke(user("go"), config={"callbacks": recorders})

    with CallbackRecorder(store) as recorder, CallbackRecorder(sink) as other:
        threads = [threading.Thread(target=run, args=([recorder, other],)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    stored = {trace.trace_id: trace for trace in store.traces()}
    store.close()
    assert len(stored) == 8
    for trace in sink.traces:
        same = stored[trace.trace_id]
        assert (same.messages, same.tools, len(same.model_calls)) == (trace.messages, trace.tools, 2)
        assert [(c.call_id, c.args, c.output) for c in same.tool_calls] == [("c1", {"where": "a"}, "saw a")]


def test_a_store_that_a_recorder_opened_is_one_file_after_its_end(tmp_path):
    model = ScriptedChatModel(script=[asks(call("look", "c1", where="a")), says()])
    with awo.TraceRecorder(tmp_path / "traces.db") as recorder:
        create_agent(model, [look]).invoke(user("go"), config={"callbacks": [recorder]})
    shutil.copy(tmp_path / "traces.db", tmp_path / "copy.db")
    assert len(awo.load_traces(tmp_path / "copy.db")) == 1


def test_a_store_that_was_given_open_stays_open(tmp_path):
    model = ScriptedChatModel(script=[says()])
    with open_store(str(tmp_path / "traces.db")) as store:
        with awo.TraceRecorder(store) as recorder:
            create_agent(model, [look]).invoke(user("go"), config={"callbacks": [recorder]})
        assert len(list(store.traces())) == 1
