"""Calls that meta-tools made, one by one: what each returned, and whether it can be told by that."""

from __future__ import annotations

from functools import cache
from typing import Final

from langchain_awo.model.text.encoding import decode, dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.call_key import call_key
from langchain_awo.model.trace.handback import ToldCall
from langchain_awo.model.trace.trace import ReplayMark, ToolCallRecord, ToolSpec
from langchain_awo.optimizer.log.effects import effect_of
from langchain_awo.optimizer.selection.output_liveness import leaves_of

UNNAMED: Final = "unnamed"
"""Name of the meta-tool where a recording does not tell which one it was."""


def as_recorded(beside: ToolCallRecord, told: ToldCall, number: int, *, parent: str | None) -> ToolCallRecord:
    """A call that an answer tells of, as if it had been recorded."""
    return ToolCallRecord(
        call_id=f"{beside.call_id}.{number}",
        name=told.tool,
        args=told.args,
        output=told.output,
        status="error" if told.error else "ok",
        error=told.error,
        scope=beside.scope,
        parent_id=parent,
        replay=ReplayMark(meta_tool=beside.name if parent else UNNAMED, step=told.step),
    )


def step_of(call: ToolCallRecord) -> tuple[str, int]:
    """The meta-tool that made a call, and the number of its step."""
    return (call.replay.meta_tool, call.replay.step) if call.replay else ("", 0)


@cache
def is_read(tool: str) -> bool:
    """Whether a tool only reads, by its name."""
    return effect_of(ToolSpec(name=tool)).is_read


def is_name(value: JSONValue) -> bool:
    """Whether a value looks like the name of one thing: that another call says the same by chance is unlikely."""
    text = value if isinstance(value, str) else dumps(value)
    return len(text) >= _NAME and any(letter.isdigit() for letter in text)


_NAME: Final = 4


def values_of(call: ToolCallRecord) -> list[JSONValue]:
    """Every scalar that a call returned."""
    return [value for _, value in leaves_of(decode(call.output))]


def key_of(call: ToolCallRecord) -> str:
    """Equal for calls of one tool with the same arguments."""
    return call_key(call.name, call.args)
