"""What belongs to one call of a graph: one `invoke`, `stream` or resumption, from its start to its end.

Ids say little of it: threads are optional, and ids of messages and calls repeat with a cache of model answers, with some model
servers and in forged histories. LangGraph makes one stream writer for each call of a graph and hands that very object to
every tool, so the object is what a call of a graph is known by. What is kept here goes when LangGraph lets go of it.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4
from weakref import WeakKeyDictionary


@dataclass(slots=True)
class Invocation:
    """One call of a graph.

    Attributes:
        name: of nothing else, ever.
        notes: whatever is to be kept as long as it lasts, by whom and for which agent in it.
    """

    name: str = field(default_factory=lambda: uuid4().hex)
    notes: dict[tuple[object, str], Any] = field(default_factory=dict)
    _arrivals: Counter[str] = field(default_factory=Counter)

    def arrive(self, what: str) -> int:
        """How often the same arrived before."""
        with _LOCK:
            self._arrivals[what] += 1
            return self._arrivals[what] - 1

    def note(self, key: tuple[object, str], make: Any) -> Any:
        """What is kept under a key, made if there is nothing yet."""
        with _LOCK:
            if key not in self.notes:
                self.notes[key] = make()
            return self.notes[key]


_LOCK: Final = threading.Lock()
_GOING: Final[WeakKeyDictionary[Any, Invocation]] = WeakKeyDictionary()


def find_invocation(runtime: Any) -> Invocation | None:
    """The call of a graph that a tool or a hook runs in; `None` outside, where nothing tells one from another."""
    writer = getattr(runtime, "stream_writer", None)
    if "<locals>" not in getattr(writer, "__qualname__", ""):
        return None  # LangGraph's default is one function for the whole process
    with _LOCK:
        return _GOING.setdefault(writer, Invocation())
