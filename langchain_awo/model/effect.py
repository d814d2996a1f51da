"""What running a tool does to the world."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


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


def most_suspicious(effects: Iterable[Effect]) -> Effect:
    """The effect of a composite: read-only only if all parts are, destructive if any is."""
    return max(effects, key=lambda effect: effect.suspicion, default=Effect.READ)
