"""Counts traces wherever they lie, in other processes or on other machines, and adds up what was counted."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import Final, TypeAlias

from langchain_awo.api.sources import OnSkipped, Place, Source, get_address, list_places, stream_outlines
from langchain_awo.capture.importers.importing import is_recording
from langchain_awo.errors import AwoError, CompileError
from langchain_awo.model.trace.outline import Outlines
from langchain_awo.model.trace.trace import Trace
from langchain_awo.optimizer.counting.draw import Drawn
from langchain_awo.optimizer.counting.sample import Bounds
from langchain_awo.optimizer.counting.state import from_bytes, read_stamp, read_state, to_bytes, write_state
from langchain_awo.optimizer.counting.summary import Summary
from langchain_awo.stores import TraceStore, log_torn, open_store
from langchain_awo.stores.opening import is_parquet_store
from langchain_awo.stores.selection import Portion, Selection

logger = logging.getLogger(__name__)

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and how much there is."""

OnRead: TypeAlias = Callable[[Outlines, Drawn], object]
"""Called with what is counted of some traces, whether they are asked for or not, and what was read of them."""

PORTION: Final = 5_000
"""Keys of a database that one worker counts at a time."""

MEASURED: Final = Bounds(fair=12_000, rare=1, all_rare=1)
"""What is measured on traces, such as what a toolkit would save, is measured on a fair sample of so many calls."""


