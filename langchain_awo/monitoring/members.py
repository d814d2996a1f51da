"""Members whose schema is no longer the one that a toolkit was compiled against, by what agents were offered since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from langchain_awo.model.ir.metatool import ToolkitPlan, ToolSignature
from langchain_awo.model.ir.signature import digest_schema
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import ToolSpec, Trace


def find_changed_members(traces: Iterable[Trace], plan: ToolkitPlan) -> dict[str, str]:
    """What is different, in words, by tool; the latest run that offered a tool decides.

    A signature that was taken from live tools is compared exactly, but for descriptions. One that was inferred from
    recorded calls only tells arguments that are gone, and required ones that were never seen.
    """
    latest: dict[str, tuple[float, ToolSpec]] = {}
    for trace in traces:
        moment = trace.started_at or 0.0
        for spec in trace.tools:
            known = latest.get(spec.name)
            if spec.name in plan.tools and spec.parameters and (known is None or moment >= known[0]):
                latest[spec.name] = moment, spec
    found = {name: _describe_difference(plan.tools[name], spec) for name, (_, spec) in sorted(latest.items())}
    return {name: what for name, what in found.items() if what}


def _describe_difference(known: ToolSignature, spec: ToolSpec) -> str:
    before, now = known.parameters, spec.parameters
    changes = list(_list_changes(before, now, exact=known.source == "tool"))
    if known.source == "tool":
        if digest_schema(spec.name, before) == digest_schema(spec.name, now):
            return ""
        return "; ".join(changes) or "its argument schema has changed"
    return "; ".join(changes)


def _list_changes(
    before: Mapping[str, JSONValue], now: Mapping[str, JSONValue], *, exact: bool
) -> Iterator[str]:
    old, new = _read_properties(before), _read_properties(now)
    required = now.get("required")
    demanded = set(required) if isinstance(required, list) else set()
    for name in sorted(old.keys() - new.keys()):
        yield f"argument {name!r} is gone"
    for name in sorted(new.keys() - old.keys()):
        if name in demanded:
            yield f"new required argument {name!r}"
        elif exact:
            yield f"new argument {name!r}"
    if not exact:
        return
    were = before.get("required")
    for name in sorted((demanded - set(were if isinstance(were, list) else ())) & old.keys()):
        yield f"argument {name!r} is required now"
    for name in sorted(old.keys() & new.keys()):
        if digest_schema(name, old[name]) != digest_schema(name, new[name]):
            yield f"argument {name!r} has another type"


def _read_properties(schema: Mapping[str, JSONValue]) -> dict[str, Any]:
    found = schema.get("properties")
    return (
        {name: each for name, each in found.items() if isinstance(each, Mapping)}
        if isinstance(found, Mapping)
        else {}
    )
