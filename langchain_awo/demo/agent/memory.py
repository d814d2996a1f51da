"""What an agent knows of the tool calls that were made, read from nothing but its messages.

It does not matter who made a call: the agent itself, a meta-tool on its behalf, or a middleware that went on
where the agent had begun.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolCall, ToolMessage

from langchain_awo.model.text.encoding import decode, project_output

SAYS_UNKNOWN = re.compile(r"\bNo (customer|order|shipment|product|ticket) has\b")
"""How the back office says that something does not exist: trying again would not help."""


@dataclass(frozen=True, slots=True)
class AgentCall:
    """A tool call as an agent thinks of it; arguments that are `None` count as left out."""

    tool: str
    args: Mapping[str, Any]

    def same_as(self, other: AgentCall) -> bool:
        """Whether both ask for the same thing."""
        return self.tool == other.tool and _drop_absent(self.args) == _drop_absent(other.args)


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A call that was made.

    Attributes:
        native: whether its whole output was shown to the agent as the answer to a call of that very tool.
    """

    call: AgentCall
    output: Any = None
    error: str | None = None
    native: bool = True


@dataclass(slots=True)
class Memory:
    """Everything done so far, in order."""

    done: list[MadeCall] = field(default_factory=list)

    def of(self, call: AgentCall) -> list[MadeCall]:
        """Every time this call was made."""
        return [past for past in self.done if past.call.same_as(call)]

    def outputs(self, call: AgentCall) -> list[MadeCall]:
        """Every time it succeeded."""
        return [past for past in self.of(call) if past.error is None]

    def failure(self, call: AgentCall) -> str | None:
        """Why it cannot be done, if it failed and is not worth another try."""
        if self.outputs(call):
            return None
        final = (past.error for past in self.of(call) if past.error and _is_final(past))
        return next(final, None)


def read_memory(messages: Sequence[BaseMessage], known_tools: AbstractSet[str]) -> Memory:
    """What the messages tell.

    Args:
        messages: the whole conversation.
        known_tools: names of the original tools; the results of all others are looked through for inner steps.
    """
    asked: dict[str, ToolCall] = {}
    memory = Memory()
    for message in messages:
        if isinstance(message, AIMessage):
            asked |= {call["id"] or "": call for call in message.tool_calls}
        elif isinstance(message, ToolMessage) and message.tool_call_id in asked:
            memory.done.extend(_read_result(asked[message.tool_call_id], message, known_tools))
        elif isinstance(message, SystemMessage):
            memory.done.extend(_read_known_from_start(message))
    return memory


def _read_known_from_start(prompt: SystemMessage) -> Iterator[MadeCall]:
    """What entry meta-tools found: a line each, `Known from the start (name): {...}`."""
    for line in prompt.text.splitlines():
        _, _, told = line.partition(": ")
        yield from _read_inner_steps(decode(told))


def _read_result(asked: ToolCall, message: ToolMessage, known_tools: AbstractSet[str]) -> Iterator[MadeCall]:
    call = AgentCall(asked["name"], asked["args"])
    parts = _split_parts(message)
    inner = [past for part in parts for past in _read_inner_steps(part)]
    if call.tool in known_tools and any(past.call.same_as(call) for past in inner):
        yield from inner
    elif message.status == "error":
        yield MadeCall(call, error=message.text)
        yield from inner
    else:
        yield MadeCall(call, output=parts[0])
        yield from inner


def _split_parts(message: ToolMessage) -> list[Any]:
    """The values in a tool's answer: one, or several when more was handed over below it."""
    content = message.content
    blocks = [project_output([block]) for block in content] if isinstance(content, list) else [content]
    texts = blocks or [content]
    if len(texts) == 1 and isinstance(texts[0], str):
        answer, _, below = texts[0].rpartition("\n\n")
        further = decode(below) if answer else None
        if isinstance(further, dict) and "steps" in further:
            texts = [answer if isinstance(decode(answer), dict) else answer.partition("\n\n")[0], below]
    return [decode(text) for text in texts]


def _read_inner_steps(value: Any) -> Iterator[MadeCall]:
    """The steps in the result of a meta-tool, done or failed; none if it is something else."""
    if not isinstance(value, dict) or not isinstance(value.get("steps"), list):
        return
    failed = value.get("failed")
    for step in [*value["steps"], *([failed] if failed else [])]:
        if not isinstance(step, dict) or not isinstance(step.get("tool"), str):
            continue
        for args, told in _read_told_calls(step):
            call = AgentCall(step["tool"], args)
            if told.get("error"):
                yield MadeCall(call, error=str(told["error"]), native=False)
            elif "output" in told:
                yield MadeCall(call, output=decode(told["output"]), native=False)


def _read_told_calls(step: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Mapping[str, Any]]]:
    """The calls of a step, each with its arguments and what came of it; one that ran for each item has several."""
    shared = step["args"] if isinstance(step.get("args"), dict) else {}
    if isinstance(step.get("outputs"), list):
        names = step.get("for_each")
        for output in step["outputs"]:
            said = {name: output[name] for name in ([names] if isinstance(names, str) else names or ())}
            yield {**shared, **said}, {"output": output}
    elif isinstance(step.get("calls"), list):
        yield from (({**shared, **call["args"]}, call) for call in step["calls"])
    else:
        yield shared, step


def _is_final(past: MadeCall) -> bool:
    return past.native or bool(SAYS_UNKNOWN.search(past.error or ""))


def _drop_absent(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in args.items() if value is not None}
