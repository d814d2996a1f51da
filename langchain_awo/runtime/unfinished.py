"""A call that repeats one which stopped after it had changed something: it goes on with it, token or not.

Models that are handed an error often call again just as before. Since the user spoke last that means the same thing as
passing the resume token, and a new run would do again what was done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, ToolCall, ToolMessage
from langgraph.prebuilt import ToolRuntime

from langchain_awo.model.encoding import digest, to_json
from langchain_awo.model.metatool import MetaTool
from langchain_awo.runtime.schemas import RESUME_TOKEN


def unfinished_token(meta_tool: MetaTool, runtime: ToolRuntime | None) -> str | None:
    """The resume token of the run that this call repeats, if the conversation shows one that is not complete.

    Args:
        meta_tool: what is called.
        runtime: of the call; without a graph nothing is known of the conversation.
    """
    asked: dict[str, ToolCall] = {}
    stopped: dict[str, str] = {}
    for message in _messages(runtime):
        if isinstance(message, HumanMessage):
            stopped.clear()
        elif isinstance(message, AIMessage):
            asked |= {call["id"] or "": call for call in message.tool_calls}
        elif isinstance(message, ToolMessage) and message.name == meta_tool.name:
            call = asked.get(message.tool_call_id)
            token = _token(meta_tool, message)
            if call and token:
                stopped[_same(call)] = token
            elif call:
                stopped.pop(_same(call), None)
    own = asked.get((runtime.tool_call_id if runtime else None) or "")
    return stopped.get(_same(own)) if own else None


def _messages(runtime: ToolRuntime | None) -> list[Any]:
    state: Any = runtime.state if runtime else None
    if isinstance(state, list):
        return state
    found = state.get("messages") if isinstance(state, Mapping) else getattr(state, "messages", None)
    return list(found or ())


def _token(meta_tool: MetaTool, message: ToolMessage) -> str | None:
    """What goes on where a call stopped, if it had changed something."""
    told = message.artifact if isinstance(message.artifact, Mapping) else {}
    if told.get("status") != "stopped":
        return None
    steps = meta_tool.steps
    done = [each["step"] for each in told["steps"] if each["step"] <= len(steps)]
    has_changed = any(not steps[number - 1].effect.is_read for number in done)
    return str(told["resume_token"]) if has_changed else None


def _same(call: ToolCall) -> str:
    """What two calls have in common that ask for the same thing."""
    args = {name: value for name, value in call["args"].items() if name != RESUME_TOKEN and value is not None}
    return digest(to_json(args))
