"""One real agent run, recorded by our handler and by everybody else's exporter at once."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import wrap_tool_call
from langchain_core.load import dumpd
from langchain_core.messages import BaseMessage, ToolMessage, convert_to_openai_messages, messages_to_dict
from langchain_core.tools import tool
from langchain_core.tracers import LangChainTracer
from langgraph.checkpoint.base import BaseCheckpointSaver
from langsmith import Client

from langchain_awo.model.trace.thread import CONVERSATION
from langchain_awo.model.trace.trace import Trace
from langchain_awo.testing import ScriptedChatModel, ask_tools

THREAD = "desk-4"


@tool
def find_berth(ship: str) -> dict[str, str]:
    """Finds where a ship lies."""
    if not ship.isalpha():
        raise ValueError(f"no ship is called {ship}")
    return {"ship": ship, "berth": f"B-{len(ship)}"}


@tool
def read_tide(berth: str, hour: int) -> str:
    """Reads the tide at a berth."""
    return f"{berth} at {hour}: 2.4 m"


@wrap_tool_call
def tell_failures(request: Any, handler: Any) -> Any:
    """Tells the model of a tool that raised, as most agents do."""
    try:
        return handler(request)
    except ValueError as error:
        return ToolMessage(
            f"failed: {error}",
            tool_call_id=request.tool_call["id"],
            name=request.tool_call["name"],
            status="error",
        )


def run_agent(callbacks: list[Any], checkpointer: BaseCheckpointSaver | None = None) -> list[BaseMessage]:
    """Two parallel calls, one of which fails, then one more, then words."""
    model = ScriptedChatModel(
        script=[
            ask_tools(("find_berth", {"ship": "Heron"}), ("find_berth", {"ship": "77"}), text="I look."),
            ask_tools(("read_tide", {"berth": "B-5", "hour": 6})),
            "The Heron lies at B-5, with 2.4 m of water.",
        ]
    )
    agent = create_agent(
        model,
        [find_berth, read_tide],
        system_prompt="Be brief.",
        middleware=[tell_failures],
        checkpointer=checkpointer,
    )
    config = {"callbacks": callbacks, "configurable": {"thread_id": THREAD}}
    said: list[BaseMessage] = agent.invoke({"messages": [("user", "Where is the Heron?")]}, config=config)[
        "messages"
    ]
    return said


class Kept(list[Trace]):
    """A sink that keeps traces."""

    def append(self, traces: Any) -> None:
        """Takes a batch."""
        self.extend(traces)


class Session:
    """A transport of LangSmith's client that keeps what would be sent."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []

    def request(self, _method: str, url: str, **sent: Any) -> Any:
        """Keeps the runs of a request."""
        from requests import Response

        if "/runs" in url and sent.get("data"):
            self.bodies.append(json.loads(sent["data"]))
        answer = Response()
        answer.status_code, answer._content = 202, b"{}"
        return answer

    def mount(self, *_: Any) -> None:
        """Needs nothing."""

    def close(self) -> None:
        """Needs nothing."""


def langsmith_tracer() -> tuple[LangChainTracer, Session]:
    """LangSmith's own tracer, sending to memory."""
    session = Session()
    client = Client(
        api_url="http://localhost:1", api_key="none", session=session, auto_batch_tracing=False, info={}
    )
    return LangChainTracer(client=client, project_name="quay"), session


def comparable(trace: Trace) -> Trace:
    """A trace without what every recording has of its own: ids, clocks, and what our recorder says of the thread."""
    names = {call.call_id: f"call {number}" for number, call in enumerate(trace.tool_calls)}
    return replace(
        trace,
        trace_id="",
        metadata={key: value for key, value in trace.metadata.items() if key != CONVERSATION},
        started_at=None,
        ended_at=None,
        model_calls=tuple(replace(call, started_at=None, ended_at=None) for call in trace.model_calls),
        tool_calls=tuple(
            replace(call, call_id=names[call.call_id], started_at=None, ended_at=None)
            for call in trace.tool_calls
        ),
    )


def serialised(messages: list[BaseMessage]) -> dict[str, Any]:
    """The messages as LangChain writes them, and as it writes them for OpenAI."""
    return {
        "model_dump": {"messages": [message.model_dump() for message in messages]},
        "messages_to_dict": {"messages": messages_to_dict(messages)},
        "dumpd": {"messages": dumpd(messages)},
        "openai": {"messages": convert_to_openai_messages(messages)},
    }
