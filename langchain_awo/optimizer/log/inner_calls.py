"""Calls that meta-tools made, one by one: what each returned, and whether it can be told by that."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Final

from langchain_awo.model.text.encoding import decode, dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.call_key import call_key
from langchain_awo.model.trace.handback import ToldCall
from langchain_awo.model.trace.trace import ReplayMark, ToolCallRecord, ToolSpec, Trace
from langchain_awo.optimizer.log.effects import classify_effect
from langchain_awo.optimizer.selection.output_liveness import list_leaves

UNNAMED: Final = "unnamed"
"""Name of the meta-tool where a recording does not tell which one it was."""


def as_recorded(
    beside: ToolCallRecord, told_call: ToldCall, number: int, *, parent: str | None
) -> ToolCallRecord:
    """A call that an answer tells of, as if it had been recorded."""
    return ToolCallRecord(
        call_id=f"{beside.call_id}.{number}",
        name=told_call.tool,
        args=told_call.args,
        output=told_call.output,
        status="error" if told_call.error else "ok",
        error=told_call.error,
        scope=beside.scope,
        parent_id=parent,
        replay=ReplayMark(meta_tool=beside.name if parent else UNNAMED, step=told_call.step),
    )


def collect_inner_calls(trace: Trace) -> dict[str, list[ToolCallRecord]]:
    """The calls that meta-tools made, by the id of the meta-tool's own call.

    A call made unasked also knows what it ran inside of, which is the tool that holds the whole agent.
    """
    names = {call.call_id: call.name for call in trace.tool_calls}
    inside: dict[str, list[ToolCallRecord]] = defaultdict(list)
    for call in trace.tool_calls:
        if call.parent_id is not None and call.replay is not None:
            meta_tool = call.replay.meta_tool
            if names.get(call.parent_id, meta_tool) == meta_tool:
                inside[call.parent_id].append(call)
    return inside


def get_anchor(call: ToolCallRecord) -> str:
    """The id of the call behind which one was made unasked."""
    return call.call_id.rsplit("__", 1)[0]


def get_step(call: ToolCallRecord) -> tuple[str, int]:
    """The meta-tool that made a call, and the number of its step."""
    return (call.replay.meta_tool, call.replay.step) if call.replay else ("", 0)


def rank_step(call: ToolCallRecord) -> tuple[int, str]:
    """Sorts the calls of a meta-tool by step, and those that one step made side by side by their arguments."""
    return get_step(call)[1], dumps(call.args)


@cache
def is_read(tool: str) -> bool:
    """Whether a tool only reads, by its name."""
    return classify_effect(ToolSpec(name=tool)).is_read


def is_name(value: JSONValue) -> bool:
    """Whether a value looks like the name of one thing: that another call says the same by chance is unlikely."""
    text = value if isinstance(value, str) else dumps(value)
    return len(text) >= _NAME and any(letter.isdigit() for letter in text)


_NAME: Final = 4


def list_values(call: ToolCallRecord) -> list[JSONValue]:
    """Every scalar that a call returned."""
    return [value for _, value in list_leaves(decode(call.output))]


def derive_key(call: ToolCallRecord) -> str:
    """Equal for calls of one tool with the same arguments."""
    return call_key(call.name, call.args)
