"""Tables as records: frames of pandas and Polars, Arrow tables, and Parquet files, a batch at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from langchain_awo.capture.importers.lines import BadLine, Numbered
from langchain_awo.errors import ImportFormatError, MissingExtraError
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue

_PAIR: Final = 2
BATCH: Final = 256
"""Rows of a table that are made plain together."""


def is_frame(source: object) -> bool:
    """Whether a source is a table."""
    return any(callable(getattr(source, name, None)) for name in ("iter_rows", "to_batches", "itertuples"))


def read_frame(frame: Any) -> Iterator[Numbered]:
    """The rows of a table, numbered from 1; what is missing is `None`."""
    if callable(getattr(frame, "iter_rows", None)):
        rows: Iterator[Any] = frame.iter_rows(named=True)
    elif callable(getattr(frame, "to_batches", None)):
        rows = (row for batch in frame.to_batches(max_chunksize=BATCH) for row in batch.to_pylist())
    else:
        starts = range(0, len(frame), BATCH)
        rows = (row for start in starts for row in frame.iloc[start : start + BATCH].to_dict("records"))
    for number, row in enumerate(rows, start=1):
        yield Numbered(number, _convert_row(row))


def read_parquet(path: Path) -> Iterator[Numbered | BadLine]:
    """The rows of a Parquet file, a batch in memory at a time, up to where it is damaged.

    Raises:
        MissingExtraError: pyarrow is not installed.
        ImportFormatError: the file is cut off or damaged, and no row can be read.
    """
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415  # an optional dependency
    except ImportError as error:
        raise MissingExtraError("pyarrow", extra="parquet") from error
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield Numbered(number, _convert_row(row))
    except (ArrowException, OSError, ValueError) as error:
        if not number:
            raise ImportFormatError(
                f"{path} is a Parquet file that is cut off or damaged ({error}); write or fetch it again"
            ) from error
        yield BadLine(number + 1, f"the Parquet file is damaged from here on ({error})")


def _convert_row(row: Mapping[Any, Any]) -> dict[str, JSONValue]:
    return {str(key): _convert_cell(value) for key, value in row.items()}


def _convert_cell(value: Any) -> JSONValue:
    """A cell: NaN and NaT are missing, arrays are lists, map columns are objects."""
    if hasattr(value, "tolist") and not isinstance(value, str | bytes):
        value = value.tolist()
    if (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or type(value).__name__ in ("NaTType", "NAType")
    ):
        return None
    if (
        isinstance(value, list)
        and value
        and all(isinstance(each, tuple) and len(each) == _PAIR for each in value)
    ):
        return to_json(dict(value))
    return to_json([_convert_cell(each) for each in value] if isinstance(value, list) else value)
