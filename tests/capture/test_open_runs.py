"""Runs that do not end take bounded memory, one by one and together, and lose nothing that was recorded."""

from __future__ import annotations

from collections import Counter
from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from langchain_awo.capture import parts, tracker
from langchain_awo.capture.parts import CONTINUED_CALL, FORCED, PART_CALLS
from langchain_awo.model.trace.thread import join_threads
from tests.capture.scripted_agents import call
from tests.capture.test_under_load import GRAPH, turn


@pytest.fixture
def short_parts(monkeypatch):
    """Parts of a hundred calls."""
    monkeypatch.setattr(parts, "PART_CALLS", 100)


def begin(recorder):
    recorder.on_chain_start({}, {}, run_id=(root := uuid4()), metadata=GRAPH)
    return root


def run_tool(recorder, root, name, *, output="seen", call_id=None):
    recorder.on_tool_start(
        {"name": name}, "", run_id=(run := uuid4()), parent_run_id=root, inputs={}, tool_call_id=call_id
    )
    recorder.on_tool_end(ToolMessage(output, tool_call_id=call_id or "-"), run_id=run)


def ask(recorder, root, *calls):
    recorder.on_chat_model_start(
        {}, [[HumanMessage("go", id="h")]], run_id=(run := uuid4()), parent_run_id=root, metadata=GRAPH
    )
    message = AIMessage("", tool_calls=[*calls])
    recorder.on_llm_end(LLMResult(generations=[[ChatGeneration(message=message)]]), run_id=run)


def held(recorder):
    """Calls in the memory of the recorder that are not handed on."""
    return sum(len(each.tool_runs) + len(each.model_runs) for each in recorder._tracker._recordings.values())


def calls_of(sink):
    return Counter(record.name for trace in sink.traces for record in trace.tool_calls)


def test_a_graph_that_calls_tools_and_no_model_is_written_in_parts(recorder, sink):
    root = begin(recorder)
    for _ in range(PART_CALLS * 3):
        run_tool(recorder, root, "step")
        assert held(recorder) <= PART_CALLS
    recorder.on_chain_end({}, run_id=root)
    assert recorder.flush(60)
    assert calls_of(sink) == {"step": PART_CALLS * 3}
    assert len(sink.traces) >= 3


def test_calls_that_were_asked_for_together_stay_in_one_part(short_parts, recorder, sink):
    root = begin(recorder)
    ask(recorder, root, *(call("each", f"c{number}") for number in range(150)))
    for number in range(150):
        run_tool(recorder, root, "each", call_id=f"c{number}")
    turn(recorder, root, "last")
    recorder.on_chain_end({}, run_id=root)
    assert recorder.flush(20)
    assert [len(trace.tool_calls) for trace in sink.traces] == [150, 1]
    assert {record.status for trace in sink.traces for record in trace.tool_calls} == {"ok"}


def test_an_agent_inside_a_tool_that_does_not_end_is_written_all_the_same(short_parts, recorder, sink):
    """The call of the tool stands in every part; the last one says how it ended."""
    root = begin(recorder)
    ask(recorder, root, call("delegate", "d"))
    recorder.on_tool_start(
        {"name": "delegate"}, "", run_id=(outer := uuid4()), parent_run_id=root, inputs={}, tool_call_id="d"
    )
    for number in range(500):
        turn(recorder, outer, number)
        assert held(recorder) <= 100 * FORCED + 2
    recorder.on_tool_end(ToolMessage("done", tool_call_id="d"), run_id=outer)
    recorder.on_chain_end({}, run_id=root)
    assert recorder.flush(20)
    assert calls_of(sink)["look"] == 500
    outers = [record for trace in sink.traces for record in trace.tool_calls if record.name == "delegate"]
    assert [(record.status, record.error) for record in outers[:-1]] == [("abandoned", CONTINUED_CALL)] * (
        len(outers) - 1
    )
    assert (outers[-1].status, outers[-1].output) == ("ok", "done")
    assert len(outers) == len(sink.traces) == 3
    for trace in sink.traces:
        inner = {record.parent_id for record in trace.tool_calls if record.name == "look"}
        assert inner == {"d"}
    assert len(join_threads(sink.traces)) == 1


def test_a_model_call_that_a_part_cuts_is_whole_in_the_next(monkeypatch, recorder, sink):
    """Another run takes all the room while a model is thinking."""
    monkeypatch.setattr(tracker, "OPEN_BYTES", 100_000)
    root = begin(recorder)
    run_tool(recorder, root, "before", output="x" * 60_000)
    recorder.on_chat_model_start({}, [[HumanMessage("go")]], run_id=(thinking := uuid4()), parent_run_id=root)
    other = begin(recorder)
    run_tool(recorder, other, "noise", output="x" * 50_000)
    answer = AIMessage("", tool_calls=[call("after", "a")])
    recorder.on_llm_end(LLMResult(generations=[[ChatGeneration(message=answer)]]), run_id=thinking)
    run_tool(recorder, root, "after", call_id="a")
    recorder.on_chain_end({}, run_id=root)
    recorder.on_chain_end({}, run_id=other)
    assert recorder.flush(20)
    first, last = (trace for trace in sink.traces if calls_of_trace(trace) != ["noise"])
    assert (calls_of_trace(first), calls_of_trace(last)) == (["before"], ["after"])
    assert [each.error for each in first.model_calls] == [CONTINUED_CALL]
    assert last.tool_calls[0].model_call == 0
    assert last.model_calls[0].error is None


def calls_of_trace(trace):
    return [record.name for record in trace.tool_calls]


def test_many_open_runs_take_bounded_memory_together(monkeypatch, recorder, sink, caplog):
    monkeypatch.setattr(tracker, "OPEN_BYTES", 1_000_000)
    roots = [begin(recorder) for _ in range(30)]
    for number in range(3):
        for root in roots:
            turn(recorder, root, number, output="x" * 50_000)
            assert recorder._tracker._open_bytes < 1_100_000
    for root in roots:
        recorder.on_chain_end({}, run_id=root)
    assert recorder.flush(20)
    assert calls_of(sink) == {"look": 90}
    assert {len(record.output) for trace in sink.traces for record in trace.tool_calls} == {50_000}
    assert recorder._tracker._open_bytes == 0
    assert sum("runs are open" in entry.getMessage() for entry in caplog.records) == 1


def test_of_too_many_open_runs_the_oldest_ends_and_its_trace_says_so(monkeypatch, recorder, sink, caplog):
    monkeypatch.setattr(tracker, "MAX_OPEN", 10)
    roots = [begin(recorder) for _ in range(5)]
    for root in roots:
        turn(recorder, root, 0)
    roots += [begin(recorder) for _ in range(7)]
    assert recorder.flush(20)
    assert [trace.metadata.get(tracker.CUT) for trace in sink.traces] == [True, True]
    for root in roots:
        recorder.on_chain_end({}, run_id=root)
    assert recorder.flush(20)
    assert calls_of(sink) == {"look": 5}
    assert "the oldest are ended" in caplog.text
