"""The tables of a store in a database, and what becomes of a trace in them.

JSON is stored as text: half the cost of a database's JSON type, and it reads well in the sqlite3 shell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from langchain_awo.model.trace import JSONValue
from langchain_awo.stores.records import Record, text_of
from langchain_awo.stores.scope import LABELS, ScopeKey
from langchain_awo.stores.selection import user_of

METADATA: Final = MetaData()

_Count: Final = BigInteger().with_variant(Integer, "sqlite")
"""A whole number; SQLite's have 64 bits anyway, and as `INTEGER` can be keys that count up."""

META: Final = Table(
    "meta",
    METADATA,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)
"""What the database is, and its schema version."""

TOOLS: Final = Table(
    "tools",
    METADATA,
    Column("digest", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("description", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("hints", Text, nullable=False),
)
"""Tool specifications, each once; traces name them by digest."""

TRACES: Final = Table(
    "traces",
    METADATA,
    Column("seq", _Count, primary_key=True, autoincrement=True),
    Column("trace_id", String, nullable=False),
    Column("task_id", String),
    Column("thread_id", String),
    Column("trial", _Count),
    Column("domain", String, nullable=False),
    Column("model", String, nullable=False),
    Column("success", Boolean),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("model_call_count", Integer, nullable=False),
    Column("tool_call_count", Integer, nullable=False),
    Column("tags", Text),
    Column("tools", Text),
    Column("metadata", Text),
    *(Column(name, String, nullable=False, server_default="") for name in LABELS),
    Column("user_id", String),
    UniqueConstraint("trace_id", *LABELS, name="traces_id_in_scope"),
    Index("ix_traces_scope", *LABELS, "seq"),
    Index("ix_traces_domain", "domain"),
    Index("ix_traces_thread_id", "thread_id"),
    Index("ix_traces_user_id", "user_id"),
    Index("ix_traces_started_at", "started_at"),
    sqlite_autoincrement=True,
)
"""One row for each trace, in stored order by `seq`."""


def _part(name: str, *columns: Column[Any]) -> Table:
    """A table with one row for each element of a trace."""
    keys = (Column("trace_seq", _Count, primary_key=True), Column("position", Integer, primary_key=True))
    return Table(name, METADATA, *keys, *columns, sqlite_with_rowid=False)


MESSAGES: Final = _part(
    "messages",
    Column("role", String, nullable=False),
    Column("before", _Count, nullable=False),
    Column("text", Text, nullable=False),
)

MODEL_CALLS: Final = _part(
    "model_calls",
    Column("model", String),
    Column("scope", String),
    Column("text", Text),
    Column("input_tokens", _Count),
    Column("output_tokens", _Count),
    Column("cached_tokens", _Count),
    Column("offered", Text),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("error", Text),
)

TOOL_CALLS: Final = _part(
    "tool_calls",
    Column("model_call", _Count),
    Column("call_id", String, nullable=False),
    Column("name", String, nullable=False),
    Column("args", Text, nullable=False),
    Column("output", Text),
    Column("status", String, nullable=False),
    Column("error", Text),
    Column("scope", String),
    Column("parent_id", String),
    Column("attempts", Text),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("meta_tool", String),
    Column("meta_tool_step", _Count),
)

PARTS: Final = (MESSAGES, MODEL_CALLS, TOOL_CALLS)
"""The tables whose rows belong to a trace, by `trace_seq`."""

_JSON: Final = frozenset(
    {"parameters", "hints", "tags", "tools", "metadata", "offered", "args", "output", "attempts"}
)
_BLANK: Final = {table.name: dict.fromkeys(table.columns.keys()) for table in METADATA.sorted_tables}
_JSON_OF: Final = {name: sorted(_JSON & blank.keys()) for name, blank in _BLANK.items()}
_NOT_OF_A_TRACE: Final = ("seq", *LABELS, "user_id", "model_call_count", "tool_call_count")
_TOKENS: Final = ("input_tokens", "output_tokens", "cached_tokens")


def trace_row(record: Record, scope: ScopeKey) -> dict[str, Any]:
    """The row of `TRACES` for a trace of the given project, tenant and environment."""
    own = {"domain": "", "model": "", **record.data, **dict(zip(LABELS, scope, strict=True))}
    own["user_id"] = user_of(record.data.get("metadata"))
    own.pop(MESSAGES.name, None)
    own["model_call_count"] = len(own.pop(MODEL_CALLS.name, ()))
    own["tool_call_count"] = len(own.pop(TOOL_CALLS.name, ()))
    return _row(TRACES, own)


def part_rows(table: Table, record: Record, seq: int) -> list[dict[str, Any]]:
    """The rows of one of `PARTS` for a trace that got the number `seq`."""
    flatten = {"model_calls": _flat_model_call, "tool_calls": _flat_tool_call}.get(table.name, dict)
    items = record.data.get(table.name, ())
    return [_row(table, {"trace_seq": seq, "position": n, **flatten(item)}) for n, item in enumerate(items)]


def spec_row(digest: str, spec: Mapping[str, JSONValue]) -> dict[str, Any]:
    """The row of `TOOLS`."""
    return _row(TOOLS, {"description": "", "parameters": {}, "hints": {}, **spec, "digest": digest})


def trace_data(
    row: Mapping[str, Any], parts: Mapping[str, Iterable[Mapping[str, Any]]]
) -> dict[str, JSONValue]:
    """The data of a trace from its row and the rows of its parts.

    Raises:
        ValueError: a column that should hold JSON does not.
    """
    data = _fields(row, without=_NOT_OF_A_TRACE)
    data["messages"] = [_fields(each) for each in parts["messages"]]
    data["model_calls"] = [_nested_model_call(_fields(each)) for each in parts["model_calls"]]
    data["tool_calls"] = [_nested_tool_call(_fields(each)) for each in parts["tool_calls"]]
    return data


def spec_data(row: Mapping[str, Any]) -> dict[str, JSONValue]:
    """A tool specification from its row; raises as `trace_data`."""
    return _fields(row, without=("digest",))


def _row(table: Table, data: Mapping[str, JSONValue]) -> dict[str, Any]:
    """Every column of the table, as rows that are inserted together must have."""
    row = {**_BLANK[table.name], **data}
    for name in _JSON_OF[table.name]:
        if row[name] is not None:
            row[name] = text_of(row[name])
    return row


def _fields(row: Mapping[str, Any], *, without: tuple[str, ...] = ()) -> dict[str, JSONValue]:
    """The columns of a row that hold something, JSON parsed."""
    skipped = {"trace_seq", "position", *without}
    return {
        name: orjson.loads(value) if name in _JSON else value
        for name, value in row.items()
        if value is not None and name not in skipped
    }


def _flat_model_call(call: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    flat = dict(call)
    usage = flat.pop("usage", None)
    return flat if usage is None else {**flat, **{key: usage.get(key, 0) for key in _TOKENS}}


def _nested_model_call(call: dict[str, JSONValue]) -> dict[str, JSONValue]:
    usage = {key: call.pop(key) for key in _TOKENS if key in call}
    return {**call, "usage": usage} if usage else call


def _flat_tool_call(call: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    flat = {"args": {}, "status": "ok", **call}
    replay = flat.pop("replay", None)
    return {**flat, "meta_tool": replay["meta_tool"], "meta_tool_step": replay["step"]} if replay else flat


def _nested_tool_call(call: dict[str, JSONValue]) -> dict[str, JSONValue]:
    meta_tool, step = call.pop("meta_tool", None), call.pop("meta_tool_step", None)
    return call if meta_tool is None else {**call, "replay": {"meta_tool": meta_tool, "step": step}}
