"""Where traces come from: a path names a store, or runs that something else recorded."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from langchain_awo.capture.importers.account import log_bad_line
from langchain_awo.capture.importers.checkpoints import is_saver
from langchain_awo.capture.importers.frames import is_frame
from langchain_awo.capture.importers.importing import import_traces, is_recording
from langchain_awo.capture.importers.lines import BadLine
from langchain_awo.errors import ArgumentError, TornRecordError
from langchain_awo.model.ir.argument_checks import describe_kind
from langchain_awo.model.trace.outline import Outlines, outline_traces
from langchain_awo.model.trace.trace import Trace
from langchain_awo.plan_file import is_plan_file
from langchain_awo.stores import TraceStore, log_torn, open_store
from langchain_awo.stores.opening import holds_checkpoints, is_parquet_store, is_server
from langchain_awo.stores.selection import Selection

Place: TypeAlias = str | os.PathLike[str] | TraceStore
"""A store or its path or URL, or a path of runs that something else recorded."""

Source: TypeAlias = Place | Iterable[Trace] | Iterable[Mapping[str, Any]] | Sequence[Place]
"""Traces: a place, several places, the traces themselves, or what `import_traces` takes: a checkpointer, a frame, records."""

OnSkipped: TypeAlias = Callable[[BadLine | TornRecordError], None]
"""Called with each record that cannot be read; the reading goes on after it."""


def stream_traces(
    source: Source,
    *,
    domain: str | None = None,
    model: str | None = None,
    since: float | None = None,
    on_skipped: OnSkipped | None = None,
) -> Iterator[Trace]:
    """Traces one by one, as they were recorded; the runs of one conversation come apart.

    Args:
        domain: only traces with this domain, and `model` of this model.
        since: only traces that started at this time or later, in seconds since the epoch.
        on_skipped: called with each record that cannot be read; without it they are logged as warnings.

    Raises:
        StoreError: there is no such store or file, or it cannot be read.
        ImportFormatError: the file is neither a store nor messages.
        ArgumentError: the source is something else, such as a toolkit.
    """
    tell = on_skipped or log_skipped
    for part in _open_parts(source, tell):
        if isinstance(part, TraceStore):
            found = part.traces(since=since, on_error=tell)
        else:
            found = _select_recent(part, since)
        for trace in found:
            if (domain is None or trace.domain == domain) and model in (None, trace.model):
                yield trace


def stream_outlines(
    source: Source, *, since: float | None = None, on_skipped: OnSkipped | None = None
) -> Iterator[Outlines]:
    """What is counted of traces, some at a time, and a way to read any of these as a whole; otherwise as `stream_traces`."""
    tell = on_skipped or log_skipped
    for part in _open_parts(source, tell):
        if isinstance(part, TraceStore):
            yield from part.outlines(Selection(scope=part.scope, since=since), on_error=tell)
        else:
            yield from outline_traces(_select_recent(part, since))


def _open_parts(source: Source, tell: OnSkipped) -> Iterator[TraceStore | Iterator[Trace]]:
    """The stores of a source, each open until the next is asked for, and traces that lie in none."""
    check_traces(source)
    places = list_places(source)
    if not places:
        yield _read_from_memory(source, tell)
    for place in places:
        if isinstance(place, TraceStore):
            yield place
        elif is_store(place):
            with open_store(get_address(place), create=False) as store:
                yield store
        else:
            yield import_traces(os.fspath(place), on_skipped=tell)


def list_places(source: Source) -> list[Place]:
    """The places that a source names; none if it is the traces themselves."""
    if isinstance(source, str | os.PathLike | TraceStore):
        return [source]
    if not isinstance(source, list | tuple):
        return []
    places = [place for place in source if isinstance(place, str | os.PathLike | TraceStore)]
    return places if len(places) == len(source) else []


def get_address(store: str | os.PathLike[str]) -> str | Path:
    """A path or URL as `open_store` takes it."""
    return store if isinstance(store, str) else Path(store)


def check_traces(source: object) -> None:
    """Makes sure before any work that a source could be one.

    Raises:
        ArgumentError: it is something else, such as a toolkit or a table.
    """
    if isinstance(source, str | os.PathLike):
        if os.path.isfile(source) and is_plan_file(source):  # noqa: PTH113  # a path or a string
            raise ArgumentError(
                f"{source} is a compiled toolkit, not traces; pass the traces it was compiled from"
            )
        return
    if is_saver(source) or is_frame(source):
        return
    is_other = isinstance(source, Trace | Mapping | bytes) or not isinstance(source, Iterable | TraceStore)
    if is_other or hasattr(source, "plan") or hasattr(source, "columns"):
        raise ArgumentError(f"traces is {describe_kind(source)}; {_suggest_instead(source)}")


def _suggest_instead(source: object) -> str:
    """What somebody who hands in the wrong thing most likely wants to write."""
    if isinstance(source, Trace):
        return "write a list of traces: [trace]"
    if hasattr(source, "plan") or hasattr(source, "meta_tools"):
        return "this is a compiled toolkit: pass the traces it was compiled from, such as 'traces.db'"
    if hasattr(source, "columns"):
        return (
            "pandas and Polars tables are accepted as they are; pass rows of any other table as dictionaries"
        )
    if hasattr(source, "flush"):
        return "pass the store it records into, such as 'traces.db'"
    return "pass a store or its path, such as 'traces.db', a file of recorded runs, or a list of traces"


def _check_each(source: Iterable[object]) -> Iterator[Trace]:
    for position, item in enumerate(source):
        if not isinstance(item, Trace):
            raise ArgumentError(
                f"traces[{position}] is {describe_kind(item)}, not a Trace; to read recorded runs from a file, use import_traces"
            )
        yield item


def _select_recent(traces: Iterable[Trace], since: float | None) -> Iterator[Trace]:
    """Those that started at a time or later; as in a store, not those of which nobody knows when they did."""
    return (
        trace
        for trace in traces
        if since is None or (trace.started_at is not None and trace.started_at >= since)
    )


def is_store(place: str | os.PathLike[str]) -> bool:
    """Whether a path or URL names a trace store, rather than runs that something else recorded.

    A database on a server is the one or the other by what is in it.
    """
    if is_server(place):
        return not holds_checkpoints(str(place))
    return is_parquet_store(place) or not is_recording(place)


def _read_from_memory(source: Source, on_skipped: OnSkipped) -> Iterator[Trace]:
    """Traces themselves, or what `import_traces` makes traces of: a checkpointer, a frame, records."""
    if is_saver(source) or is_frame(source):
        yield from import_traces(source, on_skipped=on_skipped)
        return
    elements = iter(source)  # type: ignore[arg-type]  # no place, so these are traces or records
    first = next(elements, None)
    if first is None:
        return
    elements = chain([first], elements)
    if isinstance(first, Trace):
        yield from _check_each(elements)
    else:
        yield from import_traces(elements, on_skipped=on_skipped)


def log_skipped(skipped: BadLine | TornRecordError) -> None:
    """Reports what cannot be read as a warning."""
    if isinstance(skipped, TornRecordError):
        log_torn(skipped)
    else:
        log_bad_line(skipped)
