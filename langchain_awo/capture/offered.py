"""The tools that are bound to model calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import ToolSpec


class OfferedTools:
    """Reads the tools bound to model calls; remembers them, since an agent binds the same ones every time."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[JSONValue, ToolSpec]] = {}

    def read(self, parameters: Mapping[str, Any]) -> list[ToolSpec]:
        """The tools in the parameters of a model's invocation, in their order; what is no tool is passed over."""
        bound = parameters.get("tools") or parameters.get("functions") or ()
        found = [self._spec(tool) for tool in bound] if isinstance(bound, list | tuple) else []
        return [spec for spec in found if spec is not None]

    def _spec(self, tool: object) -> ToolSpec | None:
        if isinstance(tool, BaseTool):
            known = self._known.get(tool.name)
            if known is None or known[0] is not tool:
                known = tool, _read_spec(convert_to_openai_tool(tool)) or ToolSpec(name=tool.name)
                self._known[tool.name] = known
            return known[1]
        name = _read_name(tool)
        if not name or not isinstance(tool, Mapping):
            return None
        known = self._known.get(name)
        if known is None or known[0] != tool:
            spec = _read_spec(tool) or ToolSpec(name=name)
            known = self._known[name] = to_json(tool), spec
        return known[1]


def _read_spec(tool: Mapping[str, Any]) -> ToolSpec | None:
    inner = tool.get("function")
    body = inner if isinstance(inner, Mapping) else tool
    name = _read_name(tool)
    if not name:
        return None
    schema = body.get("parameters") or body.get("input_schema") or {}
    return ToolSpec(
        name=name,
        description=str(body.get("description") or ""),
        parameters=to_json(schema) if isinstance(schema, Mapping) else {},
    )


def _read_name(tool: object) -> str | None:
    if not isinstance(tool, Mapping):
        return None
    inner = tool.get("function")
    name = (inner if isinstance(inner, Mapping) else tool).get("name")
    return name if isinstance(name, str) else None
