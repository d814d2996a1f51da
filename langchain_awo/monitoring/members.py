"""Members whose schema is no longer the one that a toolkit was compiled against, by what agents were offered since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_awo.model.ir.metatool import ToolkitPlan, ToolSignature
from langchain_awo.model.ir.signature import digest_schema
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import ToolSpec, Trace


@dataclass(slots=True)
class Members:
    """What runs said last of the tools that a toolkit calls.

    A signature that was taken from live tools is compared exactly, but for descriptions. One that was inferred from
    recorded calls only tells arguments that are gone, and required ones that were never seen.
    """

    plan: ToolkitPlan
    latest: dict[str, tuple[tuple[float, str], ToolSpec]] = field(default_factory=dict)

    def add(self, trace: Trace) -> None:
        """Takes what a run said, unless a later one said something else."""
        moment = trace.started_at or 0.0, trace.trace_id
        for spec in trace.tools:
            known = self.latest.get(spec.name)
            if spec.name in self.plan.tools and spec.parameters and (known is None or moment >= known[0]):
                self.latest[spec.name] = moment, spec

    def find_changed(self) -> dict[str, str]:
        """What is different, in words, by tool."""
        members = self.plan.tools
        found = {
            name: _describe_difference(members[name], spec) for name, (_, spec) in sorted(self.latest.items())
        }
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
