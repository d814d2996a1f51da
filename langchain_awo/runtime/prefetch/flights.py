"""Reads that were started before a model asked for them: which are under way, for whom, and whether they still hold.

A read that was made ahead answers one later call with the same tool and arguments, if nothing may have changed in between.
Whatever is left is dropped and counted: when something may change, when the user speaks, and when the run ends.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from langchain_core.messages import BaseMessage, ToolMessage

from langchain_awo.runtime.continuing.readings import Readings
from langchain_awo.runtime.inner.waiting import Wait
from langchain_awo.runtime.outcome import Limits
from langchain_awo.runtime.use_counter import UseCounter

FRESH: Final = 60.0
"""Seconds for which a read that was made ahead is served; things outside the agent change too."""


@dataclass(eq=False, slots=True, kw_only=True)
class Flight:
    """One read that was started ahead.

    Attributes:
        since: the moment it was started at, see `Readings.moment`.
        reply: what the tool answered, `None` if it failed.
    """

    meta_tool: str
    since: int
    started: float = field(default_factory=time.monotonic)
    reply: Future[ToolMessage | None] = field(default_factory=Future)

    def land(self, reply: ToolMessage | None) -> None:
        """Says what became of it; only the first word counts."""
        if not self.reply.done():
            self.reply.set_result(reply)


class Flights:
    """What one agent reads ahead during one call of its graph. Safe to share between threads.

    Args:
        limits: `calls` in one turn of the model, `concurrency` at once.
        usage: counts what was `prefetched` and what was `unused`, by meta-tool.

    Attributes:
        enter: waits for room to make one more call.
        leave: makes room again.
    """

    def __init__(self, *, limits: Limits, usage: UseCounter) -> None:
        self.readings = Readings()
        room, aroom = threading.Semaphore(limits.concurrency), asyncio.Semaphore(limits.concurrency)
        self.enter = Wait(room.acquire, aroom.acquire)
        self.leave = Wait(room.release, partial(_release, aroom))
        self._limits = limits
        self._usage = usage
        self._left = limits.calls
        self._going: dict[str, Flight] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()

    def turn_to(self, messages: Sequence[BaseMessage]) -> None:
        """Takes notice of a call of the model; each of its turns has a budget of its own."""
        if self.readings.turn_to(messages):
            with self._lock:
                self._left = self._limits.calls
            self._drop_outdated()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Around whatever may change something: nothing that was read ahead is served after it."""
        self.drop()
        with self.readings.change():
            yield

    def start(self, meta_tool: str, key: str, since: int) -> tuple[Flight | None, bool]:
        """The flight of a call, and whether it is the caller's to make it land; `None` where it must not be started."""
        with self._lock:
            if since != self.readings.moment:
                return None, False
            if key in self._going:
                return self._going[key], False
            if self._left <= 0:
                return None, False
            self._left -= 1
            self._usage.count(meta_tool, "prefetched")
            self._going[key] = flight = Flight(meta_tool=meta_tool, since=since)
            return flight, True

    def take(self, key: str) -> Flight | None:
        """The flight that a call of the model may be answered from; it answers no other one."""
        with self._lock:
            flight = self._going.pop(key, None)
        if flight is None or self.is_good(flight):
            return flight
        self.waste(flight)
        return None

    def is_good(self, flight: Flight) -> bool:
        """Whether what a flight brings is still true, as far as anybody knows."""
        return flight.since == self.readings.moment and time.monotonic() - flight.started < FRESH

    def waste(self, flight: Flight) -> None:
        """Counts a flight of which nothing was used."""
        self.count(flight.meta_tool, "unused")

    def count(self, name: str, what: str) -> None:
        """Counts something in the usage."""
        self._usage.count(name, what)

    def follow(self, task: asyncio.Task[None]) -> None:
        """Holds a task that starts flights, so that it can be cancelled."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def drop(self) -> None:
        """Cancels what is under way, and counts everything that nobody asked for.

        A thread cannot be stopped: the call it is in ends, nothing comes after it, and what it brings is not looked at.
        """
        with self._lock:
            flights, self._going = list(self._going.values()), {}
        for flight in flights:
            self.waste(flight)
        for task in list(self._tasks):
            with suppress(RuntimeError):  # its loop is closed, which cancelled it
                task.get_loop().call_soon_threadsafe(task.cancel)

    def end(self) -> None:
        """Ends the run: nothing is started or served any more."""
        self.drop()
        with self.readings.change():
            pass

    def _drop_outdated(self) -> None:
        with self._lock:
            old = {key: flight for key, flight in self._going.items() if not self.is_good(flight)}
            self._going = {key: flight for key, flight in self._going.items() if key not in old}
        for flight in old.values():
            self.waste(flight)


def is_resumed(config: Any) -> bool:
    """Whether LangGraph is handing out answers of people in this task, which a call nobody asked for must not take."""
    scratchpad = (config or {}).get("configurable", {}).get("__pregel_scratchpad")
    if scratchpad is None:
        return False
    return bool(scratchpad.resume) or scratchpad.get_null_resume(False) is not None


async def _release(room: asyncio.Semaphore) -> None:
    room.release()
