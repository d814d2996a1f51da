"""What else an agent is built of: the middleware beside ours, whatever its order, and where the graph pauses.

LangChain tells a middleware nothing of the others. While `create_agent` runs it asks each for its tools, and its arguments
are on the stack then; their names are those of its public signature. If they are not there, nothing is known, and
the running graph is looked at instead (`running_graph`).
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

from langchain_core.tools import BaseTool
from langgraph.checkpoint.memory import InMemorySaver

from langchain_awo.runtime.approval.protection import (
    Protection,
    asks_at_the_call,
    is_approver,
    read_protection,
    without_questions,
)

_log = logging.getLogger(__name__)

_DEPTH: Final = 6
"""So many frames up `create_agent` may be: the property, and a comprehension before Python 3.12."""

_FRAMEWORKS: Final = ("langchain.", "langchain_awo.", "deepagents.")
_DECORATED: Final = "langchain.agents.middleware.types"

TOOL_NODES: Final = frozenset({"tools", "*"})
"""What a pause around tools may be set on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """What one agent is built of.

    Attributes:
        before: the middleware that stands before ours and wraps tool calls, outermost first.
        others: all middleware but ours.
        tools: names of the tools it is given.
        pauses: nodes before or after which its graph pauses.
        forgets: its threads outlive the process, and what was done in them does not, because it has no store.
    """

    before: tuple[Any, ...] = ()
    others: tuple[Any, ...] = ()
    tools: frozenset[str] = frozenset()
    pauses: frozenset[str] = frozenset()
    forgets: bool = False

    def protection(self) -> Protection:
        """What the other middleware asks a person for, and whether the graph pauses around its tools."""
        found = read_protection([each for each in self.others if is_approver(each)])
        at_the_call = read_protection([each for each in self.others if asks_at_the_call(each)])
        asking = without_questions(found, frozenset(at_the_call.tools))
        return asking | Protection(is_paused=bool(self.pauses & TOOL_NODES))

    def guards_like(self, other: Neighbours) -> bool:
        """Whether inner calls are watched over alike in both agents: by the very same middleware, and with the same approvals.

        Frameworks build one agent twice, or for each request anew, with middleware of their own made anew each time.
        """
        return (
            [id(each) for each in self.before] == [id(each) for each in other.before]
            and [type(each) for each in self.wrapping] == [type(each) for each in other.wrapping]
            and self.protection() == other.protection()
            and self.limited == other.limited
        )

    @property
    def limited(self) -> frozenset[str]:
        """Tools of which only so many calls are allowed, counted in the model's messages: those in a meta-tool would not count."""
        return frozenset(each.tool_name for each in self.others if _limits_a_tool(each))

    @property
    def wrapping(self) -> tuple[Any, ...]:
        """The other middleware that wraps tool calls."""
        return tuple(each for each in self.others if wraps_tool_calls(each))


def find_neighbours(middleware: Any) -> Neighbours | None:
    """The neighbours in the agent that is being built just now; `None` outside `create_agent`."""
    frame = _find_building_frame(inspect.currentframe())
    if frame is None:
        return None
    given = frame.f_locals
    everyone = list(given.get("middleware") or ())
    if not any(each is middleware for each in everyone):
        return None
    place = next(number for number, each in enumerate(everyone) if each is middleware)
    others = [each for each in everyone if each is not middleware]
    pauses = [*(given.get("interrupt_before") or ()), *(given.get("interrupt_after") or ())]
    return Neighbours(
        before=tuple(each for each in everyone[:place] if wraps_tool_calls(each)),
        others=tuple(others),
        tools=frozenset(_list_names([*(given.get("tools") or ()), *_collect_tools(others)])),
        pauses=frozenset(pauses),
        forgets=_forgets(given.get("checkpointer"), given.get("store")),
    )


def wraps_tool_calls(middleware: Any) -> bool:
    """Whether a middleware has a hook around tool calls, sync or async."""
    return _overrides(middleware, "wrap_tool_call") or _overrides(middleware, "awrap_tool_call")


def warn_of_blind_guards(neighbours: Neighbours) -> None:
    """Says which middleware of the host's own looks at the model's calls, and cannot see those inside a meta-tool."""
    for each in neighbours.others:
        if _looks_at_calls(each):
            _log.warning(
                "%s looks at the calls in the model's message (after_model) and cannot see those that meta-tools make; "
                "if it asks for approval, name its tools in MetaToolMiddleware(..., protected=[...])",
                type(each).__name__,
            )


def warn_of_early_readers(neighbours: Neighbours) -> None:
    """Says which middleware of the host's own is given results with what was fetched along below them."""
    for each in neighbours.before:
        if _is_of_the_host(each):
            _log.warning(
                "%s stands before MetaToolMiddleware and is given the results of tools with what was fetched along below "
                "them (mode 'continue'); if it reads or changes results, put MetaToolMiddleware first",
                type(each).__name__,
            )


def _looks_at_calls(middleware: Any) -> bool:
    overrides = _overrides(middleware, "after_model") or _overrides(middleware, "aafter_model")
    return overrides and _is_of_the_host(middleware) and not is_approver(middleware)


def _limits_a_tool(middleware: Any) -> bool:
    """Whether it is LangChain's `ToolCallLimitMiddleware`, for one tool."""
    kinds = {kind.__name__ for kind in type(middleware).__mro__}
    return "ToolCallLimitMiddleware" in kinds and bool(getattr(middleware, "tool_name", None))


def _is_of_the_host(middleware: Any) -> bool:
    """Whether somebody wrote it for this agent; LangChain's decorators make classes in the module of its types."""
    module = type(middleware).__module__
    return not module.startswith(_FRAMEWORKS) or module == _DECORATED


def _overrides(middleware: Any, hook: str) -> bool:
    """Whether a hook is another than that of LangChain's base class, which is not imported: the extra may be missing."""
    found = getattr(type(middleware), hook, None)
    return found is not None and getattr(found, "__qualname__", "") != f"AgentMiddleware.{hook}"


def _find_building_frame(frame: FrameType | None) -> FrameType | None:
    for _ in range(_DEPTH):
        frame = frame.f_back if frame else None
        if frame is None:
            return None
        module = str(frame.f_globals.get("__name__", ""))
        if frame.f_code.co_name == "create_agent" and module.startswith("langchain.agents"):
            return frame
    return None


def _forgets(checkpointer: Any, store: Any) -> bool:
    outlives = checkpointer not in (None, False) and not isinstance(checkpointer, InMemorySaver)
    return outlives and store is None


def _collect_tools(others: Iterable[Any]) -> list[Any]:
    return [tool for each in others for tool in getattr(each, "tools", ())]


def _list_names(tools: Sequence[Any]) -> list[str]:
    return [_get_name(tool) for tool in tools]


def _get_name(tool: Any) -> str:
    if isinstance(tool, BaseTool):
        return tool.name
    if isinstance(tool, dict):
        return str(tool.get("name") or tool.get("function", {}).get("name") or tool.get("type", ""))
    return str(getattr(tool, "__name__", ""))
