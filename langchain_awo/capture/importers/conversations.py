"""Traces from conversations kept as chat messages: a list in an object, a state of LangGraph, or the bare messages.

The messages may be of any provider, and LangChain's in any serialisation; `chat` reads them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any, Final

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.blocks import read_message_text
from langchain_awo.capture.importers.chat import is_message, read_items
from langchain_awo.capture.importers.conversation import Conversation
from langchain_awo.capture.importers.lines import (
    BadRecordError,
    Numbered,
    abbreviate,
    list_in,
    parse_container,
)
from langchain_awo.capture.importers.responses import is_item
from langchain_awo.capture.importers.specs import collect_specs, read_specs
from langchain_awo.capture.importers.turns import Item, MessageText
from langchain_awo.model.text.encoding import compute_digest, to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import ModelCallRecord, ToolSpec, Trace

_LISTS: Final = (
    "messages",
    "contents",
    "input",
    "items",
    "conversation",
    "conversations",
    "trajectory",
    "traj",
)
_PROMPTS: Final = ("system", "systemInstruction", "system_instruction", "instructions")
_READ_KEYS: Final = frozenset(
    {
        "id",
        "task_id",
        "thread_id",
        "trial",
        "model",
        "domain",
        "success",
        "tags",
        "tools",
        "output",
        *_LISTS,
        *_PROMPTS,
    }
)
_STATE_KEYS: Final = frozenset(
    {"values", "next", "config", "created_at", "parent_config", "tasks", "interrupts", "checkpoint"}
)


def is_conversation(value: JSONValue) -> bool:
    """Whether a record is one: an object with messages, a state of LangGraph, or a message."""
    if not isinstance(value, Mapping):
        return False
    held = _find_messages(value)
    if held is not None:
        return (
            not held
            or is_message(held[0])
            or is_item(held[0])
            or bool({"messages", "contents"} & value.keys())
        )
    return is_message(value) or is_item(value)


def read_conversations(records: Iterable[Numbered], account: ImportAccount) -> Iterator[Trace]:
    """One trace for each record with messages, in order; bare messages of one list, or of one file, are one conversation.

    Of several states of one thread, which is what `get_state_history` gives, the one with the most messages counts.
    """
    ids = _Ids()
    for _, same in groupby(records, key=_classify_record):
        group = iter(same)
        first = next(group)
        if _is_bare(first.value):
            whole = Numbered(first.number, {"messages": [first.value, *(each.value for each in group)]})
            yield from _read(whole, ids, account)
        elif _is_state(first.value):
            yield from _read_states([first, *group], ids, account)
        else:
            yield from _read(first, ids, account)
            for record in group:
                yield from _read(record, ids, account)


def _classify_record(record: Numbered) -> tuple[str, int]:
    if _is_bare(record.value):
        return "bare", record.group
    return ("state", 0) if _is_state(record.value) else ("whole", 0)


def _is_bare(value: JSONValue) -> bool:
    return (
        isinstance(value, Mapping) and _find_messages(value) is None and (is_message(value) or is_item(value))
    )


def _is_state(value: JSONValue) -> bool:
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("values"), Mapping)
        and _find_messages(value) is not None
    )


def _read_states(records: list[Numbered], ids: _Ids, account: ImportAccount) -> Iterator[Trace]:
    """Of each thread the state that knows most of it; states of no thread stand for themselves."""
    best: dict[str, Numbered] = {}
    for position, record in enumerate(records):
        thread = _find_thread(record.value)
        key = thread if thread is not None else f"#{position}"
        if key not in best or len(_find_messages(record.value) or ()) > len(
            _find_messages(best[key].value) or ()
        ):
            best[key] = record
    for record in best.values():
        yield from _read(record, ids, account)


def _find_thread(state: Mapping[str, Any]) -> str | None:
    for holder in (state.get("config"), state.get("metadata"), state.get("checkpoint"), state):
        inner = holder.get("configurable", holder) if isinstance(holder, Mapping) else {}
        if isinstance(inner, Mapping) and inner.get("thread_id") not in (None, ""):
            return str(to_json(inner["thread_id"]))
    return None


class _Ids:
    """The ids of a file, so that no run silently takes the place of another."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}
        self._without_id: Counter[str] = Counter()

    def given(self, trace_id: str, number: int) -> str:
        first = self._lines.setdefault(trace_id, number)
        if first != number:
            raise BadRecordError(
                f"its id {abbreviate(trace_id)} is that of line {first}; give each run an id of its own"
            )
        return trace_id

    def derived(self, record: JSONValue) -> str:
        """Content decides; equal conversations are told apart by how often they occurred before."""
        base = f"messages-{compute_digest(record)}"
        self._without_id[base] += 1
        repeats = self._without_id[base]
        return base if repeats == 1 else f"{base}-{repeats}"


