"""Tools that a person watches over: which they are, and asking for approval of an inner call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from langchain_core.messages import ToolCall, ToolMessage
from langgraph.types import interrupt

from langchain_awo.model.metatool import MetaTool

ALL_DECISIONS: Final = ("approve", "edit", "reject", "respond")


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """The protected tools.

    Attributes:
        tools: by name, the decisions a person may take; the settings of `HumanInTheLoopMiddleware` where it
            protects them.
        asked_elsewhere: tools whose approval another middleware asks for at the call itself.
    """

    tools: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    asked_elsewhere: frozenset[str] = frozenset()

    def reason(self, meta_tool: MetaTool) -> str:
        """Why a meta-tool is not installed, or `""`."""
        touched = [name for name in meta_tool.tools if name in self.tools]
        return (
            f"it calls {touched[0]!r}, which is protected; name the meta-tool in allow=... to install it and have "
            "each such call approved"
            if touched
            else ""
        )

    def ask(self, tool_call: ToolCall, request: Any) -> ToolCall | ToolMessage:
        """The call as a person approved or changed it, or the answer to give instead of making it.

        Interrupts the graph with the value that `HumanInTheLoopMiddleware` uses, so that the same user
        interface serves both.

        Args:
            tool_call: the inner call, with its real name and arguments.
            request: the request for a tool call that middleware is given.

        Raises:
            ValueError: the person decided something that is not allowed for this tool.
        """
        settings = self.tools.get(tool_call["name"])
        if settings is None or tool_call["name"] in self.asked_elsewhere:
            return tool_call
        when = settings.get("when")
        if when is not None and not when(request):
            return tool_call
        decisions = interrupt(_question(tool_call, settings, request))["decisions"]
        allowed = settings["allowed_decisions"]
        if decisions[0]["type"] not in allowed:
            raise ValueError(f"the decision {decisions[0]['type']!r} is not one of {', '.join(allowed)}")
        return _decided(tool_call, decisions[0])


def protection_of(protected: Iterable[Any]) -> Protection:
    """Reads names of tools and `HumanInTheLoopMiddleware` instances."""
    tools: dict[str, Mapping[str, Any]] = {}
    elsewhere: set[str] = set()
    for each in protected:
        if isinstance(each, str):
            tools[each] = {"allowed_decisions": ALL_DECISIONS}
            continue
        tools |= each.interrupt_on
        if getattr(each, "interrupt_mode", "batched") == "per_call":
            elsewhere |= set(each.interrupt_on)
    return Protection(tools=tools, asked_elsewhere=frozenset(elsewhere))


def _question(tool_call: ToolCall, settings: Mapping[str, Any], request: Any) -> dict[str, Any]:
    description = settings.get("description")
    if callable(description):
        description = description(tool_call, request.state, request.runtime)
    words = description or (
        f"Tool execution requires approval\n\nTool: {tool_call['name']}\nArgs: {tool_call['args']}"
    )
    action = {"name": tool_call["name"], "args": tool_call["args"], "description": words}
    review = {"action_name": tool_call["name"], "allowed_decisions": list(settings["allowed_decisions"])}
    return {"action_requests": [action], "review_configs": [review]}


def _decided(tool_call: ToolCall, decision: Mapping[str, Any]) -> ToolCall | ToolMessage:
    kind = decision["type"]
    if kind == "approve":
        return tool_call
    if kind == "edit":
        edited = decision["edited_action"]
        return ToolCall(name=tool_call["name"], args=edited["args"], id=tool_call["id"], type="tool_call")
    name, call_id = tool_call["name"], tool_call["id"] or ""
    if kind == "respond":
        return ToolMessage(decision["message"], name=name, tool_call_id=call_id)
    reason = decision.get("message") or "no reason was given; do not try again unless the user asks for it"
    return ToolMessage(
        f"a person rejected the call of {name}: {reason}", name=name, tool_call_id=call_id, status="error"
    )
