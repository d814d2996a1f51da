"""A program that ends in the middle of runs ends at once, and what was recorded of them is stored as abandoned or failed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from langchain_awo.stores import open_store

PROGRAM = """
import gc, os, sys, threading
import langchain_awo as awo
from langchain_core.tools import tool
from langgraph.prebuilt import ToolNode
from langgraph.graph import START, MessagesState, StateGraph
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.outcome import Limits
from langchain_awo.runtime.tool.lowering import lower
from langchain_awo.testing import ask_tools
from langchain_awo.model.ir.binding import Parameter
from tests.runtime.desk import routine, step

begun = threading.Event()

@tool
def wait(email: str) -> str:
    "Never comes back."
    begun.set()
    threading.Event().wait()

@tool
def leave(email: str) -> str:
    "Ends the program."
    sys.exit(3)

@tool
def fail(email: str) -> str:
    "Fails."
    raise KeyError("nobody catches this")

def graph(*tools):
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode(list(tools), handle_tool_errors=False))
    graph.add_edge(START, "tools")
    return graph.compile()

def run(name, *tools):
    recorder = awo.TraceRecorder(f"{sys.argv[1]}/{kind}.db")
    said = {"messages": [("user", "go"), ask_tools((name, {"email": "a"}))]}
    return graph(*tools).invoke(said, {"callbacks": [recorder]})

def of_daemon():  # not in a graph: LangGraph runs tools in threads that the end of a program waits for
    recorder = awo.TraceRecorder(f"{sys.argv[1]}/{kind}.db")
    look = lambda: wait.invoke({"email": "a"}, {"callbacks": [recorder]})
    threading.Thread(target=look, daemon=True).start()
    begun.wait()

def of_exit():
    run("leave", leave)

def of_error():
    run("fail", fail)

def of_time_limit():
    recorder = awo.TraceRecorder(f"{sys.argv[1]}/{kind}.db")
    assert "TimeoutError" in lowered.invoke({"email": "a"}, {"callbacks": [recorder]})

slow = routine("help_user", step("wait", Effect.READ, args={"email": Parameter(name="email")}))
lowered = lower(slow, [wait], limits=Limits(timeout=0.05))

awo.open_store(f"{sys.argv[1]}/warm.db").close()  # the imports of a store, once
gc.freeze()  # what is shared is not collected four times
for kind in ("daemon", "exit", "error", "time_limit"):
    if not os.fork():
        os.dup2(os.open(f"{sys.argv[1]}/{kind}.txt", os.O_WRONLY | os.O_CREAT), 2)
        globals()[f"of_{kind}"]()
        sys.exit(0)
for _ in range(4):
    print(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def test_runs_that_are_open_when_the_program_ends_are_stored_and_hold_it_up_in_no_way(tmp_path: Path) -> None:
    """By its end in another thread, by `sys.exit` in a tool, by an exception that nobody catches, with a call that never ends."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "LANGSMITH_TRACING": "false"}
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(tmp_path)]
    done = subprocess.run(  # noqa: S603  # our own program
        command, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert sorted(done.stdout.split()) == ["0", "0", "1", "3"], done.stderr
    found = {}
    for kind in ("daemon", "exit", "error", "time_limit"):
        with open_store(tmp_path / f"{kind}.db", create=False) as store:
            found[kind] = [(call.name, call.status) for trace in store.traces() for call in trace.tool_calls]
    assert found["daemon"] == [("wait", "abandoned")]
    assert found["exit"][0][0] == "leave"
    assert found["exit"][0][1] in ("abandoned", "error")
    assert found["error"] == [("fail", "error")]
    assert ("wait", "abandoned") in found["time_limit"]