@dataclass(frozen=True, slots=True)
class FairSample:
    """Traces in which everything is as frequent as in all of them.

    Attributes:
        traces: runs of one thread joined, sorted by trace id; all there are if they are few enough.
        of: how many runs there are, those of one thread counted as one.
    """

    traces: list[Trace]
    of: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out."""
        return len(self.traces) == self.of


def draw_fair_sample(
    source: Source,
    *,
    bounds: Bounds = MEASURED,
    only: dict[str, str] | None = None,
    on_skipped: OnSkipped | None = None,
    on_read: OnRead | None = None,
) -> FairSample:
    """The traces to measure on; the same for the same traces in any order, and never more than the bound in memory.

    Args:
        only: as for `count_traces`; likewise `on_skipped` and `on_read`.

    Raises:
        StoreError: traces cannot be read.
    """
    summary = count_traces(source, bounds=bounds, only=only, on_skipped=on_skipped, on_read=on_read)
    return FairSample(summary.sampled().fair_traces, of=len(summary.runs))


def count_traces(
    source: Source,
    *,
    state: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    bounds: Bounds | None = None,
    only: dict[str, str] | None = None,
    since: float | None = None,
    progress: Progress | None = None,
    on_skipped: OnSkipped | None = None,
    on_read: OnRead | None = None,
) -> Summary:
    """What is kept of some traces, added to what a file holds of earlier ones.

    Args:
        source: with an executor, places that its workers can open.
        state: where to keep what was counted; traces that are in it already are not counted again.
        executor: counts each part in a worker: key ranges of a database, files of a Parquet folder, other files as a whole. What
            no worker can count, because it was killed, is counted here.
        bounds: of the sample, if they are not the usual ones; there is no state then.
        only: the domain or the model that the traces are selected by.
        since: only traces that started at this time or later, in seconds since the epoch, without an executor.
        progress: called as the parts come in, with an executor.
        on_skipped: called with each record that cannot be read, without an executor; they are logged if it is not given.
        on_read: called with what is counted of the traces, selected or not, without an executor.

    Raises:
        StoreError: traces cannot be read.
        CompileError: the state is of another version or was written by another process meanwhile, a trace lies in two places,
            or the bounds are those of no state.
    """
    if state is not None and bounds is not None:
        raise CompileError("the strategy `awo` needs whole logs and keeps no state; omit the state")
    stamp = None if state is None else read_stamp(state)
    summary = Summary(bounds or Bounds(), only or {}) if state is None else read_state(state, only=only)
    if executor is None:
        pages = stream_outlines(source, since=since, on_skipped=on_skipped)
        _add(summary, pages, new_only=state is not None, on_read=on_read)
    else:
        parts = _split_places(_name_places(source))
        for done, (part, counted) in enumerate(_count_parts(parts, executor, summary), start=1):
            summary.merge(counted) if state is None else _merge_new(summary, counted, part)
            if progress:
                progress("count", done, len(parts))
    if state is not None:
        write_state(summary, state, stamp=stamp)
    return summary


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """What one worker counts: a place, or a portion of the store there."""

    place: str
    portion: Portion | None = None

    def __str__(self) -> str:
        if self.portion is None:
            return self.place
        first, last = self.portion
        return f"{self.place}, {first + 1} to {last}"

    def outlines(self) -> Iterator[Outlines]:
        """What is counted of its traces."""
        if self.portion is None:
            yield from stream_outlines(self.place)
            return
        with open_store(get_address(self.place), create=False) as store:
            selection = Selection(scope=store.scope, portion=self.portion)
            yield from store.outlines(selection, on_error=log_torn)


def count_part(part: Part, bounds: Bounds, only: dict[str, str]) -> bytes:
    """Counts the traces of one part; runs in a worker, so only bytes come back."""
    summary = Summary(bounds, only)
    _add(summary, part.outlines())
    return to_bytes(summary)


def open_workers(number: int) -> ProcessPoolExecutor:
    """So many worker processes on this machine, for `count_traces`.

    They are forked off a server that has imported what they need, so that it is imported once; never off this process, whose
    threads may hold locks.
    """
    if "forkserver" not in get_all_start_methods():
        return ProcessPoolExecutor(number, mp_context=get_context("spawn"))
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return ProcessPoolExecutor(number, mp_context=context)


def _add(
    summary: Summary, pages: Iterable[Outlines], *, new_only: bool = False, on_read: OnRead | None = None
) -> None:
    """Adds traces, or those that are not in it yet."""
    for outlines in pages:
        drawn = summary.add(outlines, new_only=new_only)
        if on_read:
            on_read(outlines, drawn)


def _merge_new(summary: Summary, counted: Summary, part: Part) -> None:
    """Adds a part to a state; of one that is in it in part, such as the end of a log that grew, what is new."""
    if counted.ids.is_within(summary.ids):
        return
    if counted.ids.is_apart(summary.ids):
        summary.merge(counted)
    else:
        _add(summary, part.outlines(), new_only=True)


def _name_places(source: Source) -> list[str]:
    places = list_places(source)
    if not places:
        raise CompileError(
            "an executor reads stores and files; pass paths or URLs that its workers can open, not traces"
        )
    return [_name_place(place) for place in places]


def _name_place(place: Place) -> str:
    if isinstance(place, TraceStore):
        return place.url
    return place if isinstance(place, str) else str(Path(place))


def _split_places(places: Sequence[str]) -> list[Part]:
    return [part for place in places for part in _split(place)]


def _split(place: str) -> list[Part]:
    if not is_parquet_store(place) and is_recording(place):
        return [Part(place)]
    with open_store(get_address(place), create=False) as store:
        return [Part(place, portion) for portion in store.portions(PORTION)] or [Part(place)]


def _count_parts(parts: Sequence[Part], executor: Executor, like: Summary) -> Iterator[tuple[Part, Summary]]:
    """What each part holds, as it is counted; the order does not matter."""
    futures: dict[Future[bytes], Part] = {}
    uncounted: dict[Part, str] = {}
    for part in parts:
        try:
            futures[executor.submit(count_part, part, like.bounds, like.only)] = part
        except (BrokenExecutor, RuntimeError) as error:  # a pool that has lost a worker takes no more
            uncounted[part] = str(error)
    for future in as_completed(futures):
        part = futures[future]
        try:
            counted = future.result()
        except AwoError:
            raise
        except Exception as error:  # noqa: BLE001  # each engine has errors of its own for a worker that is gone
            uncounted[part] = f"{type(error).__name__}: {error}"
        else:
            yield part, from_bytes(counted, where=str(part))
    for part, reason in uncounted.items():
        logger.warning("no worker could count %s; counting it in this process instead (%s)", part, reason)
        yield part, from_bytes(count_part(part, like.bounds, like.only), where=str(part))
