"""A node for hand-written graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langgraph.prebuilt import ToolNode

from langchain_awo.model.ir.argument_checks import check_kind, check_known_tools
from langchain_awo.model.ir.option_kinds import FUNCTION, check_options
from langchain_awo.runtime.approval.guarding import build_guards
from langchain_awo.runtime.approval.protection import collect_tool_names, find_marked_tools, read_protection
from langchain_awo.runtime.inner.calling import guards
from langchain_awo.runtime.inner.live_tools import as_tools
from langchain_awo.runtime.tool.installing import Installed, install
from langchain_awo.runtime.tool.toolkit import MetaToolkit


def tool_node(
    toolkit: MetaToolkit,
    tools: Sequence[BaseTool | Callable[..., Any] | dict[str, Any]],
    *,
    protected: Iterable[Any] = (),
    allow: Iterable[str] = (),
    wrap_tool_call: Callable[[Any, Any], Any] | None = None,
    awrap_tool_call: Callable[[Any, Any], Any] | None = None,
    **options: Any,
) -> ToolNode:
    """A `ToolNode` that runs the original tools and the meta-tools.

    Bind the same tools to the model: `model.bind_tools([*tools, *toolkit.get_tools()])`.

    Args:
        toolkit: the meta-tools.
        tools: the original tools.
        protected: tools that a person watches over: meta-tools that call one of these are refused.
        allow: meta-tools to run all the same; each inner call of a protected tool is then approved by a person.
        wrap_tool_call: as of `ToolNode`; it is given each call inside a meta-tool too, with its real name.
        awrap_tool_call: the async form.
        options: others of `ToolNode`.

    Raises:
        ApprovalError: what is protected is no tool.
    """
    check_kind(
        toolkit,
        MetaToolkit,
        option="toolkit",
        fix="write tool_node(MetaToolkit.load('toolkit.json', tools=tools), tools)",
    )
    hooks = {"wrap_tool_call": wrap_tool_call, "awrap_tool_call": awrap_tool_call}
    check_options(dict.fromkeys(hooks, FUNCTION.optional), hooks)
    live = as_tools(tools)
    allowed = collect_tool_names(allow, option="allow")
    check_known_tools(allowed, toolkit.known_names, option="allow", kind="meta-tool")
    protection = read_protection(protected)
    protection.check_names(toolkit.known_names | {tool.name for tool in live}, exact=True)
    installed = install(
        toolkit,
        mode="append",
        protection=find_marked_tools(toolkit.tools) | protection,
        allow=allowed,
    )
    node = _Guarded(installed, wrap_tool_call, awrap_tool_call)
    if wrap_tool_call is not None or awrap_tool_call is None:
        options["wrap_tool_call"] = node.call
    if awrap_tool_call is not None or wrap_tool_call is None:
        options["awrap_tool_call"] = node.acall
    return ToolNode([*live, *toolkit.get_tools()], **options)


class _Guarded:
    """The hooks of a node: the host's own around every call, also inside meta-tools, and approval for protected ones."""

    def __init__(self, installed: Installed, wrap: Any, awrap: Any) -> None:
        self._installed = installed
        self._wrap = wrap or _execute_plainly
        self._awrap = awrap or _execute_plainly

    def call(self, request: Any, execute: Callable[[Any], Any]) -> Any:
        """Makes a call of the model."""
        if refusal := self._refusal(request):
            return refusal
        name = request.tool_call["name"]
        if name not in self._installed.tools:
            return self._wrap(request, execute)
        inner = build_guards(
            request,
            self._installed.protection_of(name),
            handler=lambda inner_request: self._wrap(inner_request, execute),
        )
        token = guards.set(inner)
        try:
            return self._wrap(request, execute)
        finally:
            guards.reset(token)

    async def acall(self, request: Any, execute: Callable[[Any], Any]) -> Any:
        """Async form of `call`."""
        if refusal := self._refusal(request):
            return refusal
        name = request.tool_call["name"]
        if name not in self._installed.tools:
            return await self._awrap(request, execute)
        inner = build_guards(
            request,
            self._installed.protection_of(name),
            ahandler=lambda inner_request: self._awrap(inner_request, execute),
        )
        token = guards.set(inner)
        try:
            return await self._awrap(request, execute)
        finally:
            guards.reset(token)

    def _refusal(self, request: Any) -> ToolMessage | None:
        call = request.tool_call
        reason = self._installed.refused.get(call["name"])
        if reason is None:
            return None
        text = f"{call['name']} cannot be used here: {reason}"
        return ToolMessage(text, name=call["name"], tool_call_id=call["id"] or "", status="error")


def _execute_plainly(request: Any, execute: Callable[[Any], Any]) -> Any:
    return execute(request)
