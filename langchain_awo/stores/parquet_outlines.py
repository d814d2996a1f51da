"""What is counted of the traces of a Parquet file, from the columns that tell it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa

from langchain_awo.model.trace.outline import Outline
from langchain_awo.model.trace.trace import ToolSpec
from langchain_awo.stores.parquet_files import HEAD_COLUMNS

OUTLINE_COLUMNS: Final = (
    *HEAD_COLUMNS,
    "tools",
    "model_calls.list.element.ended_at",  # for how many there are; any field would do
    *(f"tool_calls.list.element.{name}" for name in ("name", "meta_tool", "model_call")),
)
"""What an outline is made of, and what a selection can ask for, as Parquet names it."""

_NOTHING: Final = frozenset((None,))

ReadSpecs: TypeAlias = Callable[[str | None], tuple[ToolSpec, ...]]
"""Reads the specifications in JSON text; raises `ValueError`."""


def read_outlines(rows: pa.Table, read_specs: ReadSpecs) -> Iterator[Outline | None]:
    """The outlines of the traces in `OUTLINE_COLUMNS`; `None` for one that is not as this package writes it."""
    calls, places = _flatten(rows, "tool_calls")
    fields = (
        *(rows.column(name).to_pylist() for name in ("trace_id", "task_id", "thread_id")),
        *(_map_texts(rows.column(name), lambda text: text or "") for name in ("domain", "model")),
        np.diff(_flatten(rows, "model_calls")[1]).tolist(),
        _cut_names(calls.field("name"), places),
        _cut_marks(calls.field("meta_tool"), places),
        _holds_any(calls.field("model_call"), places),
        _map_texts(rows.column("tools"), lambda text: _read_or_none(read_specs, text)),
    )
    for outline in map(Outline, *fields):
        is_odd = outline.trace_id is None or outline.tools is None or outline.specs is None
        yield None if is_odd else outline


def _flatten(rows: pa.Table, name: str) -> tuple[Any, Any]:
    """The structures of all traces behind one another, and where those of each trace start, and the last end."""
    lists = rows.column(name).combine_chunks()
    lengths = lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    return lists.flatten(), np.concatenate([[0], np.cumsum(lengths)])


def _map_texts(column: Any, change: Callable[[str | None], Any]) -> list[Any]:
    """What becomes of each text of a column; each different text is looked at once."""
    coded = (column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column).dictionary_encode()
    changed = [change(text) for text in (*coded.dictionary.to_pylist(), None)]
    return list(map(changed.__getitem__, coded.indices.fill_null(-1).to_pylist()))


def _read_or_none(read_specs: ReadSpecs, text: str | None) -> tuple[ToolSpec, ...] | None:
    try:
        return read_specs(text)
    except (ValueError, TypeError):
        return None


def _cut_names(column: Any, places: Any) -> list[Sequence[str] | None]:
    """The names of each trace; `None` where one is missing."""
    names = _map_texts(column, lambda name: name)
    found: list[list[str]] = [names[start:end] for start, end in pairwise(places.tolist())]
    return [None if None in each else each for each in found] if column.null_count else [*found]


def _cut_marks(column: Any, places: Any) -> list[frozenset[str]]:
    """The texts of each trace, each once."""
    if column.null_count == len(column):
        return [frozenset()] * (len(places) - 1)
    texts = _map_texts(column, lambda text: text)
    return [frozenset(texts[start:end]) - _NOTHING for start, end in pairwise(places.tolist())]


def _holds_any(column: Any, places: Any) -> list[bool]:
    """For each trace whether there is anything in its part of a column."""
    known = np.concatenate([[0], np.cumsum(column.is_valid().to_numpy(zero_copy_only=False))])
    found: list[bool] = (np.diff(known[places]) > 0).tolist()
    return found
