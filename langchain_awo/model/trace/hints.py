"""What a tool's metadata claims about its effects, in the spelling of MCP, whichever adapter brought it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.effect import Effect

HINT_NAMES: Final = {
    "readOnlyHint": "readOnlyHint",
    "destructiveHint": "destructiveHint",
    "idempotentHint": "idempotentHint",
    "openWorldHint": "openWorldHint",
    "read_only_hint": "readOnlyHint",
    "destructive_hint": "destructiveHint",
    "idempotent_hint": "idempotentHint",
    "open_world_hint": "openWorldHint",
}
"""Both spellings: flat as `langchain-mcp-adapters` has it, nested under `mcp` as `langchain.mcp` has it."""


def read_hints(metadata: Mapping[str, Any]) -> dict[str, JSONValue]:
    """Claims about a tool's effects; what is not claimed is not in the result."""
    found = {name: metadata[key] for key, name in HINT_NAMES.items() if metadata.get(key) is not None}
    nested = metadata.get("mcp")
    tool = nested.get("tool") if isinstance(nested, Mapping) else None
    annotations = tool.get("annotations") if isinstance(tool, Mapping) else None
    if isinstance(annotations, Mapping):
        found |= {
            name: annotations[key] for key, name in HINT_NAMES.items() if annotations.get(key) is not None
        }
    return {name: to_json(value) for name, value in found.items()}


def infer_effect(hints: Mapping[str, JSONValue]) -> Effect | None:
    """Effect class that hints claim, the worst where they contradict each other, `None` when they claim nothing.

    MCP: a tool that is not read-only is destructive unless it says otherwise.

    >>> infer_effect({"readOnlyHint": True, "destructiveHint": True})
    <Effect.DESTRUCTIVE: 'destructive'>
    """
    reads, destroys = hints.get("readOnlyHint"), hints.get("destructiveHint")
    if destroys is True or (reads is False and destroys is not False):
        return Effect.DESTRUCTIVE
    if reads is True:
        return Effect.READ
    if destroys is False:
        return Effect.IDEMPOTENT if hints.get("idempotentHint") is True else Effect.WRITE
    return None


_SUSPICIOUS: Final = {
    "readOnlyHint": False,
    "destructiveHint": True,
    "idempotentHint": False,
    "openWorldHint": True,
}


def merge_hints(left: Mapping[str, JSONValue], right: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    """What either claims; where they contradict each other the more suspicious claim counts.

    >>> merge_hints({"readOnlyHint": True}, {"readOnlyHint": False, "idempotentHint": True})
    {'idempotentHint': True, 'readOnlyHint': False}
    """
    merged = {**left, **right}
    doubted = {name for name in left.keys() & right.keys() if left[name] != right[name]}
    return {name: _SUSPICIOUS.get(name) if name in doubted else merged[name] for name in sorted(merged)}
