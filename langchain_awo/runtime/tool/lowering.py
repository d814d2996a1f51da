"""A meta-tool and the live tools to an ordinary `StructuredTool`.

This module defines functions that LangChain inspects: no postponed annotations here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.callbacks import Callbacks
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.prebuilt import ToolRuntime

from langchain_awo.errors import ToolMismatchError
from langchain_awo.model.ir.description import describe_fully
from langchain_awo.model.ir.metatool import MetaTool, ParameterSpec
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.inner.calling import BoundTool
from langchain_awo.runtime.inner.injection import find_injected
from langchain_awo.runtime.inner.schemas import (
    RESUME_TOKEN,
    assign_field_names,
    build_arguments_model,
    index_specs_by_field,
    select_given,
    with_field_names,
)
from langchain_awo.runtime.journal.journal import PROCESS, RunMemory
from langchain_awo.runtime.outcome import DEFAULT_LIMITS, Limits
from langchain_awo.runtime.tool.routine import Answered, Request, Routine
from langchain_awo.runtime.tool.routine_tool import RoutineTool


class HandBackError(ToolException):
    """Carries the hand-back of a failed step where the id of the meta-tool's call is not known."""


def lower(
    meta_tool: MetaTool,
    tools: Sequence[BaseTool],
    *,
    limits: Limits = DEFAULT_LIMITS,
    memory: RunMemory = PROCESS,
) -> StructuredTool:
    """The LangChain tool that runs a meta-tool over live tools.

    Args:
        meta_tool: what to run.
        tools: the live tools; those it does not call are ignored.
        limits: bounds of each run.
        memory: what was done already.

    Returns:
        A tool with sync and async forms; async only if any of the tools it calls is.

    Raises:
        ToolMismatchError: a tool it calls is missing.
    """
    bound = _bind(meta_tool, tools)
    routine = Routine(meta_tool, bound, limits=limits, memory=memory)
    fields = assign_field_names(meta_tool.parameters)
    specs = index_specs_by_field(meta_tool.parameters)
    resumable = is_resumable(meta_tool)

    def run_sync(
        *,
        config: RunnableConfig = None,  # type: ignore[assignment]  # LangChain finds it by this very type
        callbacks: Callbacks = None,
        runtime: ToolRuntime = None,  # type: ignore[assignment]  # not `ToolRuntime | None`: that breaks the schema
        **arguments: Any,
    ) -> tuple[Any, Any]:
        parameters, token = _split_arguments(arguments, specs, resumable=resumable)
        request = Request(
            parameters=parameters, config=config, callbacks=callbacks, runtime=runtime, token=token
        )
        return _reply(meta_tool, routine.run(request), runtime)

    async def run_async(
        *,
        config: RunnableConfig = None,  # type: ignore[assignment]  # as in run_sync
        callbacks: Callbacks = None,
        runtime: ToolRuntime = None,  # type: ignore[assignment]  # as in run_sync
        **arguments: Any,
    ) -> tuple[Any, Any]:
        parameters, token = _split_arguments(arguments, specs, resumable=resumable)
        request = Request(
            parameters=parameters, config=config, callbacks=callbacks, runtime=runtime, token=token
        )
        return _reply(meta_tool, await routine.arun(request), runtime)

    for function in (run_sync, run_async):  # LangChain evaluates them at every call: only what it looks for
        function.__annotations__ = {"config": RunnableConfig, "runtime": ToolRuntime}
    return RoutineTool(
        name=meta_tool.name,
        description=with_field_names(describe_fully(meta_tool), fields),
        args_schema=build_arguments_model(meta_tool.name, meta_tool.parameters, resumable=resumable),
        func=None if any(is_async_only(bound_tool.tool) for bound_tool in bound.values()) else run_sync,
        coroutine=run_async,
        response_format="content_and_artifact",
        handle_tool_error=str,
        return_direct=bound[meta_tool.steps[-1].tool].tool.return_direct,
        metadata=metadata_of(meta_tool),
    )


def is_resumable(meta_tool: MetaTool) -> bool:
    """Whether it takes a resume token: if it writes, because reads can simply be made again."""
    return not meta_tool.effect.is_read


def is_async_only(tool: BaseTool) -> bool:
    """Whether a tool cannot be called synchronously, as tools of MCP servers cannot."""
    return getattr(tool, "coroutine", None) is not None and getattr(tool, "func", None) is None


def metadata_of(meta_tool: MetaTool) -> dict[str, JSONValue]:
    """What the tool's metadata says: that it is a meta-tool, its steps and effects, and MCP's hints."""
    effects = [step.effect for step in meta_tool.steps]
    return {
        "awo": {
            "meta_tool": meta_tool.name,
            "mode": meta_tool.mode,
            "steps": [step.tool for step in meta_tool.steps],
            "effect": str(meta_tool.effect),
        },
        "readOnlyHint": meta_tool.effect.is_read,
        "destructiveHint": any(effect in (Effect.DESTRUCTIVE, Effect.UNKNOWN) for effect in effects),
        "idempotentHint": all(effect in (Effect.READ, Effect.IDEMPOTENT) for effect in effects),
    }


def _bind(meta_tool: MetaTool, tools: Sequence[BaseTool]) -> dict[str, BoundTool]:
    live = {tool.name: tool for tool in tools}
    for name in meta_tool.tools:
        if name not in live:
            raise ToolMismatchError(
                f"{meta_tool.name} calls {name!r}, which is not among the tools; pass it too", tool=name
            )
    return {name: BoundTool(tool=live[name], injected=find_injected(live[name])) for name in meta_tool.tools}


def _split_arguments(
    arguments: Mapping[str, Any], specs: Mapping[str, ParameterSpec], *, resumable: bool
) -> tuple[dict[str, JSONValue], str | None]:
    """The meta-tool's parameters by their own names, without the absent ones, and the resume token."""
    token = arguments.get(RESUME_TOKEN) if resumable else None
    return select_given(arguments, specs), token


def _reply(meta_tool: MetaTool, answered: Answered, runtime: ToolRuntime | None) -> tuple[Any, Any]:
    if not answered.is_failure:
        return answered.content, answered.artifact
    if runtime is None or not runtime.tool_call_id:
        raise HandBackError(answered.content)
    message = ToolMessage(
        answered.content,
        artifact=answered.artifact,
        tool_call_id=runtime.tool_call_id,
        name=meta_tool.name,
        status="error",
    )
    return message, None
