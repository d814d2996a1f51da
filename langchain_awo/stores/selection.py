"""Which traces of a store are asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

from langchain_awo.model.trace import JSONValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Conditions on a trace, all of which must be met.

    Attributes:
        equal: fields and the value each must have.
        task_ids: `None` for every task.
        since: earliest start, in seconds since the epoch.
    """

    equal: tuple[tuple[str, str], ...] = ()
    task_ids: frozenset[str] | None = None
    since: float | None = None

    @classmethod
    def of(
        cls,
        *,
        domain: str | None,
        model: str | None,
        task_ids: Collection[str] | None,
        thread_id: str | None,
        since: float | None,
    ) -> Self:
        """The conditions as `TraceStore.traces` takes them.

        Raises:
            TypeError: `task_ids` is a single text.
        """
        if isinstance(task_ids, str):
            raise TypeError(f"task_ids must be a collection of ids, such as [{task_ids!r}]")
        asked = {"domain": domain, "model": model, "thread_id": thread_id}
        return cls(
            equal=tuple((key, value) for key, value in asked.items() if value is not None),
            task_ids=None if task_ids is None else frozenset(task_ids),
            since=since,
        )

    def includes(self, data: Mapping[str, JSONValue]) -> bool:
        """Whether the stored data of a trace, defaults left out, meets the conditions."""
        if any((data.get(key) or "") != value for key, value in self.equal):
            return False
        if self.task_ids is not None and data.get("task_id") not in self.task_ids:
            return False
        return self.since is None or _started(data) >= self.since


def _started(data: Mapping[str, JSONValue]) -> float:
    started = data.get("started_at")
    return float(started) if isinstance(started, int | float) else float("-inf")
