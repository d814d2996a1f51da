"""From finished recordings to a sink: a bounded queue and one background thread."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, Protocol
from weakref import WeakSet

from langchain_awo.capture.forking import hold_during_fork, reset_in_child, run_at_exit_of_child
from langchain_awo.capture.queueing import TraceQueue, Waiting
from langchain_awo.capture.state import OVERHEAD, Recording
from langchain_awo.model.secrets import hide_secrets
from langchain_awo.model.secrets.failures import describe_error, describe_kind_and_place
from langchain_awo.model.trace.trace import Trace

logger = logging.getLogger(__name__)

BATCH: Final = 500
"""At most so many traces are handed to the sink at once."""

BATCH_BYTES: Final = 16_000_000
"""At most so many bytes of memory are, if it is more than one trace."""

LINGER: Final = 0.05
"""Seconds the thread waits after the first finished trace, so that a burst of them is one batch.

A trace is in the sink this long after its run has ended, plus the time of one write, unless more wait than the sink can take."""

IDLE: Final = 10.0
"""Seconds without work after which the thread ends; the next trace starts another."""

EXIT_TIMEOUT: Final = 30.0
"""Seconds that the end of the program may be held up for writing."""

FORK_TIMEOUT: Final = 10.0
"""Seconds that a fork waits for the end of a write."""

RETRY_AFTER: Final = (1.0, 30.0)
"""Seconds until a failing sink is tried again: at first, and at most (doubling)."""

GIVE_UP_AFTER: Final = 3
"""A flush ends when so many writes in a row have failed."""

MAX_REFUSALS: Final = 5
"""A trace is dropped when the sink refused it so often, while it stored others."""

LOST: Final = "awo_dropped"
"""Where the metadata of a trace says how many before it were lost."""


class TraceSink(Protocol):
    """Where finished traces go.

    `append` stores all of the given traces or raises. It is called from several threads, one at a time.
    """

    def append(self, traces: Sequence[Trace]) -> None:
        """Stores traces."""


class BackgroundWriter:
    """Writes traces without holding up whoever makes them.

    The queue never blocks: when it is full the oldest trace is dropped, counted, and told of in the metadata of the next one. While the
    sink fails, its traces stay in the queue and are tried again, one by one at first, so that a single trace that cannot be stored
    does not hold up the others; a trace that is refused again and again while others are stored is dropped.

    In a forked child the writer begins with an empty queue: what waited is the parent's to write.

    Args:
        sink: where traces go.
        build: makes the trace of a recording; runs in the background thread.
        capacity: most traces that wait; `capacity_bytes` of memory, together.
        reopen: makes a sink like this one, for a forked child.

    Attributes:
        inherited: whether the sink is still the one that the parent is using.
    """

    def __init__(
        self,
        sink: TraceSink,
        *,
        build: Callable[[Recording], Trace],
        capacity: int,
        capacity_bytes: int,
        reopen: Callable[[], TraceSink] | None = None,
    ) -> None:
        self.sink = sink
        self._build = build
        self._capacity = capacity, capacity_bytes
        self._reopen = reopen
        self._begin()
        _LIVE.add(self)
        reset_in_child(self)
        hold_during_fork(self)

    def _begin(self) -> None:
        capacity, capacity_bytes = self._capacity
        self._queue = TraceQueue(capacity=capacity, capacity_bytes=capacity_bytes)
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._writing_thread: int | None = None
        self._thread: threading.Thread | None = None
        self._batch = BATCH
        self._failing = False
        self.inherited = False
        self._stored = 0
        self._told = 0
        self._in_sink = False

    def hold(self) -> None:
        """Waits for the end of a write, and lets go of what the sink holds: databases do not bear being forked when in use."""
        if self._writing_thread == threading.get_ident() or not self._writing.acquire(timeout=FORK_TIMEOUT):
            return
        self._writing_thread = threading.get_ident()
        release = getattr(self.sink, "release", None)
        if release is not None and not self.inherited:
            with suppress(Exception):
                release()

    def let_go(self) -> None:
        """Writes again."""
        if self._writing_thread == threading.get_ident() and not self._in_sink:
            self._writing_thread = None
            self._writing.release()

    def after_fork(self) -> None:
        """Begins anew in a child; its sink is opened when there is something to write."""
        self._begin()
        self.inherited = self._reopen is not None

    @property
    def dropped(self) -> int:
        """Traces that were lost."""
        return self._queue.dropped

    def put(self, recording: Recording) -> None:
        """Queues a finished recording; takes about a microsecond."""
        with self._changed:
            self._queue.put([Waiting(recording, OVERHEAD + recording.size)])
            self._changed.notify()
            if self._thread is None or not self._thread.is_alive():
                self._start_thread()

    def flush(self, timeout: float | None = None) -> bool:
        """Writes what is queued, in the calling thread; returns whether everything reached the sink."""
        deadline = None if timeout is None else time.monotonic() + timeout
        failures = 0
        while failures < GIVE_UP_AFTER:
            left = -1 if deadline is None else deadline - time.monotonic()
            if deadline is not None and left <= 0:
                break
            written = self._write_batch(left)
            if written is None:
                return True
            failures = 0 if written else failures + 1
        return False

    def _start_thread(self) -> None:
        self._thread = threading.Thread(target=self._work, name="awo-writer", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # the interpreter is ending: the flush at exit writes the rest
            self._thread = None

    def _work(self) -> None:
        pause = RETRY_AFTER[0]
        while self._wait_for_work():
            time.sleep(LINGER)
            if self._write_batch(-1) is not False:
                pause = RETRY_AFTER[0]
                continue
            time.sleep(pause)
            pause = min(pause * 2, RETRY_AFTER[1])

    def _wait_for_work(self) -> bool:
        with self._changed:
            if not self._changed.wait_for(lambda: bool(self._queue), IDLE):
                self._thread = None
            return self._thread is not None

    def _write_batch(self, timeout: float) -> bool | None:
        """Whether the next traces reached the sink; `None` when there were none."""
        writing = self._writing  # a sink may fork: the child then has another lock
        if not writing.acquire(timeout=timeout):
            return False
        self._writing_thread, self._in_sink = threading.get_ident(), True
        try:
            with self._changed:
                items = self._queue.take(self._batch, BATCH_BYTES)
            return self._write(items) if items else None
        finally:
            if writing is self._writing:
                self._writing_thread, self._in_sink = None, False
            writing.release()

    def _write(self, items: list[Waiting]) -> bool:
        queue, pending = self._queue, items
        try:
            pending = self._built(items)
            self._append([item.content for item in pending if isinstance(item.content, Trace)])
            pending = []
        except Exception as error:  # noqa: BLE001  # a sink may fail in any way, the agent goes on
            self._note_failure(error)
            return False
        finally:
            with self._changed:
                queue.put(self._worth_another_try(pending))
        self._failing = False
        self._batch = min(self._batch * 2, BATCH)
        return True

    def _append(self, traces: list[Trace]) -> None:
        """Stores traces; the first tells how many were lost before it."""
        if self.inherited and self._reopen is not None:
            _INHERITED.append(self.sink)
            self.sink, self.inherited = self._reopen(), False
        lost = self._queue.dropped - self._told
        if lost and traces:
            traces[0] = replace(traces[0], metadata={**traces[0].metadata, LOST: lost})
        self.sink.append(traces)
        self._stored += len(traces)
        self._told += lost if traces else 0

    def _built(self, items: Sequence[Waiting]) -> list[Waiting]:
        for item in items:
            if isinstance(item.content, Recording):
                trace = self._build_or_drop(item.content)
                if trace is not None:
                    item.content = trace
        return [item for item in items if isinstance(item.content, Trace)]

    def _build_or_drop(self, recording: Recording) -> Trace | None:
        try:
            return self._build(recording)
        except Exception as error:  # noqa: BLE001  # the others are written all the same
            self._queue.dropped += 1
            logger.warning(
                "a recording could not be turned into a trace and is dropped: %s",
                describe_kind_and_place(error),
            )
            return None

    def _worth_another_try(self, items: Sequence[Waiting]) -> list[Waiting]:
        """What failed, without a trace that the sink refuses although it stores others."""
        if len(items) != 1:
            return list(items)
        (item,) = items
        if item.refused_at is None:
            item.refused_at = self._stored
        item.refusals += self._stored > item.refused_at
        if item.refusals <= MAX_REFUSALS:
            return [item]
        self._queue.dropped += 1
        logger.warning("a trace is dropped: it was refused %d times while others were stored", MAX_REFUSALS)
        return []

    def _note_failure(self, error: Exception) -> None:
        self._batch = 1
        if not self._failing:
            self._failing = True
            logger.warning(
                "traces cannot be written to %s: %s; the agent continues, and they are kept in memory and retried",
                hide_secrets(str(getattr(self.sink, "url", type(self.sink).__name__))),
                describe_error(error),
            )


_LIVE: WeakSet[BackgroundWriter] = WeakSet()  # a writer with work lives: its thread refers to it
_INHERITED: list[TraceSink] = []  # never closed: the parent is using what they hold


@atexit.register
def _flush_at_exit() -> None:
    for writer in list(_LIVE):
        writer.flush(EXIT_TIMEOUT)


run_at_exit_of_child(_flush_at_exit)
