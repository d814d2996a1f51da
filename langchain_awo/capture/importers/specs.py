"""Tools as requests to models describe them, in any provider's shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from langchain_awo.capture.importers.lines import list_in, parse_container
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import ToolSpec

_SCHEMAS: Final = ("parameters", "input_schema", "inputSchema", "parametersJsonSchema", "schema")


def read_specs(shown: JSONValue) -> list[ToolSpec]:
    """The tools in a list of descriptions, also one written as JSON text; what is no tool with a name is passed over."""
    found = [_read_tool(parse_container(tool)) for tool in list_in(shown)]
    return [spec for specs in found for spec in specs]


def collect_specs(specs: Iterable[ToolSpec], *, called: Iterable[str] = ()) -> tuple[ToolSpec, ...]:
    """The best known description of each tool, and the bare names of those that were only called; by name."""
    known = {name: ToolSpec(name=name) for name in called}
    for spec in specs:
        former = known.get(spec.name)
        if former is None or not former.parameters:
            known[spec.name] = spec
    return tuple(known[name] for name in sorted(known))


def _read_tool(tool: JSONValue) -> list[ToolSpec]:
    """One tool, or the several that Gemini and Bedrock put together."""
    if not isinstance(tool, Mapping):
        return []
    grouped = tool.get("functionDeclarations") or tool.get("function_declarations")
    if isinstance(grouped, list):
        return [spec for each in grouped for spec in _read_tool(each)]
    inner = next((tool[key] for key in ("function", "toolSpec") if isinstance(tool.get(key), Mapping)), tool)
    name = inner.get("name")
    if not isinstance(name, str) or not name:
        return []
    return [
        ToolSpec(name=name, description=str(inner.get("description") or ""), parameters=_read_schema(inner))
    ]


def _read_schema(tool: Mapping[str, Any]) -> dict[str, JSONValue]:
    found = next((parse_container(tool[key]) for key in _SCHEMAS if tool.get(key)), None)
    if isinstance(found, Mapping) and set(found) == {"json"}:
        found = parse_container(found["json"])
    return to_json(found) if isinstance(found, Mapping) else {}
