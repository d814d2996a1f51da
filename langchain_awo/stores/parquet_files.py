"""The form of a Parquet file of traces: a row is a trace, and its parts are lists of structures in it."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

from langchain_awo.stores.decoding import (
    MESSAGE_COLUMNS,
    MODEL_CALL_COLUMNS,
    TOOL_CALL_COLUMNS,
    TRACE_COLUMNS,
)
from langchain_awo.stores.scope import LABELS

PARQUET_VERSION: Final = 1
"""Version of this form."""

ABOUT: Final = {b"langchain_awo": b"traces", b"schema_version": str(PARQUET_VERSION).encode()}
"""What each file says of itself."""

PART_COLUMNS: Final = {
    "messages": MESSAGE_COLUMNS[1:],
    "model_calls": MODEL_CALL_COLUMNS[1:],
    "tool_calls": TOOL_CALL_COLUMNS[1:],
}
"""The fields of each kind of part; its number is its place in the list."""

HEAD_COLUMNS: Final = (
    *LABELS,
    "trace_id",
    "task_id",
    "thread_id",
    "user_id",
    "domain",
    "model",
    "started_at",
)
"""What a selection can ask for."""

_INTEGERS: Final = frozenset(
    ("trial", "before", "input_tokens", "output_tokens", "cached_tokens", "model_call", "meta_tool_step")
)
_NUMBERS: Final = frozenset(("started_at", "ended_at"))


def _choose_type(name: str) -> Any:
    if name in _INTEGERS:
        return pa.int64()
    if name in _NUMBERS:
        return pa.float64()
    return pa.bool_() if name == "success" else pa.string()


SCHEMA: Final = pa.schema(
    [
        *((name, _choose_type(name)) for name in (*LABELS, *TRACE_COLUMNS, "user_id", "tools")),
        *(
            (part, pa.list_(pa.struct([(name, _choose_type(name)) for name in names])))
            for part, names in PART_COLUMNS.items()
        ),
    ],
    metadata=ABOUT,
)
"""All columns; JSON is text, and `tools` holds the whole specifications."""


def list_columns_without_outputs() -> list[str]:
    """The columns as Parquet names them, but for what tools returned."""
    own = [name for name in SCHEMA.names if name not in PART_COLUMNS]
    parts = (
        f"{part}.list.element.{name}"
        for part, names in PART_COLUMNS.items()
        for name in names
        if name != "output"
    )
    return [*own, *parts]
