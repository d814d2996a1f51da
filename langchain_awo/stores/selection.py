"""Which traces of a store are asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Final, Self, TypeAlias

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.stores.scope import Scope, read_scope_key

_USER_KEYS: Final = ("user_id", "user", "langfuse_user_id", "langgraph_auth_user_id")


Portion: TypeAlias = tuple[int, int]
"""A stretch of a store, in its own numbering: from after the first number up to the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Conditions on a trace, all of which must be met.

    Attributes:
        scope: whose traces; every store must hold to it.
        equal: fields and the value each must have.
        task_ids: `None` for every task.
        trace_id: `None` for every trace.
        since: earliest start, in seconds since the epoch.
        before: traces that started at this time or later are left out; so are those with no known start.
        portion: one of the store's `portions`; only stores that have several look at it.
    """

    scope: Scope = field(default_factory=Scope)
    equal: tuple[tuple[str, str], ...] = ()
    task_ids: frozenset[str] | None = None
    trace_id: str | None = None
    since: float | None = None
    before: float | None = None
    portion: Portion | None = None

    @classmethod
    def of(
        cls,
        *,
        scope: Scope,
        domain: str | None = None,
        model: str | None = None,
        task_ids: Collection[str] | None = None,
        thread_id: str | None = None,
        user: str | None = None,
        trace_id: str | None = None,
        since: float | None = None,
        before: float | None = None,
    ) -> Self:
        """The conditions as `TraceStore.traces` takes them.

        Raises:
            TypeError: `task_ids` is a single text.
        """
        if isinstance(task_ids, str):
            raise TypeError(f"task_ids must be a collection of ids, such as [{task_ids!r}]")
        asked = {"domain": domain, "model": model, "thread_id": thread_id, "user_id": user}
        return cls(
            scope=scope,
            equal=tuple((key, value) for key, value in asked.items() if value is not None),
            task_ids=None if task_ids is None else frozenset(task_ids),
            trace_id=trace_id,
            since=since,
            before=before,
        )

    @property
    def is_everything(self) -> bool:
        """Whether there is no condition but the scope."""
        return all(getattr(self, each.name) in (None, ()) for each in fields(self) if each.name != "scope")

    def includes(self, data: Mapping[str, JSONValue]) -> bool:
        """Whether the stored data of a trace, defaults left out, meets the conditions."""
        if not self.scope.includes(read_scope_key(data)):
            return False
        if self.trace_id is not None and data.get("trace_id") != self.trace_id:
            return False
        if any(_get_value(data, key) != value for key, value in self.equal):
            return False
        if self.task_ids is not None and data.get("task_id") not in self.task_ids:
            return False
        return self._is_in_time(data.get("started_at"))

    def _is_in_time(self, started: JSONValue) -> bool:
        known = isinstance(started, int | float)
        if self.since is not None and not (known and started >= self.since):
            return False
        return self.before is None or (known and started < self.before)


def find_user(metadata: JSONValue) -> str | None:
    """The user that the metadata of a trace names: under `user_id`, `user` and the keys of common tracers."""
    if not isinstance(metadata, Mapping):
        return None
    for key in _USER_KEYS:
        value = metadata.get(key)
        if isinstance(value, Mapping):
            value = value.get("id") or value.get("user_id") or value.get("identity")
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)
    return None


def _get_value(data: Mapping[str, JSONValue], key: str) -> JSONValue:
    if key == "user_id" and key not in data:
        return find_user(data.get("metadata")) or ""
    return data.get(key) or ""
