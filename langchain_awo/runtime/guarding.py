"""Inner calls through the agent's own chain of middleware, with approval for protected tools."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool

from langchain_awo.runtime.calling import EDITED, Guards
from langchain_awo.runtime.protection import Protection


def guards_for(
    request: Any,
    protection: Protection,
    *,
    handler: Callable[[Any], Any] | None = None,
    ahandler: Callable[[Any], Awaitable[Any]] | None = None,
) -> Guards:
    """Makes inner calls by the handler that middleware is given, so that name-keyed guards see each of them.

    Args:
        request: the request for the call of the meta-tool.
        protection: the protected tools.
        handler: the rest of the chain, sync.
        ahandler: the rest of the chain, async.
    """

    def invoke(tool_call: ToolCall, tool: BaseTool, config: RunnableConfig) -> Any:  # noqa: ARG001  # the chain has its own
        inner = inner_request(request, tool_call, tool)
        approved = protection.ask(tool_call, inner)
        if isinstance(approved, ToolMessage):
            return approved
        assert handler is not None  # noqa: S101  # a sync run is given a sync handler
        return _edited(tool_call, approved, handler(inner.override(tool_call=approved)))

    async def ainvoke(tool_call: ToolCall, tool: BaseTool, config: RunnableConfig) -> Any:  # noqa: ARG001  # as above
        inner = inner_request(request, tool_call, tool)
        approved = protection.ask(tool_call, inner)
        if isinstance(approved, ToolMessage):
            return approved
        assert ahandler is not None  # noqa: S101  # an async run is given an async handler
        return _edited(tool_call, approved, await ahandler(inner.override(tool_call=approved)))

    return Guards(call_id=request.tool_call["id"] or "", invoke=invoke, ainvoke=ainvoke)


def inner_request(request: Any, tool_call: ToolCall, tool: BaseTool) -> Any:
    """The request for an inner call: another tool, another id, the same place in the graph."""
    runtime = replace(request.runtime, tool_call_id=tool_call["id"])
    return replace(request, tool_call=tool_call, tool=tool, runtime=runtime)


def _edited(asked: ToolCall, approved: ToolCall, reply: Any) -> Any:
    """A reply that says which arguments a person put in place of those that were asked for."""
    if isinstance(reply, ToolMessage) and asked["args"] != approved["args"]:
        reply.additional_kwargs[EDITED] = approved["args"]
    return reply
