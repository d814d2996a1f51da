"""How often the meta-tools of an agent are used, counted by all of its threads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping


class UseCounter(Counter[tuple[str, str]]):
    """Counts by the name of a meta-tool or a tool, and what was done with it.

    `count` is safe to call from any thread; `usage[key] += 1` is not, because another thread may count between reading and writing.
    """

    def __init__(self, counts: Mapping[tuple[str, str], int] | None = None) -> None:
        super().__init__(counts or {})
        self._lock = threading.Lock()

    def count(self, name: str, what: str) -> None:
        """Counts one more."""
        with self._lock:
            self[name, what] += 1
