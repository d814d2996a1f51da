"""What running a tool does to the world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from langchain_awo.model.text.json_value import JSONValue


class Effect(StrEnum):
    """Effect class of a tool, from harmless to dangerous; `UNKNOWN` is treated as a write."""

    READ = "read"
    IDEMPOTENT = "idempotent_write"
    WRITE = "write"
    UNKNOWN = "unknown"
    DESTRUCTIVE = "destructive"

    @property
    def is_read(self) -> bool:
        """Whether it leaves the world as it was."""
        return self is Effect.READ

    @property
    def suspicion(self) -> int:
        """Position in the order from harmless to dangerous."""
        return list(Effect).index(self)


def find_most_suspicious(effects: Iterable[Effect]) -> Effect:
    """The effect of a composite: read-only only if all parts are, destructive if any is."""
    return max(effects, key=lambda effect: effect.suspicion, default=Effect.READ)


def read_claimed_effect(hints: Mapping[str, JSONValue]) -> Effect | None:
    """The effect that MCP annotations admit to, `None` if they admit nothing: a claim can only raise suspicion.

    A tool that says it is not read-only is destructive unless it says otherwise, as in MCP's own defaults.

    >>> read_claimed_effect({"readOnlyHint": True}), read_claimed_effect({"readOnlyHint": True, "destructiveHint": True})
    (None, <Effect.DESTRUCTIVE: 'destructive'>)
    """
    if hints.get("destructiveHint") is True:
        return Effect.DESTRUCTIVE
    if hints.get("readOnlyHint") is not False:
        return None
    if hints.get("destructiveHint") is not False:
        return Effect.DESTRUCTIVE
    return Effect.IDEMPOTENT if hints.get("idempotentHint") is True else Effect.WRITE
