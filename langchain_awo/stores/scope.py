"""Whose traces: the project, tenant and environment a store handle is opened for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self, TypeAlias
from urllib.parse import parse_qsl, urlencode

from langchain_awo.errors import StoreError

LABELS: Final = ("project", "tenant", "environment")
"""What sets traces apart within one store, from the outermost."""

ScopeKey: TypeAlias = tuple[str, ...]
"""The values of `LABELS` of one trace; empty text where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a store handle is limited to; traces outside it are neither read, counted, replaced nor deleted.

    Attributes:
        project: `None` does not limit; traces are then written without one.
        tenant: as `project`.
        environment: as `project`.
    """

    project: str | None = None
    tenant: str | None = None
    environment: str | None = None

    @property
    def given(self) -> dict[str, str]:
        """The labels that limit, with their values."""
        pairs = ((name, getattr(self, name)) for name in LABELS)
        return {name: value for name, value in pairs if value is not None}

    @property
    def key(self) -> ScopeKey:
        """The labels of what is written through this handle."""
        return tuple(getattr(self, name) or "" for name in LABELS)

    def includes(self, key: ScopeKey) -> bool:
        """Whether a trace with these labels may be seen."""
        return all(
            wanted in (None, value)
            for wanted, value in zip((self.project, self.tenant, self.environment), key, strict=True)
        )

    def narrowed(self, labels: Mapping[str, str | None], *, where: str) -> Self:
        """This scope with further labels.

        Raises:
            StoreError: a label has another value already.
        """
        given = {name: value for name, value in labels.items() if value is not None}
        for name, value in given.items():
            if getattr(self, name) not in (None, value):
                raise StoreError(
                    f"{where} names the {name} {getattr(self, name)!r}, and {value!r} is asked for; name it once"
                )
        return replace(self, **given)


def read_scope_key(data: Mapping[str, Any]) -> ScopeKey:
    """The labels in the stored data of a trace."""
    return tuple(data.get(name) or "" for name in LABELS)


def split_query(query: str) -> tuple[Scope, str]:
    """The labels in the query of a URL, and the query without them."""
    pairs = parse_qsl(query, keep_blank_values=True)
    labels: dict[str, Any] = {name: value for name, value in pairs if name in LABELS}
    return Scope(**labels), urlencode([pair for pair in pairs if pair[0] not in LABELS])


def with_query(url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """A URL with further parameters in its query."""
    query = urlencode(list(pairs))
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"
