"""A trace as rows of tables, and back to plain data; the same rows in every store that has columns.

JSON is stored as text: half the cost of a database's JSON type, and it reads well in the sqlite3 shell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from langchain_awo.model.text.encoding import loads
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.stores.decoding import (
    MESSAGE_COLUMNS,
    MODEL_CALL_COLUMNS,
    TOOL_CALL_COLUMNS,
    TRACE_COLUMNS,
)
from langchain_awo.stores.records import Record, encode_json
from langchain_awo.stores.scope import LABELS, ScopeKey
from langchain_awo.stores.selection import find_user

_JSON: Final = frozenset(
    {"parameters", "hints", "tags", "tools", "metadata", "offered", "args", "output", "attempts"}
)
_COLUMNS: Final = {
    "traces": (*TRACE_COLUMNS, "tools", "model_call_count", "tool_call_count", *LABELS, "user_id"),
    "messages": MESSAGE_COLUMNS,
    "model_calls": MODEL_CALL_COLUMNS,
    "tool_calls": TOOL_CALL_COLUMNS,
    "tools": ("digest", "name", "description", "parameters", "hints"),
}
PARTS: Final = ("messages", "model_calls", "tool_calls")
"""What a trace consists of, each with rows of its own."""

_BLANK: Final = {name: dict.fromkeys(columns) for name, columns in _COLUMNS.items()}
_JSON_OF: Final = {name: sorted(_JSON & blank.keys()) for name, blank in _BLANK.items()}
_NOT_OF_A_TRACE: Final = ("seq", *LABELS, "user_id", "model_call_count", "tool_call_count")
_TOKENS: Final = ("input_tokens", "output_tokens", "cached_tokens")


def build_trace_row(record: Record, scope: ScopeKey) -> dict[str, Any]:
    """The row of the table `traces`, but for its number, for a trace of the given project, tenant and environment."""
    own = {"domain": "", "model": "", **record.data, **dict(zip(LABELS, scope, strict=True))}
    own["user_id"] = find_user(record.data.get("metadata"))
    own.pop("messages", None)
    own["model_call_count"] = len(own.pop("model_calls", ()))
    own["tool_call_count"] = len(own.pop("tool_calls", ()))
    return _build_row("traces", own)


def build_part_rows(name: str, record: Record, seq: int) -> list[dict[str, Any]]:
    """The rows of one of `PARTS`, for a trace that got the number `seq`."""
    flatten = {"model_calls": _flatten_model_call, "tool_calls": _flatten_tool_call}.get(name, dict)
    items = record.data.get(name, ())
    return [
        _build_row(name, {"trace_seq": seq, "position": n, **flatten(item)}) for n, item in enumerate(items)
    ]


def build_spec_row(digest: str, spec: Mapping[str, JSONValue]) -> dict[str, Any]:
    """The row of the table `tools`."""
    return _build_row("tools", {"description": "", "parameters": {}, "hints": {}, **spec, "digest": digest})


def read_trace_data(
    row: Mapping[str, Any], parts: Mapping[str, Iterable[Mapping[str, Any]]]
) -> dict[str, JSONValue]:
    """The data of a trace from its row and the rows of its parts.

    Raises:
        ValueError: a column that should hold JSON does not.
    """
    data = _read_fields(row, without=_NOT_OF_A_TRACE)
    data["messages"] = [_read_fields(each) for each in parts["messages"]]
    data["model_calls"] = [_nest_model_call(_read_fields(each)) for each in parts["model_calls"]]
    data["tool_calls"] = [_nest_tool_call(_read_fields(each)) for each in parts["tool_calls"]]
    return data


def read_spec_data(row: Mapping[str, Any]) -> dict[str, JSONValue]:
    """A tool specification from its row; raises as `read_trace_data`."""
    return _read_fields(row, without=("digest",))


def _build_row(table: str, data: Mapping[str, JSONValue]) -> dict[str, Any]:
    """Every column of the table, as rows that are inserted together must have."""
    row = {**_BLANK[table], **data}
    for name in _JSON_OF[table]:
        if row[name] is not None:
            row[name] = encode_json(row[name])
    return row


def _read_fields(row: Mapping[str, Any], *, without: tuple[str, ...] = ()) -> dict[str, JSONValue]:
    """The columns of a row that hold something, JSON parsed."""
    skipped = {"trace_seq", "position", *without}
    return {
        name: loads(value) if name in _JSON else value
        for name, value in row.items()
        if value is not None and name not in skipped
    }


def _flatten_model_call(call: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    flat = dict(call)
    usage = flat.pop("usage", None)
    return flat if usage is None else {**flat, **{key: usage.get(key, 0) for key in _TOKENS}}


def _nest_model_call(call: dict[str, JSONValue]) -> dict[str, JSONValue]:
    usage = {key: call.pop(key) for key in _TOKENS if key in call}
    return {**call, "usage": usage} if usage else call


def _flatten_tool_call(call: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    flat = {"args": {}, "status": "ok", **call}
    replay = flat.pop("replay", None)
    return {**flat, "meta_tool": replay["meta_tool"], "meta_tool_step": replay["step"]} if replay else flat


def _nest_tool_call(call: dict[str, JSONValue]) -> dict[str, JSONValue]:
    meta_tool, step = call.pop("meta_tool", None), call.pop("meta_tool_step", None)
    return call if meta_tool is None else {**call, "replay": {"meta_tool": meta_tool, "step": step}}
