"""Rows and plain data to traces: what this package wrote is checked cheaply, anything else by the schema.

Validating every field of every record costs several times as much as reading it. So the types of a row are
compared with those that its columns may have, and the frozen data is built directly; a row that is not as this
package writes it goes through `load_trace`, which says what is wrong with it, or accepts it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import NoneType
from typing import Any, Final, TypeAlias, get_args

from langchain_awo.model.ir.schema import load_tool_spec, load_trace
from langchain_awo.model.text.encoding import choose_reader, loads
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import (
    Attempt,
    Message,
    ModelCallRecord,
    ReplayMark,
    Status,
    TokenUsage,
    ToolCallRecord,
    ToolSpec,
    Trace,
)
from langchain_awo.stores.building import build_mutable_twin, freeze

Row: TypeAlias = tuple[Any, ...]
Rows: TypeAlias = Sequence[Row]

MESSAGE_COLUMNS: Final = ("trace_seq", "role", "before", "text")
MODEL_CALL_COLUMNS: Final = (
    "trace_seq",
    "model",
    "scope",
    "text",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "offered",
    "started_at",
    "ended_at",
    "error",
)
TOOL_CALL_COLUMNS: Final = (
    "trace_seq",
    "model_call",
    "call_id",
    "name",
    "args",
    "output",
    "status",
    "error",
    "scope",
    "parent_id",
    "attempts",
    "started_at",
    "ended_at",
    "meta_tool",
    "meta_tool_step",
)
TRACE_COLUMNS: Final = (
    "trace_id",
    "task_id",
    "thread_id",
    "trial",
    "domain",
    "model",
    "success",
    "started_at",
    "ended_at",
    "tags",
    "metadata",
)

_ARGS: Final = TOOL_CALL_COLUMNS.index("args")
_OUTPUT: Final = TOOL_CALL_COLUMNS.index("output")
STATUSES: Final = frozenset(get_args(Status))
ROLES: Final = frozenset(("user", "system"))
_INTEGERS: Final = frozenset(
    (
        "trace_seq",
        "before",
        "input_tokens",
        "output_tokens",
        "cached_tokens",
        "model_call",
        "meta_tool_step",
        "model_call_count",
        "tool_call_count",
        "trial",
    )
)
_NUMBERS: Final = frozenset(("started_at", "ended_at"))
_loads: Final = loads


class OddRowError(ValueError):
    """A row that is not as this package writes it."""


class Kinds:
    """The types that the columns of a table may have.

    Args:
        columns: their names, which say what they hold.
        required: those that hold something in every row.
    """

    def __init__(self, columns: tuple[str, ...], required: tuple[str, ...]) -> None:
        self._allowed = [
            _determine_kind(name) | (set() if name in required else {NoneType}) for name in columns
        ]

    def fit(self, rows: Rows) -> bool:
        """Whether all rows have these types."""
        columns = zip(*rows, strict=True) if rows else [()] * len(self._allowed)
        each = zip(self._allowed, columns, strict=True)
        return all(allowed.issuperset(map(type, column)) for allowed, column in each)

    def check(self, rows: Rows) -> None:
        """Raises `OddRowError` for rows of other types."""
        if not self.fit(rows):
            raise OddRowError


_Message: Final = build_mutable_twin(Message)
_ModelCallRecord: Final = build_mutable_twin(ModelCallRecord)
_TokenUsage: Final = build_mutable_twin(TokenUsage)
_Trace: Final = build_mutable_twin(Trace)
_ToolCallRecord: Final = build_mutable_twin(ToolCallRecord)


def _determine_kind(name: str) -> set[type]:
    if name in _NUMBERS:
        return {float}
    if name == "success":
        return {bool}
    return {int} if name in _INTEGERS else {str}


_MESSAGE_KINDS: Final = Kinds(MESSAGE_COLUMNS, required=MESSAGE_COLUMNS)
_MODEL_CALL_KINDS: Final = Kinds(MODEL_CALL_COLUMNS, required=())
_TOOL_CALL_KINDS: Final = Kinds(TOOL_CALL_COLUMNS, required=("call_id", "name", "args", "status"))
_TRACE_KINDS: Final = Kinds(TRACE_COLUMNS, required=("trace_id",))


def decode_trace(
    row: Row, messages: Rows, model_calls: Rows, tool_calls: Rows, tools: tuple[ToolSpec, ...]
) -> Trace:
    """A trace from the rows of its parts, each with the columns named above.

    Raises:
        OddRowError: a row is not as this package writes it.
        ValueError: a column that should hold JSON does not.
    """
    _TRACE_KINDS.check((row,))
    _MESSAGE_KINDS.check(messages)
    _MODEL_CALL_KINDS.check(model_calls)
    _TOOL_CALL_KINDS.check(tool_calls)
    trace_id, task_id, thread_id, trial, domain, model, success, started_at, ended_at, tags, metadata = row
    made = _Trace(
        trace_id,
        task_id,
        thread_id,
        trial,
        domain or "",
        model or "",
        success,
        _decode_texts(tags) if tags else (),
        started_at,
        ended_at,
        tuple(map(_decode_message, messages)),
        tuple(map(_decode_model_call, model_calls)),
        _tool_calls_of(tool_calls),
        tools,
        _decode_object(metadata) if metadata else {},
    )
    return freeze(made, Trace)


def _decode_message(row: Row) -> Message:
    _, role, before, text = row
    if role not in ROLES:
        raise OddRowError
    return freeze(_Message(role, text, before), Message)


def _decode_model_call(row: Row) -> ModelCallRecord:
    _, model, scope, text, read, written, cached, offered, started_at, ended_at, error = row
    return freeze(
        _ModelCallRecord(
            model or "",
            _decode_usage(read, written, cached),
            scope or "",
            text or "",
            _decode_texts(offered) if offered else (),
            started_at,
            ended_at,
            error,
        ),
        ModelCallRecord,
    )


def _decode_usage(read: int | None, written: int | None, cached: int | None) -> TokenUsage | None:
    if read is None and written is None and cached is None:
        return None
    return freeze(_TokenUsage(read or 0, written or 0, cached or 0), TokenUsage)


def _tool_calls_of(rows: Rows) -> tuple[ToolCallRecord, ...]:
    read = choose_reader(text for row in rows for text in (row[_ARGS], row[_OUTPUT]) if text)
    return tuple([_decode_tool_call(row, read) for row in rows])


def _decode_tool_call(row: Row, read: Callable[[str], JSONValue]) -> ToolCallRecord:
    (
        _,
        model_call,
        call_id,
        name,
        args,
        output,
        status,
        error,
        scope,
        parent_id,
        attempts,
        started_at,
        ended_at,
        meta_tool,
        step,
    ) = row
    arguments = read(args)
    if status not in STATUSES or type(arguments) is not dict:
        raise OddRowError
    return freeze(
        _ToolCallRecord(
            call_id,
            name,
            arguments,
            None if output is None else read(output),
            status,
            error,
            model_call,
            scope or "",
            parent_id,
            decode_attempts(_loads(attempts)) if attempts else (),
            started_at,
            ended_at,
            None if meta_tool is None else _decode_replay(meta_tool, step),
        ),
        ToolCallRecord,
    )


def _decode_object(text: str) -> dict[str, JSONValue]:
    value = _loads(text)
    if type(value) is not dict:
        raise OddRowError
    return value


def _decode_texts(text: str) -> tuple[str, ...]:
    value = _loads(text)
    if type(value) is not list or not all(type(item) is str for item in value):
        raise OddRowError
    return tuple(value)


def _decode_replay(meta_tool: str, step: int | None) -> ReplayMark:
    if step is None:
        raise OddRowError
    return ReplayMark(meta_tool=meta_tool, step=step)


def decode_attempts(items: JSONValue) -> tuple[Attempt, ...]:
    """The attempts in plain data; raises `OddRowError`."""
    if type(items) is not list:
        raise OddRowError
    return tuple(map(_decode_attempt, items))


def _decode_attempt(item: JSONValue) -> Attempt:
    if type(item) is not dict or not item.keys() <= _ATTEMPT_KEYS or item.get("status") not in STATUSES:
        raise OddRowError
    if not all(type(item.get(name)) in (float, NoneType) for name in _NUMBERS):
        raise OddRowError
    if type(item.get("error")) not in (str, NoneType):
        raise OddRowError
    return Attempt(**item)


_ATTEMPT_KEYS: Final = frozenset(("status", "error", "started_at", "ended_at"))


class Specs:
    """Tool specifications by digest, as far as they were needed; traces that name the same tools share them."""

    def __init__(self) -> None:
        self._data: dict[str, dict[str, JSONValue]] = {}
        self._built: dict[str, ToolSpec] = {}
        self._sets: dict[str, tuple[ToolSpec, ...]] = {}

    def add(self, digest: str, data: dict[str, JSONValue]) -> None:
        """Takes in a specification as plain data."""
        self._data[digest] = data

    def __contains__(self, digest: object) -> bool:
        return digest in self._data

    def missing(self, digests: Sequence[str]) -> list[str]:
        """Those that were not taken in, each once."""
        return sorted({each for each in digests if each not in self._data})

    def named_in(self, text: str | None) -> tuple[ToolSpec, ...]:
        """The tools whose digests are listed in JSON text.

        Raises:
            ValueError: one of them was not taken in, or is no specification.
        """
        if not text:
            return ()
        known = self._sets.get(text)
        if known is None:
            if len(self._sets) >= _MOST_SETS:
                self._sets.clear()
            known = self._sets[text] = self.named(_loads(text))
        return known

    def named(self, digests: Sequence[str]) -> tuple[ToolSpec, ...]:
        """The tools with these digests; raises as `named_in`."""
        return tuple(map(self._tool, digests))

    def complete(self, data: Mapping[str, JSONValue]) -> Trace:
        """The trace of plain data that names its tools by digest, checked by the schema.

        Raises:
            ValueError: the data is not that of a trace; the text says where.
        """
        names = data.get("tools", ())
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            raise ValueError("tools: these are no digests of specifications")
        for name in names:
            self._check(name)
        return load_trace({**data, "tools": [self._data[name] for name in names]})

    def _tool(self, digest: str) -> ToolSpec:
        tool = self._built.get(digest)
        if tool is None:
            self._check(digest)
            tool = self._built[digest] = load_tool_spec(self._data[digest])
        return tool

    def _check(self, digest: str) -> None:
        if digest not in self._data:
            raise ValueError(f"tools: the specification {digest} is not in the store")


_MOST_SETS: Final = 10_000


def decode_or(build: Callable[[], Trace], otherwise: Callable[[], Trace]) -> Trace:
    """What is built the quick way, else the thorough one; raises `ValueError` as `Specs.complete`."""
    try:
        return build()
    except (ValueError, TypeError, KeyError, RecursionError):
        return otherwise()
