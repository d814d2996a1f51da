"""Traces from chat messages in OpenAI's shape, the one `langchain_core.messages.convert_to_openai_messages` gives."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from langchain_awo.capture.importers.conversation import Conversation
from langchain_awo.capture.importers.lines import BadLine, BadRecordError, Lines, Numbered, read_records
from langchain_awo.errors import ImportFormatError
from langchain_awo.model.encoding import digest, dumps, to_json
from langchain_awo.model.trace import JSONValue, ToolSpec, Trace

EXPECTED: Final = (
    'one JSON object a line: {"id", "task_id", "trial", "model", "domain", "success", "messages": [...]}, '
    "of which only messages is required"
)

_READ_KEYS: Final = frozenset(
    {"id", "task_id", "thread_id", "trial", "model", "domain", "success", "tags", "tools", "messages"}
)

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class ImportSummary:
    """Counts of an import, kept up to date while it goes on."""

    traces: int = 0
    model_calls: int = 0
    tool_calls: int = 0
    bad_lines: int = 0


def log_bad_line(bad: BadLine) -> None:
    """Reports a skipped line as a warning of this module's logger."""
    logger.warning("skipped %s", bad)


def import_messages(
    path_or_lines: str | Path | Lines,
    *,
    on_error: Callable[[BadLine], None] = log_bad_line,
    summary: ImportSummary | None = None,
) -> Iterator[Trace]:
    """Reads recorded conversations as traces, one at a time.

    Args:
        path_or_lines: a file of JSON lines or of one JSON array, plain or gzip, or the lines themselves.
        on_error: called with each record that is left out, in order.
        summary: counts what was read and left out.

    Yields:
        One trace for each record, in the file's order. A record without `id` gets one made of its content.

    Raises:
        ImportFormatError: the file cannot be read, or nothing in it is a recorded conversation.
    """
    summary = summary if summary is not None else ImportSummary()
    name = str(path_or_lines) if isinstance(path_or_lines, str | Path) else "the input"
    first_bad: BadLine | None = None
    ids = _Ids()
    for record in read_records(path_or_lines):
        result = record if isinstance(record, BadLine) else _read(record, ids=ids, name=name)
        if isinstance(result, BadLine):
            first_bad = first_bad or result
            summary.bad_lines += 1
            on_error(result)
        else:
            _count(result, summary)
            yield result
    if first_bad and not summary.traces:
        raise ImportFormatError(f"{name} holds no recorded conversation; {first_bad}. Expected {EXPECTED}")


class _Ids:
    """The ids of a file, so that no run silently takes the place of another."""

    def __init__(self) -> None:
        self._lines: dict[str, int] = {}
        self._without_id: Counter[str] = Counter()

    def given(self, trace_id: str, number: int) -> str:
        first = self._lines.setdefault(trace_id, number)
        if first != number:
            raise BadRecordError(
                f"its id {dumps(trace_id)} is that of line {first}; give each run an id of its own"
            )
        return trace_id

    def derived(self, record: JSONValue) -> str:
        """Content decides; equal conversations are told apart by how often they occurred before."""
        base = f"messages-{digest(record)}"
        self._without_id[base] += 1
        repeats = self._without_id[base]
        return base if repeats == 1 else f"{base}-{repeats}"


def _read(record: Numbered, *, ids: _Ids, name: str) -> Trace | BadLine:
    value = record.value
    foreign = _other_format(value)
    if foreign and record.number == 1:
        raise ImportFormatError(f"{name} is {foreign}; expected {EXPECTED}")
    try:
        trace = _trace(value)
        trace_id = _label(value, "id")
        trace_id = ids.given(trace_id, record.number) if trace_id else ids.derived(to_json(value))
    except BadRecordError as error:
        return BadLine(record.number, str(error))
    return Trace(trace_id=trace_id, **trace)


