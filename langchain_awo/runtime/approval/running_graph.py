"""What the graph that is running now asks a person for: the second look, where nobody saw the agent being built.

LangGraph shows a node nothing of the other nodes. The configuration that a node runs with holds a reference to the loop that
runs it; that is read here and nowhere else. If it is not there, nothing is known, and `find_approvals` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_awo.runtime.approval.protection import Protection, is_approver, read_protection

_CALL: Final = "__pregel_call"
_TOOL_NODES: Final = frozenset({"tools", "*"})


def is_in_graph(config: Mapping[str, Any] | None) -> bool:
    """Whether a configuration is that of a node of a graph."""
    return bool((config or {}).get("configurable", {}).get("checkpoint_ns"))


def find_approvals(config: Mapping[str, Any] | None) -> Protection | None:
    """What the middleware of the running graph asks for, and whether it pauses around its tools; `None` if unknown.

    Args:
        config: of the node that is running.
    """
    if not is_in_graph(config):
        return Protection()
    loop = _find_loop(config)
    nodes = getattr(loop, "nodes", None)
    if not isinstance(nodes, Mapping):
        return None
    asking = read_protection(
        [each for node in nodes.values() for each in _find_owners(node) if is_approver(each)]
    )
    return asking | Protection(is_paused=_pauses(loop))


def is_paused_around(config: Mapping[str, Any] | None) -> bool:
    """Whether the running graph pauses around its tools, as far as that is known."""
    return is_in_graph(config) and _pauses(_find_loop(config))


def _find_loop(config: Mapping[str, Any] | None) -> Any:
    schedule = getattr((config or {})["configurable"].get(_CALL), "keywords", {}).get("schedule_task")
    return getattr(schedule, "__self__", None)


def _pauses(loop: Any) -> bool:
    return any(
        not _TOOL_NODES.isdisjoint(_list_names(loop, hook))
        for hook in ("interrupt_before", "interrupt_after")
    )


def _list_names(loop: Any, hook: str) -> list[str]:
    names = getattr(loop, hook, None) or ()
    return [names] if isinstance(names, str) else list(names)


def _find_owners(node: Any) -> list[Any]:
    """The objects whose methods a node runs."""
    bound = getattr(node, "bound", None)
    functions = (getattr(bound, name, None) for name in ("func", "afunc"))
    return [owner for each in functions if (owner := getattr(each, "__self__", None)) is not None][:1]
