"""One Parquet file of traces, read a few traces at a time and only the columns that are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import compress, count, groupby, repeat
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from langchain_awo.errors import SchemaVersionError, TornRecordError
from langchain_awo.model.ir.schema import load_tool_spec, load_trace
from langchain_awo.model.text.encoding import loads
from langchain_awo.model.trace.outline import Outlines, outline_traces
from langchain_awo.model.trace.trace import ToolSpec, Trace
from langchain_awo.stores.decoding import TRACE_COLUMNS, Rows, decode_or, decode_trace
from langchain_awo.stores.parquet_files import (
    ABOUT,
    HEAD_COLUMNS,
    PARQUET_VERSION,
    PART_COLUMNS,
    list_columns_without_outputs,
)
from langchain_awo.stores.parquet_outlines import OUTLINE_COLUMNS, find_odd, read_outlines
from langchain_awo.stores.rows import read_trace_data
from langchain_awo.stores.scope import LABELS, ScopeKey, read_scope_key
from langchain_awo.stores.selection import Selection

_READ_AT_ONCE: Final = 64
"""Traces decoded together, and so held in memory."""

_SEARCHED_AT_ONCE: Final = 512
"""Rows held in memory, undecoded, to decode a few of them."""

_OUTLINED_AT_ONCE: Final = 16_384
"""Rows outlined together, so that few are read as a whole which do not belong to the sample in the end."""

_CALLS_AT_ONCE: Final = 500_000
"""So many tool calls are enough, however few rows they belong to."""

_NAMES: Final = "tool_calls.list.element.name"
_FIRST_FIELDS: Final = frozenset(f"{part}.list.element.{names[0]}" for part, names in PART_COLUMNS.items())
"""Each part keeps a field at least."""

_DAMAGE: Final = (pa.ArrowException, OSError, ValueError, EOFError)


class TraceFile:
    """A file of a Parquet folder; what cannot be read of it is told, by row group or row, and skipped.

    Args:
        files: the file system.
        path: the file in it.
        tell: takes what cannot be read; may raise it.
    """

    def __init__(self, files: Any, path: str, *, tell: Callable[[TornRecordError], None]) -> None:
        self._files = files
        self._path = path
        self._tell = tell
        self._held = ExitStack()
        self._tools: dict[str, tuple[ToolSpec, ...]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def traces(self, wanted: Selection, *, outputs: bool) -> Iterator[tuple[ScopeKey, Trace]]:
        """The traces of a selection with their labels.

        Raises:
            SchemaVersionError: the file was written by a later version.
        """
        file = self._opened()
        for group in range(file.num_row_groups if file else 0):
            found = self._group(file, group, wanted, outputs=outputs)
            yield from ((labels, trace) for _, labels, trace in found)

    def outlines(self, wanted: Selection) -> Iterator[Outlines]:
        """What is counted of the traces of a selection; raises as `traces`."""
        file = self._opened()
        for groups in _portion(file) if file else ():
            tables = [
                (group, rows) for group in groups if (rows := self._outline_columns(file, group)) is not None
            ]
            if tables:
                yield from self._outlined(file, tables, wanted)

    def count(self, wanted: Selection) -> int:
        """How many traces of a selection there are; raises as `traces`."""
        file = self._opened()
        return sum(
            sum(self._chosen(file, group, wanted)) for group in range(file.num_row_groups if file else 0)
        )

    def _opened(self) -> Any:
        """The file, `None` if it is not one."""
        try:
            raw = self._held.enter_context(self._files.open(self._path, "rb"))
            file = self._held.enter_context(pq.ParquetFile(raw))
        except _DAMAGE as error:
            reason = (
                f"nothing of this file can be read, it is cut off or no Parquet file ({_format_error(error)})"
            )
            self._tell(TornRecordError(self._path, reason))
            return None
        about = file.schema_arrow.metadata or {}
        if about.get(b"langchain_awo") != ABOUT[b"langchain_awo"]:
            self._tell(TornRecordError(self._path, "a Parquet file of something else than traces"))
            return None
        version = about.get(b"schema_version", b"").decode(errors="replace")
        if version != str(PARQUET_VERSION):
            raise SchemaVersionError(self._path, found=version, expected=PARQUET_VERSION)
        return file

    def _group(
        self, file: Any, group: int, wanted: Selection, *, outputs: bool, only: set[int] | None = None
    ) -> Iterator[tuple[int, ScopeKey, Trace]]:
        """The wanted traces of a row group, or of them only those in the given rows; each with its row."""
        start = 0
        size = _READ_AT_ONCE if only is None else _SEARCHED_AT_ONCE
        for batch in self._batches(file, group, wanted, size=size, outputs=outputs):
            chosen = compress(count(), _select_rows(batch, wanted))
            rows = [row for row in chosen if only is None or start + row in only]
            for some in (rows[first : first + _READ_AT_ONCE] for first in range(0, len(rows), _READ_AT_ONCE)):
                yield from self._decoded(batch.take(some), group, [start + row for row in some])
            start += batch.num_rows

    def _outline_columns(self, file: Any, group: int) -> Any:
        """The rows of a row group in `OUTLINE_COLUMNS`, `None` if they cannot be read."""
        try:
            return file.read_row_group(group, columns=list(OUTLINE_COLUMNS), use_threads=False)
        except _DAMAGE as error:
            self._tell(self._explain(group, error))
            return None

    def _outlined(
        self, file: Any, tables: Sequence[tuple[int, Any]], wanted: Selection
    ) -> Iterator[Outlines]:
        """The outlines of the wanted rows of some row groups; those whose columns do not tell it are read as a whole."""
        rows = pa.concat_tables([table for _, table in tables])
        places = [(group, row) for group, table in tables for row in range(table.num_rows)]
        chosen, odd = np.array(_select_rows(rows, wanted), np.bool_), find_odd(rows, self._tools_of)
        fit = list(compress(places, chosen & ~odd))
        read = partial(self._read_places, file, fit)
        yield read_outlines(rows.filter(chosen & ~odd), self._tools_of, read)
        looked_at = list(compress(places, chosen & odd))
        yield from outline_traces(
            trace for _, trace in self._read_places(file, looked_at, range(len(looked_at)))
        )

    def _read_places(
        self, file: Any, places: Sequence[tuple[int, int]], numbers: Iterable[int]
    ) -> Iterator[tuple[int, Trace]]:
        """The traces in some of these places, which are row groups and rows in them; each with the number of its place."""
        for group, some in groupby(numbers, key=lambda number: places[number][0]):
            number_of = {places[number][1]: number for number in some}
            found = self._group(file, group, Selection(), outputs=True, only=set(number_of))
            yield from ((number_of[row], trace) for row, _, trace in found)

    def _batches(
        self, file: Any, group: int, wanted: Selection, *, size: int, outputs: bool
    ) -> Iterator[Any]:
        """The rows of a row group, if any of them is wanted."""
        columns = _list_filled(file, group) if outputs else list_columns_without_outputs()
        try:
            if any(self._chosen(file, group, wanted)):
                yield from file.iter_batches(size, row_groups=[group], columns=columns, use_threads=False)
        except _DAMAGE as error:
            self._tell(self._explain(group, error))

    def _explain(self, group: int, error: Exception) -> TornRecordError:
        where = f"{self._path}, row group {group}"
        return TornRecordError(where, f"the rest of it cannot be read ({_format_error(error)})")

    def _chosen(self, file: Any, group: int, wanted: Selection) -> list[bool]:
        """Which rows are wanted, by the columns that say so."""
        if wanted.is_everything and not wanted.scope.given:
            return [True] * int(file.metadata.row_group(group).num_rows)
        return _select_rows(file.read_row_group(group, columns=list(HEAD_COLUMNS)), wanted)

    def _decoded(self, batch: Any, group: int, rows: list[int]) -> Iterator[tuple[int, ScopeKey, Trace]]:
        """The traces of a batch, which are those in the given rows of a row group."""
        heads = batch.select([*LABELS, *TRACE_COLUMNS, "tools"]).to_pylist()
        parts = {name: _list_rows(batch.column(name), names) for name, names in PART_COLUMNS.items()}
        for number, (row, head) in enumerate(zip(rows, heads, strict=True)):
            try:
                yield (
                    row,
                    read_scope_key(head),
                    self._trace(head, {name: each[number] for name, each in parts.items()}),
                )
            except (ValueError, RecursionError) as error:
                where = f"{self._path}, row group {group}, row {row} (trace_id {head['trace_id']!r})"
                self._tell(TornRecordError(where, str(error)))

    def _trace(self, head: dict[str, Any], parts: dict[str, Rows]) -> Trace:
        def build() -> Trace:
            row = tuple(map(head.__getitem__, TRACE_COLUMNS))
            messages, model_calls, tool_calls = parts["messages"], parts["model_calls"], parts["tool_calls"]
            return decode_trace(row, messages, model_calls, tool_calls, self._tools_of(head["tools"]))

        def check() -> Trace:
            named = {
                part: [dict(zip(("trace_seq", *names), row, strict=True)) for row in parts[part]]
                for part, names in PART_COLUMNS.items()
            }
            return load_trace(read_trace_data(head, named))

        return decode_or(build, check)

    def _tools_of(self, text: str | None) -> tuple[ToolSpec, ...]:
        if not text:
            return ()
        if text not in self._tools:
            self._tools[text] = tuple(map(load_tool_spec, loads(text)))
        return self._tools[text]


def _portion(file: Any) -> Iterator[list[int]]:
    """The row groups of a file, as many together as their outlines may be large; one in any case."""
    place = file.schema_arrow.names and next(
        place for place in range(len(file.schema)) if file.schema.column(place).path == _NAMES
    )
    some: list[int] = []
    rows = calls = 0
    for group in range(file.num_row_groups):
        about = file.metadata.row_group(group)
        rows, calls = rows + about.num_rows, calls + about.column(place).num_values
        if some and (rows > _OUTLINED_AT_ONCE or calls > _CALLS_AT_ONCE):
            yield some
            some, rows, calls = [], about.num_rows, about.column(place).num_values
        some.append(group)
    if some:
        yield some


def _list_filled(file: Any, group: int) -> list[str]:
    """The columns of a row group, as Parquet names them, but for fields of parts that are nowhere given."""
    about = file.metadata.row_group(group)
    columns = [about.column(place) for place in range(about.num_columns)]
    return [column.path_in_schema for column in columns if not _is_void(column)]


def _is_void(column: Any) -> bool:
    known = column.statistics
    is_part = "." in column.path_in_schema and column.path_in_schema not in _FIRST_FIELDS
    return bool(is_part and known and known.has_null_count and known.null_count == column.num_values)


def _select_rows(rows: Any, wanted: Selection) -> list[bool]:
    if wanted.is_everything and not wanted.scope.given:
        return [True] * int(rows.num_rows)
    return [wanted.includes(head) for head in rows.select(list(HEAD_COLUMNS)).to_pylist()]


def _list_rows(column: Any, names: tuple[str, ...]) -> list[Rows]:
    """The parts of each trace as rows, from a list of structures; a field that was not read is `None`."""
    flat = column.flatten()
    fields = {field.name: flat.field(number) for number, field in enumerate(flat.type)}
    columns = [fields[name].to_pylist() if name in fields else repeat(None) for name in names]
    rows = list(zip(repeat(0, len(flat)), *columns, strict=False))
    lengths = column.value_lengths().to_pylist()
    result: list[Rows] = []
    start = 0
    for length in lengths:
        result.append(rows[start : start + (length or 0)])
        start += length or 0
    return result


def _format_error(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
