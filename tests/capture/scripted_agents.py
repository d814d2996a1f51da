"""A sink that is a list, a tool, an agent, what scripted models say, and programs in processes of their own."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from langchain_awo.model.trace.trace import ToolCallRecord, Trace
from langchain_awo.testing import ScriptedChatModel


class ListSink:
    def __init__(self) -> None:
        self.traces: list[Trace] = []

    def append(self, traces: Sequence[Trace]) -> None:
        self.traces.extend(traces)


@tool
def look(where: str) -> str:
    """Looks."""
    return f"saw {where}"


def by_hand(model, tools, *, checkpointer=None, retry=None):
    """An agent as people write it themselves: one node for all tools."""

    def think(state: MessagesState) -> dict[str, Any]:
        return {"messages": [model.bind_tools(tools).invoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("model", think)
    graph.add_node("tools", ToolNode(tools, handle_tool_errors=False), retry_policy=retry)
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    return graph.compile(checkpointer=checkpointer)


def playing(*steps: Any) -> ScriptedChatModel:
    """A model whose script may have exceptions in it, which it raises."""
    left = iter(steps)

    def play(*_: object) -> Any:
        step = next(left)
        if isinstance(step, Exception):
            raise step
        return step

    return ScriptedChatModel(policy=play)


def call(name: str, call_id: str, **args: Any) -> dict[str, Any]:
    return {"name": name, "args": args, "id": call_id, "type": "tool_call"}


def asks(*calls: dict[str, Any]) -> AIMessage:
    usage = {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}
    return AIMessage("", tool_calls=list(calls), usage_metadata=usage)


def says(text: str = "done") -> AIMessage:
    usage = {"input_tokens": 200, "output_tokens": 20, "total_tokens": 220}
    return AIMessage(text, usage_metadata={**usage, "input_token_details": {"cache_read": 50}})


def user(*texts: str) -> dict[str, Any]:
    return {"messages": [("user", text) for text in texts]}


def by_id(trace: Trace) -> dict[str, ToolCallRecord]:
    return {record.call_id: record for record in trace.tool_calls}


HANGS = 300
"""Seconds after which a program counts as one that never ends."""


def run_python(source: str, *args: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a program that can import this module."""
    path = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
    command = [sys.executable, "-c", path + source, *args]
    return subprocess.run(  # noqa: S603  # our own source
        command, input=stdin, capture_output=True, text=True, check=False, timeout=HANGS
    )
