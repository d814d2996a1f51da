"""What a click asks for, checked: the only changes that the page can make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from langchain_awo.errors import DecisionError
from langchain_awo.model.ir import reviewing
from langchain_awo.model.ir.metatool import ToolkitPlan

Change: TypeAlias = Callable[[ToolkitPlan], ToolkitPlan]


def parse_change(asked: Mapping[str, Any]) -> Change:
    """The change that a request asks for.

    Args:
        asked: `name` of the meta-tool, `action`, and `value` as the action takes it; `by` says who decides.

    Raises:
        DecisionError: it asks for nothing that the page can do.
    """
    name, action, value, by = (_read_text(asked, key) for key in ("name", "action", "value", "by"))
    at = datetime.now(UTC).isoformat(timespec="seconds")
    changes: dict[str, Change] = {
        "accept": lambda plan: reviewing.accept(plan, name, reason=value, by=by, at=at),
        "reject": lambda plan: reviewing.reject(plan, name, reason=value, by=by, at=at),
        "undecide": lambda plan: reviewing.undecide(plan, name),
        "rename": lambda plan: reviewing.rename(plan, name, value),
        "reword": lambda plan: reviewing.reword(plan, name, value),
        "mode": lambda plan: reviewing.set_mode(plan, name, value),  # type: ignore[arg-type]  # the function checks it
        "approval": lambda plan: reviewing.ask_before(plan, name, _read_tools(asked)),
    }
    if action not in changes:
        raise DecisionError(f"there is no action {action!r}; there are {', '.join(changes)}")
    return changes[action]


def _read_text(asked: Mapping[str, Any], key: str) -> str:
    value = asked.get(key, "")
    if key == "value" and isinstance(value, list):
        return ""
    if not isinstance(value, str):
        raise DecisionError(f"{key} must be a text")
    return value


def _read_tools(asked: Mapping[str, Any]) -> list[str]:
    value = asked.get("value")
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise DecisionError("approval must be a list of tools")
    return value
