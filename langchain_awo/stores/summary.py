"""What a store holds, in a few figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace
from langchain_awo.stores.selection import find_user


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSummary:
    """What a store holds of one handle's scope.

    Attributes:
        undated: traces with no known start; no age prunes them.
        first: earliest start, in seconds since the epoch.
        last: latest start.
        scopes: traces by project, tenant and environment.
        schema_version: of the store's form, `None` if it has no versions.
        size: bytes on disk, of all scopes; `None` if unknown.
    """

    traces: int = 0
    model_calls: int = 0
    tool_calls: int = 0
    threads: int = 0
    users: int = 0
    undated: int = 0
    first: float | None = None
    last: float | None = None
    scopes: dict[tuple[str, ...], int] = field(default_factory=dict)
    schema_version: int | None = None
    size: int | None = None

    def as_json(self) -> dict[str, JSONValue]:
        """The summary as plain data."""
        names = (each for each in self.__slots__ if each != "scopes")
        scopes = [
            {"project": key[0], "tenant": key[1], "environment": key[2], "traces": count}
            for key, count in sorted(self.scopes.items())
        ]
        return {**{name: getattr(self, name) for name in names}, "scopes": scopes}


def summarize(
    traces: Iterable[tuple[tuple[str, ...], Trace]],
    *,
    schema_version: int | None = None,
    size: int | None = None,
) -> StoreSummary:
    """Counts traces one by one, each with the labels it is stored under; for stores that no database counts."""
    tally: Counter[str] = Counter()
    seen: dict[str, set[str | None]] = {"threads": set(), "users": set()}
    scopes: Counter[tuple[str, ...]] = Counter()
    first, last = inf, -inf
    for labels, trace in traces:
        scopes[labels] += 1
        tally.update(traces=1, model_calls=len(trace.model_calls), tool_calls=len(trace.tool_calls))
        seen["threads"].add(trace.thread_id)
        seen["users"].add(find_user(trace.metadata))
        if trace.started_at is None:
            tally["undated"] += 1
        else:
            first, last = min(first, trace.started_at), max(last, trace.started_at)
    return StoreSummary(
        **tally,
        **{name: len(values - {None}) for name, values in seen.items()},
        first=None if first == inf else first,
        last=None if last == -inf else last,
        scopes=dict(scopes),
        schema_version=schema_version,
        size=size,
    )
