"""What recorded traces say of each tool, as one specification."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.hints import merge_hints
from langchain_awo.model.trace.trace import ToolSpec, Trace


def merge_specs(
    traces: Sequence[Trace], tools: Sequence[ToolSpec], recorded: Iterable[ToolSpec]
) -> dict[str, ToolSpec]:
    """One specification for each tool: the fullest one that was recorded, with what any of them claims of effects.

    Args:
        tools: live ones, which override what was recorded.
        recorded: what other traces say.
    """
    specs: dict[str, ToolSpec] = {}
    hints: dict[str, dict[str, JSONValue]] = {}
    for spec in (*recorded, *(spec for trace in traces for spec in trace.tools)):
        fullest = specs.get(spec.name)
        if fullest is spec:
            continue
        specs[spec.name] = spec if fullest is None else choose_fuller(fullest, spec)
        hints[spec.name] = merge_hints(hints.get(spec.name, {}), spec.hints)
    for call in (call for trace in traces for call in trace.tool_calls):
        specs.setdefault(call.name, ToolSpec(name=call.name))
    merged = {name: replace(spec, hints=hints.get(name, {})) for name, spec in specs.items()}
    return dict(sorted({**merged, **{spec.name: spec for spec in tools}}.items()))


def choose_fuller(one: ToolSpec, other: ToolSpec) -> ToolSpec:
    """Of two specifications of one tool the one that says more."""
    return other if _rank_fullness(other) > _rank_fullness(one) else one


def _rank_fullness(spec: ToolSpec) -> tuple[bool, str, str]:
    return bool(spec.parameters), dumps(spec.parameters), spec.description
