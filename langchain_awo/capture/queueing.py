"""What waits to be written: bounded in number and in bytes, the oldest goes first."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from langchain_awo.capture.state import Recording
from langchain_awo.model.trace.trace import Trace

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Waiting:
    """A recording, or the trace that was made of it.

    Attributes:
        size: bytes that it takes of memory, about.
        refused_at: how many traces the sink had stored when it first refused this one.
        refusals: how often it did.
    """

    content: Recording | Trace
    size: int
    refused_at: int | None = None
    refusals: int = 0


class TraceQueue:
    """A queue that never blocks: what does not fit any more drops the oldest, which is counted and warned of once.

    Args:
        capacity: most traces that wait; `capacity_bytes` of memory, together.

    Attributes:
        dropped: traces that were lost.
        size: bytes that wait.
    """

    def __init__(self, *, capacity: int, capacity_bytes: int) -> None:
        self.dropped = 0
        self.size = 0
        self._capacity = max(capacity, 1)
        self._capacity_bytes = capacity_bytes
        self._items: deque[Waiting] = deque()
        self._overflowed = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, items: Iterable[Waiting]) -> None:
        """Appends items."""
        for item in items:
            self._items.append(item)
            self.size += item.size
        while len(self._items) > self._capacity or (
            self.size > self._capacity_bytes and len(self._items) > 1
        ):
            self._take()
            self.dropped += 1
            self._warn_once()

    def take(self, count: int, size: int) -> list[Waiting]:
        """The oldest items: at most so many and, beyond the first, so many bytes."""
        taken: list[Waiting] = []
        while self._items and len(taken) < count and (not taken or self._items[0].size <= size):
            item = self._take()
            size -= item.size
            taken.append(item)
        return taken

    def _take(self) -> Waiting:
        item = self._items.popleft()
        self.size -= item.size
        return item

    def _warn_once(self) -> None:
        if not self._overflowed:
            self._overflowed = True
            logger.warning(
                "more than %d traces or %d bytes are waiting to be written; the oldest are dropped and counted in `dropped`",
                self._capacity,
                self._capacity_bytes,
            )
