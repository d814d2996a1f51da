"""What is counted of the traces of a Parquet file, from the columns that tell it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from langchain_awo.model.trace.outline import Outlines, ReadRows
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


def find_odd(rows: pa.Table, read_specs: ReadSpecs) -> npt.NDArray[np.bool_]:
    """Which traces are not as this package writes them, as far as `OUTLINE_COLUMNS` show it."""
    nameless = pc.is_null(rows.column("trace_id")).to_numpy()
    specs = _map_texts(rows.column("tools"), lambda text: _read_or_none(read_specs, text))
    odd = np.array(
        [is_nameless or each is None for is_nameless, each in zip(nameless, specs, strict=True)], np.bool_
    )
    calls, places = _flatten(rows, "tool_calls")
    return np.logical_or(odd, _holds_any(pc.is_null(calls.field("name")), places))


def read_outlines(rows: pa.Table, read_specs: ReadSpecs, read: ReadRows) -> Outlines:
    """The outlines of traces in `OUTLINE_COLUMNS` none of which is odd."""
    calls, places = _flatten(rows, "tool_calls")
    names = calls.field("name").dictionary_encode()
    trace_ids, task_ids, thread_ids = (
        rows.column(name).to_pylist() for name in ("trace_id", "task_id", "thread_id")
    )
    return Outlines(
        trace_ids=trace_ids,
        task_ids=task_ids,
        thread_ids=thread_ids,
        domains=_map_texts(rows.column("domain"), lambda text: text or ""),
        models=_map_texts(rows.column("model"), lambda text: text or ""),
        model_calls=np.diff(_flatten(rows, "model_calls")[1]),
        names=names.dictionary.to_pylist(),
        codes=names.indices.to_numpy(),
        lengths=np.diff(places),
        meta_tools=_cut_marks(calls.field("meta_tool"), places),
        is_asked=_holds_any(pc.is_valid(calls.field("model_call")), places),
        specs=_map_texts(rows.column("tools"), read_specs),
        read=read,
    )


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


def _cut_marks(column: Any, places: Any) -> list[frozenset[str]]:
    """The texts of each trace, each once."""
    if column.null_count == len(column):
        return [frozenset()] * (len(places) - 1)
    texts = _map_texts(column, lambda text: text)
    return [frozenset(texts[start:end]) - _NOTHING for start, end in pairwise(places.tolist())]


def _holds_any(marked: Any, places: Any) -> npt.NDArray[np.bool_]:
    """For each trace whether anything is marked in its part of a column."""
    known = np.concatenate([[0], np.cumsum(marked.to_numpy(zero_copy_only=False))])
    found: npt.NDArray[np.bool_] = np.diff(known[places]) > 0
    return found
