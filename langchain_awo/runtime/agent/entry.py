"""Entry mode: read-only meta-tools that are run once, when a thread begins."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from langchain_core.messages import ToolCall
from langgraph.config import get_config
from langgraph.errors import GraphBubbleUp
from langgraph.prebuilt import ToolRuntime

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.runtime.inner.calling import describe_failure
from langchain_awo.runtime.inner.schemas import assign_field_names
from langchain_awo.runtime.tool.installing import Installed
from langchain_awo.runtime.tool.lowering import is_async_only
from langchain_awo.runtime.use_counter import UseCounter

_log = logging.getLogger(__name__)

EntryParameters: TypeAlias = Callable[[Any, Any], Mapping[str, JSONValue]]
"""From the state and the runtime to whatever parameters are known when a thread begins."""


def build_tool_runtime(state: Any, runtime: Any) -> ToolRuntime:
    """What a tool would be given here, where no tool was called."""
    return ToolRuntime(
        state=state,
        context=runtime.context,
        config=get_config(),
        stream_writer=runtime.stream_writer,
        tool_call_id=None,
        store=runtime.store,
    )


def run_entry(
    installed: Installed,
    around: ToolRuntime,
    parameters: EntryParameters | None,
    *,
    usage: UseCounter,
) -> str:
    """What the entry meta-tools whose parameters are known found, for the system prompt; `""` if nothing."""
    lines: list[str] = []
    for meta_tool, call in _build_calls(installed, around, parameters):
        tool = installed.toolkit.get_tool(meta_tool.name)
        if is_async_only(tool):
            continue
        try:
            message = tool.invoke(call, around.config)
        except Exception as error:  # noqa: BLE001  # nobody asked for it: it may not break what somebody asked for
            _log_failure(meta_tool, error)
        else:
            lines += _tell_result(meta_tool, message, usage)
    return "\n".join(lines)


async def arun_entry(
    installed: Installed,
    around: ToolRuntime,
    parameters: EntryParameters | None,
    *,
    usage: UseCounter,
) -> str:
    """Async form of `run_entry`."""
    lines: list[str] = []
    for meta_tool, call in _build_calls(installed, around, parameters):
        tool = installed.toolkit.get_tool(meta_tool.name)
        try:
            message = await tool.ainvoke(call, around.config)
        except Exception as error:  # noqa: BLE001  # as in run_entry
            _log_failure(meta_tool, error)
        else:
            lines += _tell_result(meta_tool, message, usage)
    return "\n".join(lines)


def _build_calls(
    installed: Installed, around: ToolRuntime, parameters: EntryParameters | None
) -> list[tuple[MetaTool, ToolCall]]:
    values = _known(around, parameters) if parameters else _read_by_name(around)
    if values is None:
        return []
    return [
        (meta_tool, _build_call(meta_tool, values, around))
        for meta_tool in installed.meta_tools("entry")
        if all(spec.name in values for spec in meta_tool.parameters if spec.required)
    ]


def _build_call(meta_tool: MetaTool, values: Mapping[str, JSONValue], around: ToolRuntime) -> ToolCall:
    call_id = f"entry_{meta_tool.name}"
    args = {
        shown: values[name]
        for name, shown in assign_field_names(meta_tool.parameters).items()
        if name in values
    }
    runtime = replace(around, tool_call_id=call_id)
    return ToolCall(name=meta_tool.name, args={**args, "runtime": runtime}, id=call_id, type="tool_call")


def _known(around: ToolRuntime, parameters: EntryParameters) -> Mapping[str, JSONValue] | None:
    """What the host's own function says; `None` if it fails, since the agent can do without."""
    try:
        return dict(parameters(around.state, around))
    except Exception as error:  # noqa: BLE001  # as in run_entry
        name = getattr(parameters, "__qualname__", type(parameters).__qualname__)
        told = describe_failure(error).error
        _log.warning("entry=%s failed, so nothing was run at the start of the thread: %s", name, told)
        return None


def _read_by_name(around: ToolRuntime) -> dict[str, JSONValue]:
    context = around.context
    members = context if isinstance(context, Mapping) else getattr(context, "__dict__", {})
    return {**around.config.get("configurable", {}), **members}


def _log_failure(meta_tool: MetaTool, error: Exception) -> None:
    """A parameter of another type, or a question to a person, whom nobody should ask unasked."""
    why = "it asks a person" if isinstance(error, GraphBubbleUp) else describe_failure(error).error
    _log.warning("%s was not run at the start of the thread: %s", meta_tool.name, why)


def _tell_result(meta_tool: MetaTool, message: Any, usage: UseCounter) -> list[str]:
    """Nothing of a routine that failed."""
    usage.count(meta_tool.name, "entry")
    line = f"Known from the start ({meta_tool.name}): {message.content}"
    return [] if message.status == "error" else [line]
