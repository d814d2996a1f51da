"""Traces reach the sink, whatever happens to it or to the program, and the agent never notices."""

from __future__ import annotations

import errno
import gc
import json
import logging
import threading
import weakref
from typing import Any
from uuid import uuid4

import pytest
from langchain.agents import create_agent
from langchain_core import __version__ as core_version
from langchain_core.tools import tool
from packaging.version import Version

from langchain_awo.capture.recorder import CallbackRecorder
from langchain_awo.testing import ScriptedChatModel
from tests.capture.scripted_agents import ListSink, asks, call, look, run_python, says, user


class FullDisk(ListSink):
    """Fails until there is room, as a file on a full disk does."""

    url = "sqlite:///traces.db"

    def __init__(self) -> None:
        super().__init__()
        self.room = False
        self.tried = 0

    def append(self, traces) -> None:
        self.tried += 1
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().append(traces)


class Picky(ListSink):
    """Cannot store one particular trace."""

    def append(self, traces) -> None:
        if any(trace.tool_calls[0].args["where"] == "bad" for trace in traces):
            raise TypeError("cannot store this one")
        super().append(traces)


class Slow(ListSink):
    """Waits for permission."""

    def __init__(self) -> None:
        super().__init__()
        self.may_write = threading.Event()

    def append(self, traces) -> None:
        self.may_write.wait(20)
        super().append(traces)


def run_agent(recorder):
    agent = create_agent(ScriptedChatModel(script=[asks(call("look", "c1", where="a")), says()]), [look])
    return agent.invoke(user("go"), config={"callbacks": [recorder]})


def run_tool(recorder, where):
    return look.invoke({"where": where}, config={"callbacks": [recorder]})


def places(sink):
    return [trace.tool_calls[0].args["where"] for trace in sink.traces]


def test_a_full_disk_is_warned_of_once_and_the_agent_goes_on(caplog):
    sink = FullDisk()
    recorder = CallbackRecorder(sink)
    for _ in range(5):
        assert run_agent(recorder)["messages"][-1].text == "done"
        assert recorder.flush() is False
    (warning,) = [entry for entry in caplog.records if entry.levelno >= logging.WARNING]
    assert "sqlite:///traces.db" in warning.getMessage()
    assert "No space left on device" in warning.getMessage()


def test_traces_are_kept_until_the_disk_has_room_again():
    sink = FullDisk()
    with CallbackRecorder(sink) as recorder:
        for where in "abcd":
            run_tool(recorder, where)
        assert recorder.flush() is False
        sink.room = True
        assert recorder.flush() is True
        assert recorder.dropped == 0
    assert sorted(places(sink)) == ["a", "b", "c", "d"]


def test_one_trace_that_cannot_be_stored_does_not_hold_up_the_others():
    sink = Picky()
    recorder = CallbackRecorder(sink)
    for where in ("a", "bad", "b", "c"):
        run_tool(recorder, where)
    assert recorder.flush() is False
    assert sorted(places(sink)) == ["a", "b", "c"]


def test_a_full_queue_drops_the_oldest_counts_them_and_says_so_once(caplog):
    sink = Slow()
    recorder = CallbackRecorder(sink, capacity=3)
    for index in range(20):
        run_tool(recorder, str(index))
    assert 14 <= recorder.dropped <= 17  # three wait, and at most three are being written
    sink.may_write.set()
    assert recorder.flush(20)
    assert len(sink.traces) == 20 - recorder.dropped
    assert places(sink)[-3:] == ["17", "18", "19"]
    assert [entry.levelname for entry in caplog.records] == ["WARNING"]


def test_a_flush_gives_up_when_its_time_is_over():
    sink = Slow()
    recorder = CallbackRecorder(sink)
    run_tool(recorder, "a")
    writing = threading.Thread(target=recorder.flush)
    writing.start()
    run_tool(recorder, "b")
    assert recorder.flush(timeout=0.01) is False
    sink.may_write.set()
    writing.join()
    assert recorder.flush(20) is True


def test_the_background_thread_writes_without_being_asked():
    written = threading.Event()

    class Telling(ListSink):
        def append(self, traces) -> None:
            super().append(traces)
            written.set()

    sink = Telling()
    recorder = CallbackRecorder(sink)
    run_agent(recorder)
    assert written.wait(20)
    assert threading.current_thread().name != "awo-writer"
    recorder.close()


def test_a_closed_recorder_records_no_more():
    sink = ListSink()
    recorder = CallbackRecorder(sink)
    run_tool(recorder, "a")
    assert recorder.close()
    run_tool(recorder, "b")
    assert recorder.flush()
    assert places(sink) == ["a"]


def test_closing_ends_what_is_still_running():
    sink = ListSink()
    recorder = CallbackRecorder(sink)

    @tool
    def close_it() -> str:
        """Closes the recorder under its own feet."""
        recorder.close()
        return "closed"

    model = ScriptedChatModel(script=[asks(call("close_it", "c1")), says()])
    answer = create_agent(model, [close_it]).invoke(user("go"), config={"callbacks": [recorder]})
    assert answer["messages"][-1].text == "done"
    (trace,) = sink.traces
    assert [c.status for c in trace.tool_calls] == ["abandoned"]


def test_a_recorder_that_nobody_keeps_still_writes(sink):
    recorder = CallbackRecorder(sink)
    writer, kept = recorder._writer, weakref.ref(recorder)
    model = ScriptedChatModel(script=[asks(call("look", "c1", where="a"))])
    model.invoke("go", config={"callbacks": [recorder]})
    del recorder
    gc.collect()  # what LangChain made for the call refers to it, in circles
    assert kept() is None
    assert writer.flush()
    assert [c.status for c in sink.traces[0].tool_calls] == ["abandoned"]


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("not readable")

    def __str__(self) -> str:
        raise RuntimeError("not readable")


