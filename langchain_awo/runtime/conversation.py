"""What a conversation already holds: results of reads that are still true, whoever asked for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage

from langchain_awo.model.effect import Effect
from langchain_awo.model.encoding import digest, dumps, project_output
from langchain_awo.model.trace import JSONValue

FETCHED: Final = "awo_fetched"
"""Where a message keeps what was fetched along with it, in `additional_kwargs`: providers are not sent it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One read whose result is known, as a tool would have answered it; `unasked` if the model never called it."""

    tool: str
    args: dict[str, JSONValue]
    content: Any
    artifact: Any = None
    unasked: bool = False

    @property
    def output(self) -> JSONValue:
        """What it says, as it came."""
        return project_output(self.content, self.artifact)


def call_key(tool: str, args: Mapping[str, JSONValue]) -> str:
    """What makes two calls the same: tool and arguments, those that are null left out."""
    return digest([tool, {name: value for name, value in args.items() if value is not None}])


def held_reads(messages: Sequence[BaseMessage], effects: Mapping[str, Effect]) -> dict[str, Held]:
    """The reads since the user spoke last and since the world may have changed last.

    Args:
        messages: the conversation.
        effects: of the tools that are known to read; any other tool may have changed something.
    """
    asked: dict[str, ToolCall] = {}
    held: dict[str, Held] = {}
    for message in messages:
        if isinstance(message, HumanMessage):
            held.clear()
        elif isinstance(message, AIMessage):
            asked |= {call["id"] or "": call for call in message.tool_calls}
        elif isinstance(message, ToolMessage) and message.tool_call_id in asked:
            _take(held, asked[message.tool_call_id], message, effects)
    return held


def _take(held: dict[str, Held], call: ToolCall, message: ToolMessage, effects: Mapping[str, Effect]) -> None:
    steps = message.artifact.get("steps") if isinstance(message.artifact, Mapping) else None
    if isinstance(steps, list) and "meta_tool" in message.artifact:
        replies = message.artifact.get("messages")
        replies = replies if isinstance(replies, list) else []
        for step, reply in zip_longest(steps, replies[: len(steps)]):
            if _is_call(step, "output"):
                one = Held(tool=step["tool"], args=step["args"], content=_said(step, reply), unasked=True)
                _take_one(held, one, effects)
            else:
                held.clear()
        return
    if message.status != "error" or not effects.get(call["name"], Effect.UNKNOWN).is_read:
        own = Held(tool=call["name"], args=call["args"], content=message.content, artifact=message.artifact)
        _take_one(held, own, effects)
    fetched = message.additional_kwargs.get(FETCHED)
    for each in fetched if isinstance(fetched, list) else []:
        if _is_call(each, "content"):
            one = Held(
                tool=each["tool"], args=each["args"], content=each["content"], artifact=each.get("artifact")
            )
            _take_one(held, replace(one, unasked=True), effects)


def _is_call(told: object, result: str) -> bool:
    """Whether a message that anybody may have written tells of a call and its result."""
    return (
        isinstance(told, Mapping)
        and isinstance(told.get("tool"), str)
        and isinstance(told.get("args"), Mapping)
        and result in told
    )


def _said(step: Mapping[str, Any], reply: object) -> Any:
    """What a tool said in a step, as it came if its message is still there."""
    output = step["output"]
    if isinstance(reply, ToolMessage):
        return reply.content
    return output if isinstance(output, str) else dumps(output)


def _take_one(held: dict[str, Held], one: Held, effects: Mapping[str, Effect]) -> None:
    if effects.get(one.tool, Effect.UNKNOWN).is_read:
        held[call_key(one.tool, one.args)] = one
    else:
        held.clear()
