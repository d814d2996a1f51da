"""The tables of a store in a database; `rows.py` says what becomes of a trace in them.

JSON is stored as text: half the cost of a database's JSON type, and it reads well in the sqlite3 shell.
"""

from __future__ import annotations

from typing import Any, Final

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

from langchain_awo.stores.scope import LABELS

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


def _define_part(name: str, *columns: Column[Any]) -> Table:
    """A table with one row for each element of a trace."""
    keys = (Column("trace_seq", _Count, primary_key=True), Column("position", Integer, primary_key=True))
    return Table(name, METADATA, *keys, *columns, sqlite_with_rowid=False)


MESSAGES: Final = _define_part(
    "messages",
    Column("role", String, nullable=False),
    Column("before", _Count, nullable=False),
    Column("text", Text, nullable=False),
)

MODEL_CALLS: Final = _define_part(
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

TOOL_CALLS: Final = _define_part(
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
