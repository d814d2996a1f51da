"""What one agent has read during one call of its graph, as far as it is still true.

Nothing is taken from messages: their order is not that of the execution, their ids repeat, and anybody may have written them. A
read is remembered where it is made, is dropped when anything may have changed something, when the user speaks, and when the
call of the graph ends; so neither another user nor a fork nor a resumption hours later is given it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig

from langchain_awo.model.trace.call_key import call_key
from langchain_awo.runtime.continuing.held import Held
from langchain_awo.runtime.inner.invocation import find_invocation

Kept = TypeVar("Kept")

_Seen: TypeAlias = tuple[int, object]
"""A message with its place in the conversation; -1 where there is none."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What was seen of a conversation: the last message of a model, of the user, and of all."""

    turn: _Seen = (-1, None)
    wish: _Seen = (-1, None)
    last: _Seen = (-1, None)

    def again(self, messages: Sequence[BaseMessage]) -> _Look:
        """Looks at what is new, or at everything where what was seen is not there any more."""
        places = (self.turn, self.wish, self.last)
        if not all(
            place < 0 or (place < len(messages) and messages[place] is message) for place, message in places
        ):
            return _Look().again(messages)
        start = self.last[0] + 1
        new = messages[start:]
        return _Look(
            _find_last(AIMessage, new, start) or self.turn,
            _find_last(HumanMessage, new, start) or self.wish,
            (len(messages) - 1, messages[-1]) if messages else self.last,
        )


def _find_last(kind: type[BaseMessage], messages: Sequence[BaseMessage], start: int) -> _Seen | None:
    places = range(len(messages) - 1, -1, -1)
    return next(((start + at, messages[at]) for at in places if isinstance(messages[at], kind)), None)


class Readings:
    """The reads of one agent. Safe to share between threads and event loops."""

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}
        self._claims: dict[str, Future[Held | None]] = {}
        self._turn: object = None
        self._wish: object = None
        self._look = _Look()
        self._changes = 0
        self._changing = 0
        self._lock = threading.Lock()

    def turn_to(self, messages: Sequence[BaseMessage]) -> bool:
        """Takes notice of a call that the last message of a model asks for; the objects count, not their ids.

        Returns:
            Whether this is the first call of its turn.
        """
        with self._lock:
            self._look = self._look.again(messages)
            turn, wish = self._look.turn[1], self._look.wish[1]
            if wish is not self._wish:
                self._held.clear()
                self._changes += 1
            is_new = turn is not self._turn or wish is not self._wish
            if is_new:
                self._claims = {}
            self._turn, self._wish = turn, wish
        return is_new

    def known(self) -> dict[str, Held]:
        """What is still true, by call."""
        with self._lock:
            return dict(self._held)

    @contextmanager
    def change(self) -> Iterator[None]:
        """Around whatever may change something: what was read before or beside it is not true any more."""
        self._forget(1)
        try:
            yield
        finally:
            self._forget(-1)

    @property
    def moment(self) -> int | None:
        """When something was read; `None` while something may be changing."""
        with self._lock:
            return None if self._changing else self._changes

    def keep(self, held: Held, since: int | None) -> None:
        """Keeps what was read since a moment, if nothing may have changed meanwhile."""
        with self._lock:
            if since is not None and since == self._changes and not self._changing:
                self._held[call_key(held.tool, held.args)] = held

    def claim(self, key: str) -> tuple[Future[Held | None], bool]:
        """The future result of a call of this turn, and whether the caller is the one to make it.

        Whoever is must set a result, `None` when the call failed.
        """
        with self._lock:
            if key in self._claims and not _has_failed(self._claims[key]):
                return self._claims[key], False
            self._claims[key] = Future()
            return self._claims[key], True

    def _forget(self, more: int) -> None:
        with self._lock:
            self._changes += 1
            self._changing += more
            self._held.clear()
            self._claims = {}


def get_readings(request: Any, owner: object) -> Readings:
    """Of the agent that a request belongs to, for one owner; without a graph nothing outlives the request."""
    return get_kept(request.runtime, request.runtime.config, owner, Readings) or Readings()


def get_kept(
    runtime: Any, config: RunnableConfig | None, owner: object, make: Callable[[], Kept]
) -> Kept | None:
    """What one owner keeps for an agent during one call of its graph, made the first time; `None` outside a graph."""
    invocation = find_invocation(runtime)
    if invocation is None:
        return None
    agent = str((config or {}).get("configurable", {}).get("checkpoint_ns", "")).rpartition("|")[0]
    kept: Kept = invocation.note((owner, agent), make)
    return kept


def _has_failed(future: Future[Held | None]) -> bool:
    return future.done() and future.result() is None
