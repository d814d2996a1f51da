"""Traces of any store as Parquet files, by project and day; on a disk or an object store."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from langchain_awo.errors import StoreError
from langchain_awo.model.secrets import hide_secrets
from langchain_awo.model.secrets.failures import describe_error
from langchain_awo.model.trace.trace import Trace
from langchain_awo.stores.parquet_files import PART_COLUMNS, SCHEMA
from langchain_awo.stores.parquet_places import open_file_system, partition_of
from langchain_awo.stores.records import encode, encode_json
from langchain_awo.stores.rows import build_part_rows, build_trace_row
from langchain_awo.stores.scope import ScopeKey
from langchain_awo.stores.selection import Selection
from langchain_awo.stores.store import OnTorn, TraceStore, log_torn

_ROWS_IN_A_GROUP: Final = 512
"""Traces in a row group: what a reader fetches at once."""

_BYTES_IN_A_GROUP: Final = 16_000_000
"""A row group ends here at the latest, so that few large traces need no more memory than many small ones."""

_BYTES_WAITING: Final = 64_000_000
"""All partitions together hold at most so much before the largest is written."""

_OPEN_AT_ONCE: Final = 32
"""Files open at once; a partition that comes back later gets another file."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote."""

    traces: int
    files: int


@dataclass(slots=True)
class _Partition:
    rows: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0
    writer: Any = None
    held: ExitStack = field(default_factory=ExitStack)


def export_parquet(
    store: TraceStore,
    folder: str,
    *,
    on_error: OnTorn = log_torn,
    progress: Callable[[int], None] | None = None,
) -> Exported:
    """Writes the traces of a store, those of the handle's scope, into a folder: `project=…/day=…/part-….parquet`.

    Args:
        folder: a path or URL that fsspec knows; it must not hold Parquet files yet.
        on_error: called with each record that cannot be read.
        progress: called with the number of traces written so far.

    Raises:
        StoreError: the folder holds Parquet files, or cannot be written.
    """
    place = folder.removeprefix("parquet:///") if folder.startswith("parquet:///") else folder
    files, root = open_file_system(place)
    if files.exists(root) and any(path.endswith(".parquet") for path in files.find(root)):
        raise StoreError(f"{hide_secrets(folder)} holds Parquet files already; choose a new folder")
    count = 0
    try:
        with _Writer(files, root) as writer:
            for labels, trace in store.read(Selection(scope=store.scope), on_error=on_error):
                writer.add(labels, trace)
                count += 1
                if progress is not None:
                    progress(count)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"{hide_secrets(folder)} cannot be written: {describe_error(error)}; choose another folder"
        ) from error
    return Exported(count, writer.files)


class _Writer:
    """Spreads traces over partitions, with a bounded number of bytes waiting and of files open."""

    def __init__(self, files: Any, root: str) -> None:
        self.files = 0
        self._files = files
        self._root = root
        self._partitions: dict[str, _Partition] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and not self._partitions and not self.files:
            self._flush("empty", self._partitions.setdefault("empty", _Partition()))
        for name in list(self._partitions):
            self._close(name)

    def add(self, labels: ScopeKey, trace: Trace) -> None:
        """Takes in a trace."""
        row = _build_row(trace, labels)
        name = partition_of(labels[0], trace.started_at)
        partition = self._partitions.setdefault(name, _Partition())
        partition.rows.append(row)
        partition.size += _estimate_size(row)
        if len(partition.rows) >= _ROWS_IN_A_GROUP or partition.size >= _BYTES_IN_A_GROUP:
            self._flush(name, partition)
        while sum(each.size for each in self._partitions.values()) > _BYTES_WAITING:
            largest = max(self._partitions, key=lambda each: self._partitions[each].size)
            self._flush(largest, self._partitions[largest])

    def _flush(self, name: str, partition: _Partition) -> None:
        if partition.writer is None:
            self._make_room()
            self._files.makedirs(f"{self._root}/{name}", exist_ok=True)
            raw = partition.held.enter_context(
                self._files.open(f"{self._root}/{name}/part-{uuid.uuid4().hex[:12]}.parquet", "wb")
            )
            partition.writer = partition.held.enter_context(
                pq.ParquetWriter(raw, SCHEMA, compression="zstd", use_dictionary=["tools"])
            )
            self.files += 1
        partition.writer.write_table(pa.Table.from_pylist(partition.rows, schema=SCHEMA))
        partition.rows, partition.size = [], 0

    def _make_room(self) -> None:
        opened = [name for name, each in self._partitions.items() if each.writer is not None]
        if len(opened) >= _OPEN_AT_ONCE:
            self._close(opened[0])

    def _close(self, name: str) -> None:
        partition = self._partitions.pop(name)
        if partition.rows:
            self._flush(name, partition)
        partition.held.close()


def _build_row(trace: Trace, labels: ScopeKey) -> dict[str, Any]:
    record = encode(trace)
    row = build_trace_row(record, labels)
    tools = [record.specs[digest] for digest in record.data.get("tools", ())]
    row["tools"] = encode_json(tools) if tools else None
    return {**row, **{part: build_part_rows(part, record, 0) for part in PART_COLUMNS}}


def _estimate_size(row: dict[str, Any]) -> int:
    """About how many bytes a row holds."""
    texts = (value for part in PART_COLUMNS for each in row[part] for value in each.values())
    return 500 + sum(len(value) for value in texts if isinstance(value, str))
