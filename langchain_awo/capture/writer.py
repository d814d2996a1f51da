"""From finished recordings to a sink: a bounded queue and one background thread."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol
from weakref import WeakSet

from langchain_awo.capture.state import Recording
from langchain_awo.model.trace import Trace

logger = logging.getLogger(__name__)

BATCH: Final = 500
"""At most so many traces are handed to the sink at once."""

LINGER: Final = 0.05
"""Seconds the thread waits after the first finished trace, so that a burst of them is one batch."""

IDLE: Final = 10.0
"""Seconds without work after which the thread ends; the next trace starts another."""

EXIT_TIMEOUT: Final = 30.0
"""Seconds that the end of the program may be held up for writing."""

RETRY_AFTER: Final = (1.0, 30.0)
"""Seconds until a failing sink is tried again: at first, and at most (doubling)."""

GIVE_UP_AFTER: Final = 3
"""A flush ends when so many writes in a row have failed."""


class TraceSink(Protocol):
    """Where finished traces go.

    `append` stores all of the given traces or raises. It is called from several threads, one at a time.
    """

    def append(self, traces: Sequence[Trace]) -> None:
        """Stores traces."""


class BackgroundWriter:
    """Writes traces without holding up whoever makes them.

    The queue never blocks: when it is full the oldest trace is dropped and counted. While the sink fails, its traces stay in the
    queue and are tried again, one by one at first, so that a single trace that cannot be stored does not hold up the others.

    Args:
        build: makes the trace of a recording; runs in the background thread.
        capacity: most traces that wait.

    Attributes:
        dropped: traces that were lost.
    """

    def __init__(self, sink: TraceSink, *, build: Callable[[Recording], Trace], capacity: int) -> None:
        self.dropped = 0
        self._sink = sink
        self._build = build
        self._capacity = max(capacity, 1)
        self._queue: deque[Recording | Trace] = deque()
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._batch = BATCH
        self._failing = False
        self._overflowed = False
        _LIVE.add(self)

    def put(self, recording: Recording) -> None:
        """Queues a finished recording; takes about a microsecond."""
        with self._changed:
            self._enqueue([recording])
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
        if not self._writing.acquire(timeout=timeout):
            return False
        try:
            items = self._dequeue()
            if not items:
                return None
            pending: Sequence[Recording | Trace] = items
            try:
                pending = traces = self._built(items)
                self._sink.append(traces)
                pending = []
            except Exception as error:  # noqa: BLE001  # a sink may fail in any way, the agent goes on
                self._note_failure(error)
                return False
            finally:
                with self._changed:
                    self._enqueue(pending)
            self._failing = False
            self._batch = min(self._batch * 2, BATCH)
            return True
        finally:
            self._writing.release()

    def _dequeue(self) -> list[Recording | Trace]:
        with self._changed:
            return [self._queue.popleft() for _ in range(min(self._batch, len(self._queue)))]

    def _built(self, items: Sequence[Recording | Trace]) -> list[Trace]:
        traces = (item if isinstance(item, Trace) else self._build_or_drop(item) for item in items)
        return [trace for trace in traces if trace is not None]

    def _build_or_drop(self, recording: Recording) -> Trace | None:
        try:
            return self._build(recording)
        except Exception:
            self.dropped += 1
            logger.exception("a recording could not be made a trace and is dropped")
            return None

    def _enqueue(self, items: Sequence[Recording | Trace]) -> None:
        self._queue.extend(items)
        while len(self._queue) > self._capacity:
            self._queue.popleft()
            self.dropped += 1
            if not self._overflowed:
                self._overflowed = True
                logger.warning(
                    "more than %d traces wait to be written: the oldest are dropped", self._capacity
                )

    def _note_failure(self, error: Exception) -> None:
        self._batch = 1
        if not self._failing:
            self._failing = True
            logger.warning(
                "traces cannot be written to %s: %s: %s; the agent goes on, they are kept in memory and tried again",
                getattr(self._sink, "url", self._sink),
                type(error).__name__,
                error,
            )


_LIVE: WeakSet[BackgroundWriter] = WeakSet()  # a writer with work lives: its thread refers to it


@atexit.register
def _flush_at_exit() -> None:
    for writer in list(_LIVE):
        writer.flush(EXIT_TIMEOUT)
