"""Where traces come from: a path names a store or a file of messages."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from langchain_awo.capture.importers.lines import BadLine
from langchain_awo.capture.importers.messages import import_messages, log_bad_line
from langchain_awo.errors import StoreError, TornRecordError
from langchain_awo.model.encoding import loads
from langchain_awo.model.trace import Trace
from langchain_awo.stores import TraceStore, log_torn, open_store

Place: TypeAlias = str | os.PathLike[str] | TraceStore
"""A store or its path or URL, or a file of messages."""

Source: TypeAlias = Place | Iterable[Trace] | Sequence[Place]
"""Traces: a place, several places, or the traces themselves."""

OnSkipped: TypeAlias = Callable[[BadLine | TornRecordError], None]
"""Called with each record that cannot be read; the reading goes on after it."""

MESSAGE_ENDINGS: Final = tuple(
    f".{kind}{zipped}" for kind in ("jsonl", "ndjson", "json") for zipped in ("", ".gz")
)
"""Files of other names are stores."""


def stream_traces(
    source: Source,
    *,
    domain: str | None = None,
    model: str | None = None,
    on_skipped: OnSkipped | None = None,
) -> Iterator[Trace]:
    """Traces one by one, as they were recorded; the runs of one conversation come apart.

    Args:
        domain: only traces with this domain, and `model` of this model.
        on_skipped: called with each record that cannot be read; without it they are logged as warnings.

    Raises:
        StoreError: there is no such store or file, or it cannot be read.
        ImportFormatError: the file is neither a store nor messages.
    """
    for trace in _traces(source, on_skipped or _log):
        if (domain is None or trace.domain == domain) and model in (None, trace.model):
            yield trace


def places_in(source: Source) -> list[Place]:
    """The places that a source names; none if it is the traces themselves."""
    if isinstance(source, str | os.PathLike | TraceStore):
        return [source]
    if not isinstance(source, list | tuple):
        return []
    places = [each for each in source if isinstance(each, str | os.PathLike | TraceStore)]
    return places if len(places) == len(source) else []


def is_messages_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file holds recorded messages rather than a store.

    Raises:
        StoreError: the file cannot be read.
    """
    file = Path(path)
    if not any(file.name.endswith(ending) for ending in MESSAGE_ENDINGS):
        return False
    try:
        with file.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
        with gzip.open(file) if zipped else file.open("rb") as lines:
            first = lines.readline(100_000)
    except OSError as error:
        raise StoreError(f"{file} cannot be read: {error.strerror or error}") from error
    try:
        head = loads(first)
    except ValueError:
        return True
    return not (isinstance(head, dict) and "langchain_awo" in head)


def address_of(store: str | os.PathLike[str]) -> str | Path:
    """A path or URL as `open_store` takes it."""
    return store if isinstance(store, str) else Path(store)


def _traces(source: Source, on_skipped: OnSkipped) -> Iterator[Trace]:
    places = places_in(source)
    if not places:
        yield from source  # type: ignore[misc]  # no place, so these are traces
    for place in places:
        if isinstance(place, TraceStore):
            yield from place.traces(on_error=on_skipped)
        elif is_messages_file(place):
            yield from import_messages(Path(place), on_error=on_skipped)
        else:
            with open_store(address_of(place), create=False) as store:
                yield from store.traces(on_error=on_skipped)


def _log(skipped: BadLine | TornRecordError) -> None:
    if isinstance(skipped, TornRecordError):
        log_torn(skipped)
    else:
        log_bad_line(skipped)
