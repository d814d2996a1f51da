"""Which meta-tools of a toolkit are installed how, and which tools the model is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool

from langchain_awo.model.effect import Effect
from langchain_awo.model.metatool import MetaTool, Mode
from langchain_awo.runtime.protection import Protection
from langchain_awo.runtime.toolkit import MetaToolkit


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A toolkit as an agent uses it.

    Attributes:
        tools: the meta-tools that the model may call, by name.
        modes: of every meta-tool that is in use.
        refused: why the others are not, by name.
    """

    toolkit: MetaToolkit
    protection: Protection
    tools: Mapping[str, BaseTool]
    modes: Mapping[str, Mode]
    refused: Mapping[str, str]

    def meta_tools(self, mode: Mode) -> list[MetaTool]:
        """The meta-tools in use in one mode, in the order of the plan."""
        return [each for each in self.toolkit.meta_tools if self.modes.get(each.name) == mode]

    @property
    def effects(self) -> dict[str, Effect]:
        """Effects of the original tools that count at run time."""
        return {tool.name: self.toolkit.effect_of(tool.name) for tool in self.toolkit.tools}

    @property
    def hidden(self) -> frozenset[str]:
        """The original tools that a meta-tool stands in for."""
        return frozenset(name for each in self.meta_tools("replace") for name in each.tools)

    def is_own(self, tool: BaseTool) -> bool:
        """Whether a tool was made by the toolkit."""
        return isinstance((tool.metadata or {}).get("awo"), dict)


def install(
    toolkit: MetaToolkit,
    *,
    mode: Mode | Mapping[str, Mode] | None,
    protection: Protection,
    allow: frozenset[str],
) -> Installed:
    """Decides for every meta-tool whether and how it is used."""
    modes: dict[str, Mode] = {}
    refused = dict(toolkit.disabled)
    for each in toolkit.meta_tools:
        chosen = mode.get(each.name, each.mode) if isinstance(mode, Mapping) else mode or each.mode
        reason = _reason(each, chosen, protection, allow)
        if reason:
            refused[each.name] = reason
        else:
            modes[each.name] = chosen
    callable_ = {
        name: toolkit.get_tool(name, whole=chosen == "replace")
        for name, chosen in modes.items()
        if chosen in ("append", "replace")
    }
    return Installed(toolkit=toolkit, protection=protection, tools=callable_, modes=modes, refused=refused)


def _reason(each: MetaTool, mode: Mode, protection: Protection, allow: frozenset[str]) -> str:
    if mode == "entry" and not each.effect.is_read:
        return "it writes, and nobody asked for what is run at the start of a thread"
    if mode == "continue":
        return ""  # protected tools are left out of what is run unasked
    if mode == "entry" or each.name not in allow:
        return protection.reason(each)
    return ""


def offered(
    installed: Installed, tools: Sequence[BaseTool | dict[str, Any]], *, stopped: bool
) -> list[BaseTool | dict[str, Any]]:
    """The tools the model is shown: originals first, so that their part of the prompt stays the same.

    Args:
        installed: the meta-tools in use.
        tools: what the model would be shown without them.
        stopped: whether a routine stopped half-way: the model then needs the original tools to act on it.
    """
    hidden = frozenset[str]() if stopped else installed.hidden
    names = set(installed.tools) | set(installed.refused)
    originals = [tool for tool in tools if not _is_meta(installed, tool, names) and _name(tool) not in hidden]
    return [*originals, *installed.tools.values()]


def stopped_since_user(installed: Installed, messages: Sequence[BaseMessage]) -> bool:
    """Whether a meta-tool handed back since the user spoke last."""
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            return False
        if isinstance(message, ToolMessage) and message.name in installed.modes:
            told = message.artifact if isinstance(message.artifact, Mapping) else {}
            if message.status == "error" or told.get("status") == "stopped":
                return True
    return False


def _is_meta(installed: Installed, tool: BaseTool | dict[str, Any], names: set[str]) -> bool:
    return isinstance(tool, BaseTool) and tool.name in names and installed.is_own(tool)


def _name(tool: BaseTool | dict[str, Any]) -> str:
    if isinstance(tool, BaseTool):
        return tool.name
    function = tool.get("function")
    return str(function.get("name") if isinstance(function, Mapping) else tool.get("name", ""))
