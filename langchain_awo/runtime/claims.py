"""Reads that one turn of a model makes several times at once are made once; the others wait for the result."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future
from typing import Final

from langchain_awo.runtime.conversation import Held

TURNS_KEPT: Final = 256


class Claims:
    """By turn and call, who makes a read and what it came to. Safe to share between threads and event loops."""

    def __init__(self) -> None:
        self._turns: OrderedDict[str, dict[str, Future[Held | None]]] = OrderedDict()
        self._lock = threading.Lock()

    def claim(self, turn: str, key: str) -> tuple[Future[Held | None], bool]:
        """The future result of a call, and whether the caller is the one to make it.

        Whoever is must set a result, `None` when the call failed.
        """
        with self._lock:
            calls = self._turns.setdefault(turn, {})
            self._turns.move_to_end(turn)
            while len(self._turns) > TURNS_KEPT:
                self._turns.popitem(last=False)
            if key in calls and not _failed(calls[key]):
                return calls[key], False
            calls[key] = Future()
            return calls[key], True


def _failed(future: Future[Held | None]) -> bool:
    return future.done() and future.result() is None
