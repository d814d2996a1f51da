"""Recorded traces come back from the real stores as they were made."""

from __future__ import annotations

import threading

import pytest
from langchain.agents import create_agent

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