def test_a_value_that_cannot_be_read_costs_only_itself(recorder, recorded):
    @tool
    def odd(name: str) -> Any:
        """Returns what nothing can show."""
        return {"name": name, "odd": Hostile()}

    odd.invoke({"name": "n"}, config={"callbacks": [recorder]})
    (record,) = recorded()[0].tool_calls
    assert record.args == {"name": "n"}
    assert record.output == {"name": "n", "odd": "<Hostile cannot be shown: RuntimeError>"}


def test_an_error_that_cannot_be_shown_is_still_an_error(recorder, recorded):
    class UnshowableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not readable")

    recorder.on_tool_start({"name": "t"}, "", run_id=(run := uuid4()), inputs={})
    recorder.on_tool_error(UnshowableError(), run_id=run)
    assert recorded()[0].tool_calls[0].error == "UnshowableError"


def test_a_prompt_that_makes_no_sense_is_logged_once_and_costs_only_itself(recorder, recorded, caplog):
    for _ in range(3):
        recorder.on_chat_model_start({}, [["not a message"]], run_id=uuid4())
    run_tool(recorder, "a")
    assert [c.name for trace in recorded() for c in trace.tool_calls] == ["look"]
    (entry,) = caplog.records
    assert "read_prompt() could not be recorded" in entry.getMessage()


def test_ends_of_runs_that_never_started_are_ignored(recorder, recorded, caplog):
    recorder.on_tool_end("x", run_id=uuid4())
    recorder.on_tool_error(ValueError("x"), run_id=uuid4())
    recorder.on_chain_end({}, run_id=uuid4())
    recorder.on_chain_error(ValueError("x"), run_id=uuid4())
    recorder.on_llm_error(ValueError("x"), run_id=uuid4())
    assert recorded() == []
    assert caplog.records == []


def test_runs_that_outlive_their_root_do_not_make_a_trace_of_their_own(recorder, recorded):
    """A tool in a thread goes on after its agent was cancelled, and calls another tool."""
    root, outer, inner, innermost = (uuid4() for _ in range(4))
    recorder.on_chain_start({}, {}, run_id=root)
    recorder.on_tool_start({"name": "outer"}, "", run_id=outer, parent_run_id=root, inputs={})
    recorder.on_chain_error(KeyboardInterrupt(), run_id=root)
    recorder.on_tool_start({"name": "inner"}, "", run_id=inner, parent_run_id=outer, inputs={})
    recorder.on_tool_start({"name": "innermost"}, "", run_id=innermost, parent_run_id=inner, inputs={})
    for run in (innermost, inner, outer):
        recorder.on_tool_end("x", run_id=run)
    (trace,) = recorded()
    assert [(c.name, c.status) for c in trace.tool_calls] == [("outer", "abandoned")]


def test_many_threads_lose_nothing(recorder, recorded):
    threads = [threading.Thread(target=run_agent, args=(recorder,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    traces = recorded()
    assert len(traces) == 16
    assert {trace.tool_calls[0].output for trace in traces} == {"saw a"}


PROGRAM = """
import json, sys
from pathlib import Path
from tests.capture.scripted_agents import asks, call, says, user
from langchain_awo.testing import ScriptedChatModel
from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_awo.capture.recorder import CallbackRecorder
from langchain_awo.model.ir.schema import dump

class File:
    def append(self, traces):
        with Path(sys.argv[1]).open("a") as file:
            for trace in traces:
                file.write(json.dumps(dump(trace)) + chr(10))

@tool
def look(where: str) -> str:
    "Looks."
    if where == "abyss":
        ENDING
    return where

model = ScriptedChatModel(script=[asks(call("look", "c1", where="a")), asks(call("look", "c2", where="abyss")), says()])
recorder = CallbackRecorder(File())
create_agent(model, [look]).invoke(user("go"), config={"callbacks": [recorder]})
"""


# Since langchain-core 1.7.5 a tool tells its handlers of everything that it raises; before, `sys.exit` left it without an end.
EXITED = "error" if Version(core_version) >= Version("1.7.5") else "abandoned"


@pytest.mark.parametrize(
    ("ending", "code", "status"),
    [
        ("pass", 0, "ok"),
        ("raise ValueError('kaboom')", 1, "error"),
        ("sys.exit(3)", 3, EXITED),
        ("raise KeyboardInterrupt", -2, "error"),
    ],
)
def test_no_trace_is_lost_when_the_program_ends(ending, code, status, tmp_path):
    done = run_python(PROGRAM.replace("ENDING", ending), str(tmp_path / "traces.jsonl"))
    assert done.returncode == code, done.stderr
    (line,) = (tmp_path / "traces.jsonl").read_text().splitlines()
    first, second = json.loads(line)["tool_calls"]
    assert (first["output"], second.get("status", "ok")) == ("a", status)


def test_a_loop_that_the_end_of_the_program_cuts_off_is_written(tmp_path):
    source = PROGRAM[: PROGRAM.index("create_agent(model")] + (
        "model.invoke('go', config={'callbacks': [recorder]})"
    )
    done = run_python(source.replace("ENDING", "pass"), str(tmp_path / "traces.jsonl"))
    assert done.returncode == 0, done.stderr
    (line,) = (tmp_path / "traces.jsonl").read_text().splitlines()
    assert json.loads(line)["tool_calls"][0]["status"] == "abandoned"


def test_a_path_that_cannot_be_written_does_not_stop_the_program(tmp_path):
    done = run_python(PROGRAM.replace("ENDING", "pass"), str(tmp_path / "missing" / "traces.jsonl"))
    assert done.returncode == 0
    assert done.stderr.count("cannot be written") == 1
