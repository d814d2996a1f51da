"""Which meta-tools of a toolkit are installed how, and which tools the model is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import ceil
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_awo.ledger.tokens import estimate_text_tokens
from langchain_awo.model.ir.metatool import MetaTool, Mode
from langchain_awo.model.ir.reach import reaches_out
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.handback import HandBack
from langchain_awo.runtime.approval.neighbours import Neighbours
from langchain_awo.runtime.approval.protection import (
    LEAVING_OUT,
    UNASKED,
    Protection,
    collect_approvals,
)
from langchain_awo.runtime.tool.signatures import is_meta_tool, reach_among
from langchain_awo.runtime.tool.toolkit import MetaToolkit


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A toolkit as an agent uses it.

    Attributes:
        tools: the meta-tools that the model may call, by name.
        modes: of every meta-tool that is in use.
        refused: why the others are not, by name.
        limited: the original tools whose calls are limited in number.
    """

    toolkit: MetaToolkit
    protection: Protection
    tools: Mapping[str, BaseTool]
    modes: Mapping[str, Mode]
    refused: Mapping[str, str]
    limited: frozenset[str] = frozenset()

    def meta_tools(self, mode: Mode) -> list[MetaTool]:
        """The meta-tools in use in one mode, in the order of the plan."""
        return [meta_tool for meta_tool in self.toolkit.meta_tools if self.modes.get(meta_tool.name) == mode]

    @property
    def effects(self) -> dict[str, Effect]:
        """Effects of the original tools that count at run time."""
        return {tool.name: self.toolkit.effect_of(tool.name) for tool in self.toolkit.tools}

    @property
    def reaching(self) -> frozenset[str]:
        """The original tools that reach out."""
        reaches = reach_among(self.toolkit.plan, self.toolkit.tools)
        return frozenset(name for name, reach in reaches.items() if reaches_out(reach))

    @property
    def unfit_unasked(self) -> frozenset[str]:
        """The original tools that are never called unasked: a person watches over them, they reach out, or calls are limited."""
        return self.watched_over | self.reaching | self.limited

    @property
    def watched_over(self) -> frozenset[str]:
        """The original tools that a person watches over, for the agent or for any meta-tool."""
        marked = (name for meta_tool in self.toolkit.meta_tools for name in meta_tool.approval)
        return frozenset([*self.protection.tools, *marked])

    def protection_of(self, name: str) -> Protection:
        """What a person is asked for while a meta-tool runs: what the agent asks for, and what its reviewer marked."""
        meta_tool = next((candidate for candidate in self.toolkit.meta_tools if candidate.name == name), None)
        return self.protection | collect_approvals(meta_tool) if meta_tool else self.protection

    @property
    def hidden(self) -> frozenset[str]:
        """The original tools that a meta-tool stands in for."""
        return frozenset(name for meta_tool in self.meta_tools("replace") for name in meta_tool.tools)

    def measure_hidden(self) -> dict[str, int]:
        """By hidden tool, tokens that its schema would take of a prompt."""
        hidden = (tool for tool in self.toolkit.tools if tool.name in self.hidden)
        return {tool.name: ceil(estimate_text_tokens(convert_to_openai_tool(tool))) for tool in hidden}


def install(
    toolkit: MetaToolkit,
    *,
    mode: Mode | Mapping[str, Mode] | None,
    protection: Protection,
    allow: frozenset[str],
    neighbours: Neighbours | None = None,
) -> Installed:
    """Decides for every meta-tool whether and how it is used.

    Args:
        toolkit: the meta-tools.
        mode: one mode for all, or modes by name; otherwise as the plan says.
        protection: what a person is asked for.
        allow: meta-tools to install although they call protected tools.
        neighbours: the middleware beside ours, if the agent was seen being built.
    """
    modes: dict[str, Mode] = {}
    out = {name for name, reach in reach_among(toolkit.plan, toolkit.tools).items() if reaches_out(reach)}
    limited = neighbours.limited if neighbours else frozenset[str]()
    toolkit.tell_withheld()
    refused = {**toolkit.disabled, **toolkit.withheld}
    for meta_tool in toolkit.meta_tools:
        if meta_tool.name in refused:
            continue
        chosen = (
            mode.get(meta_tool.name, meta_tool.mode) if isinstance(mode, Mapping) else mode or meta_tool.mode
        )
        asking = protection | collect_approvals(meta_tool)
        reason = _explain_mode_refusal(meta_tool, chosen, protection, allow)
        reason = reason or _explain_unseen(meta_tool, chosen, allow, neighbours)
        reason = reason or _explain_forgetting(meta_tool, chosen, asking, neighbours)
        reason = reason or _explain_reach(meta_tool, chosen, out)
        reason = reason or _explain_limit(meta_tool, chosen, allow, limited)
        if reason:
            refused[meta_tool.name] = reason
        else:
            modes[meta_tool.name] = chosen
    callable_ = {
        name: toolkit.get_tool(name, whole=chosen == "replace")
        for name, chosen in modes.items()
        if chosen in ("append", "replace")
    }
    return Installed(
        toolkit=toolkit,
        protection=protection,
        tools=callable_,
        modes=modes,
        refused=refused,
        limited=limited,
    )


