"""A log that is read twice: counted and sampled first, then run by run, so that nothing but the sample is held in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from langchain_awo.api.partitions import FairSample, OnRead, count_traces
from langchain_awo.api.sources import OnSkipped, Source, list_places, log_skipped, stream_traces
from langchain_awo.capture.importers.lines import BadLine
from langchain_awo.errors import TornRecordError
from langchain_awo.model.trace.outline import Outlines
from langchain_awo.model.trace.thread import join_threads
from langchain_awo.model.trace.trace import Trace
from langchain_awo.optimizer.counting.distinct import Distinct
from langchain_awo.optimizer.counting.draw import Drawn
from langchain_awo.optimizer.counting.sample import Bounds, derive_key, digest
from langchain_awo.optimizer.counting.summary import Sampled, Summary


@dataclass(slots=True)
class Threads:
    """How many runs each thread has; one that has a single run takes eight bytes."""

    known: Distinct = field(default_factory=Distinct)
    more: Counter[int] = field(default_factory=Counter)

    def note(self, threads: Iterable[str]) -> None:
        """Counts a run of each of some threads."""
        numbers = digest(["thread", thread] for thread in threads)
        different, counts = np.unique(numbers, return_counts=True)
        further = counts - 1 + self.known.holds(different)
        found = zip(different.tolist(), further.tolist(), strict=True)
        self.more.update({number: count for number, count in found if count})
        self.known.add(different)

    def join(self, traces: Iterable[Trace]) -> Iterator[Trace]:
        """As `join_threads`; a thread waits in memory from its first run to its last."""
        waiting: dict[int, list[Trace]] = {}
        for trace in traces:
            number = -1 if trace.thread_id is None else int(derive_key(trace), 16)
            if number not in self.more:
                yield trace
                continue
            runs = waiting.setdefault(number, [])
            runs.append(trace)
            if len(runs) > self.more[number]:
                yield from join_threads(waiting.pop(number))
        for runs in waiting.values():  # some were deleted meanwhile
            yield from join_threads(runs)


@dataclass(frozen=True, kw_only=True)
class Log:
    """Some traces, counted and sampled, and where to read them again.

    Attributes:
        only: the domain or the model that they are selected by; likewise `since`.
        skipped: what could not be read when they were counted.
    """

    source: Source
    summary: Summary
    threads: Threads
    only: Mapping[str, str]
    since: float | None
    on_skipped: OnSkipped
    skipped: list[BadLine | TornRecordError]

    @cached_property
    def sampled(self) -> Sampled:
        """The traces to look at closely."""
        return self.summary.sampled()

    @property
    def fair_sample(self) -> FairSample:
        """Those of them in which everything is as frequent as in the log."""
        return FairSample(self.sampled.fair_traces, of=len(self.summary.runs))

    def runs(self) -> Iterator[Trace]:
        """All of them, the runs of each conversation joined; what cannot be read is told here, since here everything is read.

        Raises:
            StoreError: they cannot be read any more.
        """
        if self.sampled.is_whole:
            for problem in self.skipped:
                self.on_skipped(problem)
            return iter(self.sampled.traces)
        found = stream_traces(self.source, **self.only, since=self.since, on_skipped=self.on_skipped)
        return self.threads.join(found)


def read_log(
    source: Source,
    *,
    bounds: Bounds,
    only: Mapping[str, str] | None = None,
    since: float | None = None,
    on_skipped: OnSkipped | None = None,
    on_read: OnRead | None = None,
) -> Log:
    """Counts and samples traces that are then looked at one by one.

    Args:
        source: a place is read twice if the sample does not hold all of it; traces themselves are held in memory.
        bounds: of the sample.
        only: the domain or the model that the traces are selected by.
        since: only traces that started at this time or later, in seconds since the epoch.
        on_skipped: called with each record that cannot be read, as `Log.runs` is gone through; they are logged if it is not given.
        on_read: called with what is counted of the traces, selected or not.

    Raises:
        StoreError: the traces cannot be read.
    """
    tell, skipped = on_skipped or log_skipped, list[BadLine | TornRecordError]()
    held = source if list_places(source) else list(stream_traces(source, on_skipped=skipped.append))
    threads, chosen = Threads(), dict(only or {})

    def note(outlines: Outlines, drawn: Drawn) -> None:
        if on_read:
            on_read(outlines, drawn)
        rows = (outlines.select(chosen) & drawn.readable).nonzero()[0].tolist()
        found = (outlines.thread_ids[row] for row in rows)
        threads.note(thread for thread in found if thread is not None)

    summary = count_traces(
        held, bounds=bounds, only=chosen, since=since, on_skipped=skipped.append, on_read=note
    )
    return Log(
        source=held,
        summary=summary,
        threads=threads,
        only=chosen,
        since=since,
        on_skipped=tell,
        skipped=skipped,
    )
