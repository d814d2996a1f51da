"""Bounded memory, long runs in parts, a store that goes away, and a process that is killed."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, LLMResult

import langchain_awo as awo
from langchain_awo.capture.events import EventHandler
from langchain_awo.capture.frozen import KEPT_OF_LONG, MAX_VALUE
from langchain_awo.capture.parts import PART_CALLS
from langchain_awo.capture.recorder import CallbackRecorder
from langchain_awo.capture.writer import LINGER, LOST, MAX_REFUSALS
from langchain_awo.model.trace.thread import join_threads
from tests.capture.scripted_agents import ListSink, call, look, run_python

GRAPH = {"langgraph_step": 1, "langgraph_node": "model"}


def turn(handler, root, number, *, output="seen"):
    """A model call that asks for a tool, and the tool."""
    model, work = uuid4(), uuid4()
    handler.on_chat_model_start(
        {}, [[HumanMessage("go", id="h")]], run_id=model, parent_run_id=root, metadata=GRAPH
    )
    message = AIMessage("", tool_calls=[call("look", f"c{number}", where=str(number))])
    handler.on_llm_end(LLMResult(generations=[[ChatGeneration(message=message)]]), run_id=model)
    handler.on_tool_start(
        {"name": "look"},
        "",
        run_id=work,
        parent_run_id=root,
        inputs={"where": str(number)},
        tool_call_id=f"c{number}",
    )
    handler.on_tool_end(ToolMessage(output, tool_call_id=f"c{number}"), run_id=work)


def long_run(recorder, turns, **more):
    recorder.on_chain_start({}, {}, run_id=(root := uuid4()), metadata=GRAPH)
    for number in range(turns):
        turn(recorder, root, number, **more)
    recorder.on_chain_end({}, run_id=root)


def test_a_long_run_is_written_in_parts_that_join_to_one_trace(recorder, sink):
    turns = PART_CALLS * 2
    long_run(recorder, turns)
    assert recorder.flush(60)
    assert len(sink.traces) > 3
    assert max(len(trace.model_calls) for trace in sink.traces) <= PART_CALLS / 2 + 1
    (whole,) = join_threads(sink.traces)
    assert [c.args["where"] for c in whole.tool_calls] == [str(number) for number in range(turns)]
    assert [c.model_call for c in whole.tool_calls] == list(range(turns))
    assert [m.text for m in whole.messages] == ["go"]


def test_a_run_that_keeps_much_is_written_in_parts_sooner(recorder, sink):
    long_run(recorder, 60, output="x" * 500_000)
    assert recorder.flush(60)
    assert len(sink.traces) > 2
    assert len(join_threads(sink.traces)[0].tool_calls) == 60


def test_an_output_of_megabytes_is_cut_with_a_digest(recorder, sink):
    text = "a word " * 500_000
    long_run(recorder, 1, output=text)
    recorder.flush()
    (record,) = sink.traces[0].tool_calls
    assert len(record.output) < KEPT_OF_LONG + 100 < MAX_VALUE
    assert record.output.startswith("a word a word")
    assert "[cut: 3,500,000 characters, digest " in record.output


def test_a_turn_costs_what_is_new_in_its_prompt():
    """A prompt of four thousand messages is looked at once."""
    handler = EventHandler(lambda _: None)
    handler.on_chain_start({}, {}, run_id=(root := uuid4()), metadata=GRAPH)
    prompt = [HumanMessage(f"m{number}") for number in range(4_000)]
    times = []
    for _ in range(20):
        event = {"run_id": uuid4(), "parent_run_id": root, "metadata": GRAPH}
        start = time.thread_time()
        handler.on_chat_model_start({}, [prompt], **event)
        times.append(time.thread_time() - start)
        prompt = [*prompt, HumanMessage("more")]
    assert min(times[1:]) < times[0] / 20


def test_what_waits_is_bounded_in_bytes_and_what_is_dropped_is_told(caplog):
    class Full(ListSink):
        room = False

        def append(self, traces) -> None:
            if not self.room:
                raise OSError("no space left on device")
            super().append(traces)

    sink = Full()
    recorder = CallbackRecorder(sink, capacity_bytes=1_000_000)
    for _ in range(40):
        long_run(recorder, 1, output="x" * 100_000)
    lost = recorder.dropped
    assert 20 <= lost < 35  # ten wait, and a batch may be on its way
    sink.room = True
    assert recorder.flush(60)
    assert len(sink.traces) == 40 - lost
    assert [trace.metadata.get(LOST) for trace in sink.traces[:2]] == [lost, None]
    assert sum("1000000 bytes are waiting" in entry.getMessage() for entry in caplog.records) == 1


def test_a_trace_that_is_refused_while_others_are_stored_is_given_up(caplog):
    class Picky(ListSink):
        def append(self, traces) -> None:
            if any(trace.tool_calls[0].args["where"] == "bad" for trace in traces):
                raise TypeError("cannot store this one")
            super().append(traces)

    sink = Picky()
    recorder = CallbackRecorder(sink)
    look.invoke({"where": "bad"}, {"callbacks": [recorder]})
    for number in range(MAX_REFUSALS * 3):
        look.invoke({"where": str(number)}, {"callbacks": [recorder]})
        recorder.flush(20)
    assert recorder.flush(20)
    assert (recorder.dropped, len(sink.traces)) == (1, MAX_REFUSALS * 3)


ENDLESS = """
import sys, time
import langchain_awo as awo
from langchain_core.tools import tool

