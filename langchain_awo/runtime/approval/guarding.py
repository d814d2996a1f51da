"""Inner calls through the agent's own chain of middleware, with approval for protected tools."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.errors import GraphInterrupt

from langchain_awo.model.text.encoding import same, to_json
from langchain_awo.runtime.approval.protection import Protection
from langchain_awo.runtime.inner.calling import EDITED, FOR_APPROVAL, Guards
from langchain_awo.runtime.inner.injection import find_injected

Handler: TypeAlias = Callable[[Any], Any]
AsyncHandler: TypeAlias = Callable[[Any], Awaitable[Any]]


class Arrival(NamedTuple):
    """What an inner call is at our own place in the chain of middleware.

    Middleware that stands before ours may change both, and does so again when the model makes the same call itself and is
    answered from here.
    """

    args: dict[str, Any]
    reply: Any


Arrived: TypeAlias = dict[str, Arrival]
"""By id of the inner call."""

Chain: TypeAlias = Callable[[Arrived], Any]
"""Makes a handler that passes all middleware, and tells what arrives at our place."""


def build_guards(
    request: Any,
    protection: Protection,
    *,
    handler: Handler | None = None,
    ahandler: AsyncHandler | None = None,
) -> Guards:
    """Makes inner calls by the handler that middleware is given, so that name-keyed guards see each of them.

    Args:
        request: the request for the call of the meta-tool.
        protection: the protected tools.
        handler: the rest of the chain, sync.
        ahandler: the rest of the chain, async.
    """

    def invoke(tool_call: ToolCall, tool: BaseTool, config: RunnableConfig) -> Any:  # noqa: ARG001  # the chain has its own
        made = _Made(tool, protection)
        inner = build_inner_request(request, tool_call, tool)
        with made.marking_questions():
            approved = protection.ask(tool_call, inner)
            if isinstance(approved, ToolMessage):
                return approved
            assert handler is not None  # noqa: S101  # a sync run is given a sync handler
            return made.told(tool_call, handler(inner.override(tool_call=approved)))

    async def ainvoke(tool_call: ToolCall, tool: BaseTool, config: RunnableConfig) -> Any:  # noqa: ARG001  # as above
        made = _Made(tool, protection)
        inner = build_inner_request(request, tool_call, tool)
        with made.marking_questions():
            approved = protection.ask(tool_call, inner)
            if isinstance(approved, ToolMessage):
                return approved
            assert ahandler is not None  # noqa: S101  # an async run is given an async handler
            return made.told(tool_call, await ahandler(inner.override(tool_call=approved)))

    call_id = request.tool_call["id"] or ""
    return Guards(call_id=call_id, asks=protection.tools.__contains__, invoke=invoke, ainvoke=ainvoke)


def build_inner_request(request: Any, tool_call: ToolCall, tool: BaseTool) -> Any:
    """The request for an inner call: another tool, another id, the same place in the graph."""
    runtime = replace(request.runtime, tool_call_id=tool_call["id"])
    return replace(request, tool_call=tool_call, tool=tool, runtime=runtime)


def chain_handlers(outer: Sequence[Any], handler: Handler, arrived: Arrived) -> Handler:
    """A handler that passes middleware first which stands before ours, outermost first, as if ours were before it.

    Args:
        outer: the middleware.
        handler: the rest of the chain, behind ours.
        arrived: is told what arrives at our place.
    """

    def arrive(request: Any) -> Any:
        reply = handler(request)
        arrived[request.tool_call["id"]] = Arrival(request.tool_call["args"], reply)
        return reply

    chained: Handler = arrive
    for each in reversed(outer):
        chained = _wrap_handler(each.wrap_tool_call, chained)
    return chained


def achain_handlers(outer: Sequence[Any], handler: AsyncHandler, arrived: Arrived) -> AsyncHandler:
    """Async form of `chain_handlers`."""

    async def arrive(request: Any) -> Any:
        reply = await handler(request)
        arrived[request.tool_call["id"]] = Arrival(request.tool_call["args"], reply)
        return reply

    chained: AsyncHandler = arrive
    for each in reversed(outer):
        chained = _wrap_handler(each.awrap_tool_call, chained)
    return chained


def _wrap_handler(hook: Callable[[Any, Any], Any], handler: Any) -> Callable[[Any], Any]:
    return lambda request: hook(request, handler)


class _Made:
    """What a tool was really called with and answered, whoever changed it on the way: a person, or middleware."""

    def __init__(self, tool: BaseTool, protection: Protection) -> None:
        self._is_watched_over = tool.name in protection.tools
        self._hidden = find_injected(tool).names
        self._args: dict[str, Any] | None = None
        self._reply: Any = None
        invoke, ainvoke = tool.invoke, tool.ainvoke

        def watch(call: Any, *args: Any, **options: Any) -> Any:
            self._called(call)
            self._reply = invoke(call, *args, **options)
            return self._reply

        async def awatch(call: Any, *args: Any, **options: Any) -> Any:
            self._called(call)
            self._reply = await ainvoke(call, *args, **options)
            return self._reply

        # the tool is a copy that was made for this one call
        object.__setattr__(tool, "invoke", watch)
        object.__setattr__(tool, "ainvoke", awatch)

    @contextmanager
    def marking_questions(self) -> Iterator[None]:
        """An interrupt before a protected tool was called asks for approval; the answer belongs to whoever asks so again."""
        try:
            yield
        except GraphInterrupt as error:
            setattr(error, FOR_APPROVAL, self._is_watched_over and self._args is None)
            raise

    def told(self, asked: ToolCall, reply: Any) -> Any:
        """The reply, saying which arguments were used in place of those that were asked for.

        A note to the model that was put before the result of a changed call is no part of the result.
        """
        if not isinstance(reply, ToolMessage) or self._args is None or same(self._args, asked["args"]):
            return reply
        own = self._reply
        if isinstance(own, ToolMessage) and isinstance(reply.content, str) and isinstance(own.content, str):
            is_noted = reply.content != own.content and reply.content.endswith(own.content)
            reply = reply.model_copy(update={"content": own.content}) if is_noted else reply
        told = {**reply.additional_kwargs, EDITED: to_json(self._args)}
        return reply.model_copy(update={"additional_kwargs": told})

    def _called(self, call: Any) -> None:
        args = call.get("args") if isinstance(call, dict) else None
        if isinstance(args, dict):
            self._args = {name: value for name, value in args.items() if name not in self._hidden}
