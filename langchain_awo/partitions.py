"""Counts traces wherever they lie, in other processes or on other machines, and adds up what was counted."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from langchain_awo.errors import CompileError
from langchain_awo.model.trace import Trace
from langchain_awo.optimizer.counting.sample import Bounds
from langchain_awo.optimizer.counting.state import from_bytes, read_state, to_bytes, write_state
from langchain_awo.optimizer.counting.summary import Summary
from langchain_awo.sources import Place, Source, places_in, stream_traces
from langchain_awo.stores import TraceStore

logger = logging.getLogger(__name__)

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


def fair_sample(source: Source, *, bounds: Bounds = MEASURED) -> FairSample:
    """The traces to measure on; the same for the same traces in any order, and never more than the bound in memory.

    Raises:
        StoreError: traces cannot be read.
    """
    found = Summary(bounds)
    _add(found, source, is_new_only=False)
    sampled = found.sampled()
    fair = [trace for trace in sampled.traces if sampled.fair is None or trace.trace_id in sampled.fair]
    return FairSample(fair, of=len(found.runs))


def count_traces(
    source: Source,
    *,
    state: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    bounds: Bounds | None = None,
    only: dict[str, str] | None = None,
) -> Summary:
    """What is kept of some traces, added to what a file holds of earlier ones.

    Args:
        source: with an executor, places that its workers can open.
        state: where to keep what was counted; traces that are in it already are not counted again.
        executor: counts each place in a worker. A place whose worker dies is counted here.
        bounds: of the sample, if they are not the usual ones; there is no state then.
        only: what the traces are selected by.

    Raises:
        StoreError: traces cannot be read.
        CompileError: the state is of another version, a trace lies in two places, or the bounds are those of no state.
    """
    if state is not None and bounds is not None:
        raise CompileError("the strategy `awo` looks at whole logs and keeps no state; leave the state out")
    found = Summary(bounds or Bounds(), only or {}) if state is None else read_state(state, only=only)
    if executor is None:
        _add(found, source, is_new_only=state is not None)
    else:
        for part in _parts(_named_places(source), executor, found):
            found.merge(part) if state is None else _merge_new(found, part)
    if state is not None:
        write_state(found, state)
    return found


def count_place(place: str, bounds: Bounds, only: dict[str, str]) -> bytes:
    """Counts the traces of one place; runs in a worker, so only bytes come back."""
    found = Summary(bounds, only)
    for trace in stream_traces(place):
        found.add(trace)
    return to_bytes(found)


def _add(found: Summary, source: Source, *, is_new_only: bool) -> None:
    traces = stream_traces(source)
    if is_new_only:
        found.add_new(traces)
        return
    for trace in traces:
        found.add(trace)


def _merge_new(found: Summary, part: Summary) -> None:
    """Adds a part to a state; one that is in it already changes nothing."""
    if part.traces and part.ids.is_within(found.ids):
        return
    found.merge(part)


def _named_places(source: Source) -> list[str]:
    places = places_in(source)
    if not places:
        raise CompileError(
            "an executor counts stores and files; give it paths or URLs that its workers can open, not traces"
        )
    return [_name(place) for place in places]


def _name(place: Place) -> str:
    if isinstance(place, TraceStore):
        return place.url
    return place if isinstance(place, str) else str(Path(place))


def _parts(places: Sequence[str], executor: Executor, like: Summary) -> Iterator[Summary]:
    """What each place holds, as it is counted; the order does not matter."""
    futures: dict[Future[bytes], str] = {}
    left: list[str] = []
    for place in places:
        try:
            futures[executor.submit(count_place, place, like.bounds, like.only)] = place
        except (BrokenExecutor, RuntimeError):  # a pool that has lost a worker takes no more
            left.append(place)
    for future in as_completed(futures):
        place = futures[future]
        try:
            yield from_bytes(future.result(), where=place)
        except BrokenExecutor:
            left.append(place)
    for place in left:
        logger.warning("the worker that counted %s died; it is counted in this process", place)
        yield from_bytes(count_place(place, like.bounds, like.only), where=place)