@tool
def note(text: str) -> str:
    "Notes."
    return text

recorder = awo.TraceRecorder(sys.argv[1])
for number in range(100_000):
    note.invoke({"text": str(number)}, {"callbacks": [recorder]})
    print(number, time.time(), flush=True)
    time.sleep(0.002)
"""


def start(source, *args):
    path = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
    return subprocess.Popen([sys.executable, "-c", path + source, *args], stdout=subprocess.PIPE, text=True)  # noqa: S603


def stored(path):
    return {call.args["text"] for trace in awo.load_traces(path) for call in trace.tool_calls}


@pytest.mark.parametrize("name", ["traces.db", "traces.jsonl"])
def test_a_process_that_is_killed_loses_at_most_the_last_second(name, tmp_path):
    process = start(ENDLESS, str(tmp_path / name))
    lines = [process.stdout.readline()]
    until = time.time() + 5
    while time.time() < until:
        lines.append(process.stdout.readline())
    process.kill()
    killed = time.time()
    rest = process.communicate()[0].splitlines()
    ended = [line.split() for line in [*lines, *rest] if len(line.split()) == 2]
    durable = {number for number, at in ended if float(at) < killed - LINGER - 2}
    assert len(durable) > 20
    assert durable <= stored(tmp_path / name)


PROCESSES = ENDLESS.replace("100_000", "60").replace('text": str(number)', 'text": sys.argv[2] + str(number)')


@pytest.mark.parametrize("name", ["traces.db", "traces.jsonl"])
def test_many_processes_record_into_one_store(name, tmp_path):
    processes = [start(PROCESSES, str(tmp_path / name), f"{who} ") for who in "abcde"]
    for process in processes:
        process.communicate(timeout=120)
    assert stored(tmp_path / name) == {f"{who} {number}" for who in "abcde" for number in range(60)}


LIMITED = """
import resource, sys
import langchain_awo as awo
from langchain_core.tools import tool

@tool
def note(text: str) -> str:
    "Notes."
    return "x" * 2_000

recorder = awo.TraceRecorder(sys.argv[1])
for number in range(30):
    note.invoke({"text": f"before {number}"}, {"callbacks": [recorder]})
assert recorder.flush(20)
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, unlimited[1]))
for number in range(30):
    note.invoke({"text": f"full {number}"}, {"callbacks": [recorder]})
failed = recorder.flush(20)
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
print(failed, recorder.flush(60), recorder.dropped)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="the system has no limit for files")
@pytest.mark.parametrize("name", ["traces.db", "traces.jsonl"])
def test_a_disk_that_was_full_gets_every_trace_when_it_has_room_again(name, tmp_path):
    done = run_python(LIMITED, str(tmp_path / name))
    assert done.stdout.split() == ["False", "True", "0"], done.stderr
    assert done.stderr.count("traces cannot be written to") == 1
    assert stored(tmp_path / name) == {
        f"{when} {number}" for when in ("before", "full") for number in range(30)
    }


def test_the_signal_of_a_file_that_may_not_grow_is_no_end_of_the_program():
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