def _explain_reach(meta_tool: MetaTool, mode: Mode, reaching: AbstractSet[str]) -> str:
    """Entry mode runs unasked."""
    reaching_tools = [name for name in meta_tool.tools if name in reaching] if mode == "entry" else []
    return (
        f"{reaching_tools[0]} reaches out, and nothing that runs unasked at the start of a thread may do that"
        if reaching_tools
        else ""
    )


def _explain_limit(meta_tool: MetaTool, mode: Mode, allow: frozenset[str], limited: AbstractSet[str]) -> str:
    """What continues a call leaves out limited tools."""
    touched = [name for name in meta_tool.tools if name in limited and mode not in LEAVING_OUT]
    return (
        f"ToolCallLimitMiddleware limits the calls of {touched[0]!r} and would not count those it makes; name it in "
        "allow=[...] if they need not count"
        if touched and meta_tool.name not in allow
        else ""
    )


def _explain_mode_refusal(
    meta_tool: MetaTool, mode: Mode, protection: Protection, allow: frozenset[str]
) -> str:
    if mode == "entry" and not meta_tool.effect.is_read:
        return "it writes, and nothing that runs unasked at the start of a thread may write"
    if mode == "entry" and meta_tool.approval:
        return f"a person is asked before {meta_tool.approval[0]!r}, and nothing that runs unasked at the start of a thread may do that"
    reason = protection.reason(meta_tool, mode)
    is_allowed = meta_tool.name in allow and mode not in UNASKED
    return "" if is_allowed and not protection.is_named(meta_tool) else reason


def _explain_unseen(
    meta_tool: MetaTool, mode: Mode, allow: frozenset[str], neighbours: Neighbours | None
) -> str:
    """Entry mode runs before there is a chain of middleware around tool calls."""
    if mode != "entry" or neighbours is None or not neighbours.wrapping or meta_tool.name in allow:
        return ""
    kind = type(neighbours.wrapping[0]).__name__
    return (
        f"{kind} wraps tool calls and would not see what is run at the start of a thread; name the meta-tool in "
        "allow=... if it need not"
    )


def _explain_forgetting(
    meta_tool: MetaTool, mode: Mode, protection: Protection, neighbours: Neighbours | None
) -> str:
    """Another process that goes on after an answer would make the writes again that came before the question."""
    if mode in UNASKED or neighbours is None or not neighbours.forgets:
        return ""
    writes = False
    for step in meta_tool.steps:
        if step.tool in protection.tools and (writes or (step.over and not step.effect.is_read)):
            return (
                f"a person is asked for {step.tool!r} after it wrote already, and another process that goes on after the "
                "answer would write again; give the agent a store: create_agent(..., store=...)"
            )
        writes = writes or not step.effect.is_read
    return ""


def select_offered(
    installed: Installed, tools: Sequence[BaseTool | dict[str, Any]], *, stopped: bool
) -> list[BaseTool | dict[str, Any]]:
    """The tools the model is shown: originals first, so that their part of the prompt stays the same.

    Args:
        installed: the meta-tools in use.
        tools: what the model would be shown without them.
        stopped: whether a routine stopped half-way: the model then needs the original tools to act on it.
    """
    hidden = frozenset[str]() if stopped else installed.hidden
    return [
        *(tool for tool in drop_meta_tools(tools) if _get_name(tool) not in hidden),
        *installed.tools.values(),
    ]


def drop_meta_tools(tools: Sequence[BaseTool | dict[str, Any]]) -> list[BaseTool | dict[str, Any]]:
    """The original tools alone."""
    return [tool for tool in tools if not (isinstance(tool, BaseTool) and is_meta_tool(tool))]


def has_stopped_since_user(installed: Installed, messages: Sequence[BaseMessage]) -> bool:
    """Whether a meta-tool handed back since the user spoke last."""
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            return False
        if isinstance(message, ToolMessage) and message.name in installed.modes:
            hand_back = HandBack.read(message.artifact)
            if message.status == "error" or (hand_back is not None and hand_back.is_stopped):
                return True
    return False


def _get_name(tool: BaseTool | dict[str, Any]) -> str:
    if isinstance(tool, BaseTool):
        return tool.name
    function = tool.get("function")
    return str(function.get("name") if isinstance(function, Mapping) else tool.get("name", ""))