def _trace(record: JSONValue) -> dict[str, Any]:
    """The fields of a trace but its id."""
    if not isinstance(record, dict):
        raise BadRecordError(f"expected an object with messages, found {dumps(to_json(record))[:60]}")
    model = _label(record, "model") or ""
    conversation = _conversation(record, model=model)
    calls = conversation.tool_calls
    return {
        "task_id": _label(record, "task_id"),
        "thread_id": _label(record, "thread_id"),
        "trial": _trial(record.get("trial")),
        "domain": _label(record, "domain") or "",
        "model": model,
        "success": _success(record.get("success")),
        "tags": _tags(record.get("tags")),
        "messages": tuple(conversation.messages),
        "model_calls": tuple(conversation.model_calls),
        "tool_calls": calls,
        "tools": _tools(record.get("tools"), called={call.name for call in calls}),
        "metadata": {key: to_json(record[key]) for key in sorted(record.keys() - _READ_KEYS)},
    }


def _conversation(record: dict[str, JSONValue], *, model: str) -> Conversation:
    messages = record.get("messages")
    if not isinstance(messages, list):
        keys = ", ".join(sorted(record)[:12]) or "none"
        raise BadRecordError(f"it has no list of messages; its keys are: {keys}")
    conversation = Conversation(model=model)
    for position, message in enumerate(messages, start=1):
        try:
            conversation.read(message)
        except BadRecordError as error:
            raise BadRecordError(f"message {position}: {error}") from error
    return conversation


def _label(record: dict[str, JSONValue], key: str) -> str | None:
    value = record.get(key)
    if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
        return None if value is None else str(value)
    raise BadRecordError(f"{key} must be text or a whole number, found {dumps(value)[:60]}")


def _trial(value: JSONValue) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise BadRecordError(f"trial must be a whole number, found {dumps(value)[:60]}")


def _success(value: JSONValue) -> bool | None:
    """True, false, or a benchmark's reward of exactly 1 or 0."""
    if value is None or (isinstance(value, bool | int | float) and value in (0, 1)):
        return None if value is None else bool(value)
    raise BadRecordError(f"success must be true, false or null, found {dumps(value)[:60]}")


def _tags(value: JSONValue) -> tuple[str, ...]:
    if value is None or (isinstance(value, list) and all(isinstance(tag, str) for tag in value)):
        return tuple(value or ())
    raise BadRecordError(f"tags must be a list of texts, found {dumps(value)[:60]}")


def _tools(shown: JSONValue, *, called: set[str]) -> tuple[ToolSpec, ...]:
    """Tools that the record describes as OpenAI's requests do, and the names of the others that were called."""
    specs = {name: ToolSpec(name=name) for name in called}
    for tool in shown if isinstance(shown, list) else []:
        function = tool.get("function", tool) if isinstance(tool, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            raise BadRecordError(
                f"tools must be a list of functions with names, found {dumps(to_json(tool))[:60]}"
            )
        parameters = function.get("parameters")
        specs[function["name"]] = ToolSpec(
            name=function["name"],
            description=str(function.get("description") or ""),
            parameters=to_json(parameters) if isinstance(parameters, Mapping) else {},
        )
    return tuple(specs[name] for name in sorted(specs))


def _count(trace: Trace, summary: ImportSummary) -> None:
    summary.traces += 1
    summary.model_calls += len(trace.model_calls)
    summary.tool_calls += len(trace.tool_calls)


def _other_format(value: JSONValue) -> str | None:
    """What a record plainly is when it is something else than a recorded conversation."""
    if isinstance(value, list):
        return "JSON lines of lists"
    if not isinstance(value, dict) or "messages" in value:
        return None  # whatever else it is, it can be read
    if "langchain_awo" in value:
        return "a trace store; open it as one instead of importing it"
    if "run_type" in value or {"dotted_order", "trace_id"} <= value.keys():
        return "a LangSmith export of runs"
    if {"resourceSpans", "resource_spans"} & value.keys():
        return "an OpenTelemetry export of spans"
    if "role" in value:
        return 'a list of single messages; put each conversation into {"messages": [...]}'
    return None