def _read(record: Numbered, ids: _Ids, account: ImportAccount) -> Iterator[Trace]:
    with account.reading(record):
        fields = _read_fields(record.value, account)
        given = _read_label(record.value, "id") or (fields["thread_id"] if _is_state(record.value) else None)
        trace_id = ids.given(given, record.number) if given else ids.derived(to_json(record.value))
        yield Trace(trace_id=trace_id, **fields)


def _read_fields(record: JSONValue, account: ImportAccount) -> dict[str, Any]:
    """The fields of a trace but its id."""
    if not isinstance(record, Mapping):
        raise BadRecordError(f"expected an object with messages, found {abbreviate(record)}")
    held = _find_messages(record)
    if held is None:
        keys = ", ".join(sorted(map(str, record))[:12]) or "none"
        raise BadRecordError(f"it has no list of messages; its keys are: {keys}")
    model = _read_label(record, "model") or ""
    conversation = Conversation(account.unread)
    conversation.add_all(_collect_items(record, held, account))
    calls = conversation.tool_calls
    return {
        "task_id": _read_label(record, "task_id"),
        "thread_id": _read_label(record, "thread_id")
        or (_find_thread(record) if _is_state(record) else None),
        "trial": _read_trial(record.get("trial")),
        "domain": _read_label(record, "domain") or "",
        "model": model or next((call.model for call in conversation.model_calls if call.model), ""),
        "success": _read_success(record.get("success")),
        "tags": _read_tags(record.get("tags")),
        "messages": tuple(conversation.messages),
        "model_calls": tuple(_add_model_name(conversation.model_calls, model)),
        "tool_calls": calls,
        "tools": collect_specs(_read_tools(record.get("tools")), called={call.name for call in calls}),
        "metadata": {str(key): to_json(record[key]) for key in sorted(_find_further_keys(record))},
    }


def _find_messages(record: Mapping[str, Any]) -> list[JSONValue] | None:
    """The messages of a record, `None` when it has none."""
    state = record.get("values")
    for holder in (record, state if isinstance(state, Mapping) else {}):
        for key in _LISTS:
            found = parse_container(holder.get(key))
            if isinstance(found, list):
                return found
    return None


def _collect_items(
    record: Mapping[str, Any], held: list[JSONValue], account: ImportAccount
) -> Iterator[Item]:
    """What happened: a system prompt that stands beside the messages, the messages, and the response to them."""
    prompt = next((record[key] for key in _PROMPTS if record.get(key)), None)
    if isinstance(prompt, Mapping):
        prompt = prompt.get("parts")
    if prompt is not None:
        yield MessageText(role="system", text=read_message_text(prompt))
    further = (
        list_in(record.get("output")) if "input" in record and not isinstance(record["input"], str) else []
    )
    yield from read_items([*held, *further], account.unread)


def _add_model_name(calls: Iterable[ModelCallRecord], model: str) -> Iterator[ModelCallRecord]:
    for call in calls:
        yield call if call.model or not model else replace(call, model=model)


def _find_further_keys(record: Mapping[str, Any]) -> set[str]:
    return {*record} - _READ_KEYS - (_STATE_KEYS if _is_state(record) else frozenset())


def _read_label(record: Mapping[str, JSONValue], key: str) -> str | None:
    value = record.get(key)
    if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
        return None if value is None else str(value)
    raise BadRecordError(f"{key} must be text or a whole number, found {abbreviate(value)}")


def _read_trial(value: JSONValue) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise BadRecordError(f"trial must be a whole number, found {abbreviate(value)}")


def _read_success(value: JSONValue) -> bool | None:
    """True, false, or a benchmark's reward of exactly 1 or 0."""
    if value is None or (isinstance(value, bool | int | float) and value in (0, 1)):
        return None if value is None else bool(value)
    raise BadRecordError(f"success must be true, false or null, found {abbreviate(value)}")


def _read_tags(value: JSONValue) -> tuple[str, ...]:
    if value is None or (isinstance(value, list) and all(isinstance(tag, str) for tag in value)):
        return tuple(value or ())
    raise BadRecordError(f"tags must be a list of texts, found {abbreviate(value)}")


def _read_tools(described: JSONValue) -> list[ToolSpec]:
    for tool in list_in(described):
        if not read_specs([tool]):
            raise BadRecordError(f"tools must be a list of functions with names, found {abbreviate(tool)}")
    return read_specs(described)
