"""Session files of Codex: lines of {timestamp, type, payload}, in which `response_item` has what was said and done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.blocks import read_content
from langchain_awo.capture.importers.conversation import Conversation
from langchain_awo.capture.importers.lines import (
    BadRecordError,
    Numbered,
    parse_container,
    read_object,
    read_text,
)
from langchain_awo.capture.importers.responses import ResponseItems, is_item
from langchain_awo.capture.importers.spans import parse_seconds
from langchain_awo.capture.importers.specs import collect_specs
from langchain_awo.capture.importers.turns import Answer, Item, Turn, read_usage
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import TokenUsage, Trace

_TYPES: Final = frozenset({"session_meta", "response_item", "event_msg", "turn_context", "compacted"})
_NOT_SAID: Final = (
    "<environment_context>",
    "<user_instructions>",
    "<permissions instructions>",
    "# AGENTS.md",
)


def is_codex(value: Mapping[str, Any]) -> bool:
    """Whether a record is a line of a session."""
    return read_text(value.get("type")) in _TYPES and "payload" in value


def read_codex(records: Iterable[Numbered], account: ImportAccount) -> Iterator[Trace]:
    """One trace for a file."""
    lines = list(records)
    if lines:
        with account.reading(lines[0]):
            yield _build_trace(lines, account)


def _build_trace(lines: list[Numbered], account: ImportAccount) -> Trace:
    conversation, items = Conversation(account.unread), ResponseItems(account.unread)
    meta: Mapping[str, Any] = {}
    model = ""
    times: list[float] = []
    for line in lines:
        value = read_object(line.value)
        payload, time = read_object(value.get("payload")), parse_seconds(value.get("timestamp"))
        times += [time] if time is not None else []
        if value.get("type") == "session_meta":
            meta = meta or payload
        elif value.get("type") == "turn_context":
            model = read_text(payload.get("model")) or model
        elif value.get("type") == "response_item" and is_item(payload):
            conversation.add_all(_add_times(items.read(payload), model, time, payload))
        elif value.get("type") == "event_msg" and payload.get("type") == "token_count":
            _add_usage(conversation, payload)
    if not conversation.model_calls:
        raise BadRecordError("no model was called in the session")
    calls = conversation.tool_calls
    session = read_text(meta.get("id")) or f"codex-{read_text(read_object(lines[0].value).get('timestamp'))}"
    return Trace(
        trace_id=session,
        thread_id=session,
        model=next((call.model for call in conversation.model_calls if call.model), ""),
        started_at=min(times, default=None),
        ended_at=max(times, default=None),
        messages=tuple(conversation.messages),
        model_calls=tuple(conversation.model_calls),
        tool_calls=calls,
        tools=collect_specs((), called={call.name for call in calls}),
        metadata={key: read_text(meta[key]) for key in ("cwd", "cli_version", "originator") if meta.get(key)},
    )


def _add_times(
    items: list[Item], model: str, time: float | None, payload: Mapping[str, Any]
) -> Iterator[Item]:
    for item in items:
        if isinstance(item, Turn):
            yield replace(item, model=model, ended_at=time)
        elif isinstance(item, Answer):
            output, status = _unwrap_output(payload.get("output"), item.output)
            yield replace(
                item, output=output, status="error" if status not in (None, 0) else None, ended_at=time
            )
        elif not read_content(payload.get("content"), lambda _: None).text.lstrip().startswith(_NOT_SAID):
            yield item


def _unwrap_output(given: JSONValue, otherwise: JSONValue) -> tuple[JSONValue, JSONValue]:
    """The output of a command without what Codex puts around it, and its exit code."""
    whole = parse_container(given)
    if isinstance(whole, Mapping) and "output" in whole:
        return whole["output"], read_object(whole.get("metadata")).get("exit_code")
    return otherwise, None


def _add_usage(conversation: Conversation, payload: Mapping[str, Any]) -> None:
    """The tokens of the last model call, which Codex tells after it."""
    usage = read_object(read_object(payload.get("info")).get("last_token_usage"))
    found: TokenUsage | None = read_usage({**usage, "total": 0}) if usage else None
    if found and conversation.model_calls and conversation.model_calls[-1].usage is None:
        conversation.model_calls[-1] = replace(conversation.model_calls[-1], usage=found)
