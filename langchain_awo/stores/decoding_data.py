"""Plain data, as JSON lines hold it, to traces; checked as `decoding` checks rows."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Any, Final

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import (
    Message,
    ModelCallRecord,
    ReplayMark,
    TokenUsage,
    ToolCallRecord,
    Trace,
)
from langchain_awo.stores.decoding import ROLES, STATUSES, OddRowError, Specs, decode_attempts, decode_or
from langchain_awo.stores.scope import LABELS

_TEXTS: Final = frozenset(
    ("trace_id", "domain", "model", "role", "text", "scope", "call_id", "name", "status")
)
_MAYBE_TEXTS: Final = frozenset(("task_id", "thread_id", "error", "parent_id", "meta_tool"))
_COUNTS: Final = frozenset(("before", "input_tokens", "output_tokens", "cached_tokens", "step"))
_MAYBE_COUNTS: Final = frozenset(("trial", "model_call"))
_TIMES: Final = frozenset(("started_at", "ended_at"))
_OBJECTS: Final = frozenset(("args", "metadata"))
_LISTS: Final = frozenset(("tags", "offered", "attempts", "messages", "model_calls", "tool_calls", "tools"))
_MAYBE_OBJECTS: Final = frozenset(("usage", "replay"))
_KINDS: Final[tuple[tuple[frozenset[str], frozenset[type]], ...]] = (
    (_TEXTS, frozenset((str,))),
    (_MAYBE_TEXTS, frozenset((str, NoneType))),
    (_COUNTS, frozenset((int,))),
    (_MAYBE_COUNTS, frozenset((int, NoneType))),
    (_TIMES, frozenset((float, NoneType))),
    (_OBJECTS, frozenset((dict,))),
    (_MAYBE_OBJECTS, frozenset((dict, NoneType))),
    (_LISTS, frozenset((list,))),
    (frozenset(("success",)), frozenset((bool, NoneType))),
    (frozenset(("output",)), frozenset((dict, list, str, int, float, bool, NoneType))),
)
_ALLOWED: Final = {name: kinds for names, kinds in _KINDS for name in names}
_MOST_SHAPES: Final = 10_000


class _Shapes:
    """The combinations of keys and types met so far that are right."""

    def __init__(self) -> None:
        self._known: set[tuple[tuple[str, ...], tuple[type, ...]]] = set()

    def check(self, data: JSONValue) -> None:
        if type(data) is not dict:
            raise OddRowError
        shape = (tuple(data), tuple(map(type, data.values())))
        if shape in self._known:
            return
        if not all(kind in _ALLOWED.get(name, ()) for name, kind in zip(*shape, strict=True)):
            raise OddRowError
        if len(self._known) < _MOST_SHAPES:
            self._known.add(shape)


_SHAPES: Final = _Shapes()


def decode_trace_data(data: dict[str, JSONValue], specs: Specs, *, outputs: bool) -> Trace:
    """A trace from its stored data, which may be changed.

    Raises:
        ValueError: the data is not that of a trace; the text says where.
    """
    if not outputs:
        for call in data.get("tool_calls") or ():
            call.pop("output", None)
    return decode_or(lambda: _build(data, specs), lambda: specs.complete(data))


def _build(data: Mapping[str, JSONValue], specs: Specs) -> Trace:
    own = {name: value for name, value in data.items() if name not in LABELS}
    _SHAPES.check(own)
    own["messages"] = tuple(map(_decode_message, own.get("messages", ())))
    own["model_calls"] = tuple(map(_decode_model_call, own.get("model_calls", ())))
    own["tool_calls"] = tuple(map(_decode_tool_call, own.get("tool_calls", ())))
    own["tools"] = specs.named(own.get("tools", ()))
    own["tags"] = _to_texts(own.get("tags", ()))
    return Trace(**own)


def _decode_message(data: dict[str, Any]) -> Message:
    _SHAPES.check(data)
    if data["role"] not in ROLES:
        raise OddRowError
    return Message(**data)


def _decode_model_call(data: dict[str, Any]) -> ModelCallRecord:
    _SHAPES.check(data)
    if "offered" in data:
        data = {**data, "offered": _to_texts(data["offered"])}
    if data.get("usage") is not None:
        _SHAPES.check(data["usage"])
        data = {**data, "usage": TokenUsage(**data["usage"])}
    return ModelCallRecord(**data)


def _decode_tool_call(data: dict[str, Any]) -> ToolCallRecord:
    _SHAPES.check(data)
    if data.get("status", "ok") not in STATUSES:
        raise OddRowError
    if "attempts" in data:
        data = {**data, "attempts": decode_attempts(data["attempts"])}
    if data.get("replay") is not None:
        _SHAPES.check(data["replay"])
        data = {**data, "replay": ReplayMark(**data["replay"])}
    return ToolCallRecord(**data)


def _to_texts(items: Any) -> tuple[str, ...]:
    if not all(type(item) is str for item in items):
        raise OddRowError
    return tuple(items)
