"""Traces as they are read one by one, and what is to be told of them afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from langchain_awo.cli.sources import explain_nothing_found
from langchain_awo.cli.terminal import format_count, progress, say, waiting

if TYPE_CHECKING:
    from pathlib import Path

    from langchain_awo.api.logs import Log
    from langchain_awo.model.trace.outline import Outlines
    from langchain_awo.model.trace.trace import Trace
    from langchain_awo.optimizer.counting.draw import Drawn
    from langchain_awo.optimizer.counting.sample import Bounds
    from langchain_awo.optimizer.counting.summary import Summary


class Reading:
    """The traces of a store or a file of messages; what is skipped is reported on stderr."""

    def __init__(
        self, source: str, *, domain: str | None, model: str | None, since: float | None = None
    ) -> None:
        self.source = source
        self.since = since
        self.only = {name: value for name, value in (("domain", domain), ("model", model)) if value}
        self._read = self._kept = self._skipped = self._unread = 0
        self._calls = False
        self._seen: dict[str, set[str]] = {"domain": set(), "model": set()}

    def __iter__(self) -> Iterator[Trace]:
        from langchain_awo.api.sources import stream_traces

        with waiting(f"reading {self.source}"):
            for trace in stream_traces(self.source, on_skipped=self.skip):
                if self._note(trace.domain, trace.model):
                    self._calls = self._calls or any(call.model_call is not None for call in trace.tool_calls)
                    yield trace

    def note(self, outlines: Outlines, drawn: Drawn) -> None:
        """Remembers what was read, for what is told in the end."""
        if outlines.is_partial:
            self._unread += int((drawn.readable & ~drawn.whole).sum())
        for row in drawn.readable.nonzero()[0].tolist():
            if self._note(outlines.domains[row], outlines.models[row]):
                self._calls = self._calls or bool(outlines.is_asked[row])

    def _note(self, domain: str, model: str) -> bool:
        """Remembers that a trace was read; whether it is asked for."""
        self._read += 1
        found = {"domain": domain, "model": model}
        for name, value in found.items():
            self._seen[name].add(value)
        is_kept = all(found[name] == value for name, value in self.only.items())
        self._kept += is_kept
        return is_kept

    def skip(self, problem: object) -> None:
        """Reports a record that cannot be read."""
        self._skipped += 1
        say(f"skipped {problem}", style="yellow")

    def tell_unread(self, *, workers: int = 1) -> None:
        """Says of how many traces only a part was read, in which damage is seen; workers do not tell how many these are."""
        if self._unread or workers > 1:
            some = (
                f"{self._unread:,} of {self._read:,} traces" if self._unread else "traces outside the sample"
            )
            say(
                f"of {some} only which tools they call was read; damage in the rest of them goes unnoticed here: "
                f"awo show {self.source} reads everything"
            )

    def tell(self, *, known: int) -> None:
        """Says what was skipped, and why there is nothing to find; not if enough was known before."""
        if self._skipped:
            say(
                f"{format_count(self._skipped, 'record')} of {self.source} skipped, {format_count(self._read, 'trace')} read"
            )
        reason = explain_nothing_found(
            self.source,
            self.only,
            since=self.since,
            read=self._read,
            kept=self._kept,
            calls=self._calls,
            seen=self._seen,
        )
        if reason and known <= self._kept:
            say(reason, style="yellow")


def read_log(reading: Reading, *, bounds: Bounds) -> Log:
    """Counts and samples traces that are then looked at one by one; `Reading.tell` is for when that was done.

    Raises:
        StoreError: they cannot be read.
        ImportFormatError: they are neither a store nor runs in a known format.
    """
    from langchain_awo.api import logs

    with waiting(f"reading {reading.source}"):
        return logs.read_log(
            reading.source,
            bounds=bounds,
            only=reading.only,
            since=reading.since,
            on_skipped=reading.skip,
            on_read=reading.note,
        )


def count(
    reading: Reading, *, workers: int = 1, state: Path | None = None, bounds: Bounds | None = None
) -> Summary:
    """Counts and samples traces, here or in worker processes; what is to be told of them is told.

    Raises:
        StoreError: they cannot be read.
        CompileError: the state is of another version, of other traces, or was written by another process meanwhile.
    """
    from langchain_awo.api.partitions import count_traces, open_workers

    if workers == 1:
        with waiting(f"reading {reading.source}"):
            found = count_traces(
                reading.source,
                state=state,
                bounds=bounds,
                only=reading.only,
                on_skipped=reading.skip,
                on_read=reading.note,
            )
    else:
        with open_workers(workers) as pool, progress({"count": "reading"}) as tell:
            found = count_traces(
                reading.source, state=state, bounds=bounds, only=reading.only, executor=pool, progress=tell
            )
        if not found.calls:  # read here too, to say why there is nothing
            all(reading)
    reading.tell(known=found.traces)
    looked_at = found.sampled()
    if not looked_at.is_whole:
        say(f"looked at {len(looked_at.traces):,} of {format_count(len(found.runs), 'trace')}, a sample")
    reading.tell_unread(workers=workers)
    return found
