"""Traces of Langfuse: what its API, its exports and its seeds give, a trace with its observations or observations alone.

An export to blob storage has folders of observations, scores and, in the older form, traces: rows that name their trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.blocks import read_id
from langchain_awo.capture.importers.chat import is_message
from langchain_awo.capture.importers.grouping import group_rows, merge_rows
from langchain_awo.capture.importers.labels import read_scores
from langchain_awo.capture.importers.langsmith import read_arguments, read_result, reply_in
from langchain_awo.capture.importers.lines import (
    Numbered,
    list_in,
    parse_attribute,
    parse_container,
    read_object,
    read_text,
)
from langchain_awo.capture.importers.otel_attributes import fill_from_attributes
from langchain_awo.capture.importers.otlp import find_failure, get_parent_id, get_span_id
from langchain_awo.capture.importers.responses import is_item
from langchain_awo.capture.importers.span_trace import build_trace
from langchain_awo.capture.importers.spans import Span, parse_seconds
from langchain_awo.capture.importers.specs import read_specs
from langchain_awo.capture.importers.turns import read_usage
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import ToolSpec, Trace

_TYPES: Final = frozenset(
    {
        "GENERATION",
        "SPAN",
        "TOOL",
        "AGENT",
        "CHAIN",
        "EVENT",
        "RETRIEVER",
        "EMBEDDING",
        "EVALUATOR",
        "GUARDRAIL",
    }
)
TYPE: Final = "langfuse.observation.type"
"""Langfuse's SDK sends spans of OpenTelemetry with attributes of its own, of which this one is always there."""

_OBSERVATION: Final = "langfuse.observation."
_METADATA: Final = ("langfuse.observation.metadata.", "langfuse.trace.metadata.")
_SESSIONS: Final = ("session.id", "langfuse.session.id")
_USERS: Final = ("user.id", "langfuse.user.id")
_TELEMETRY: Final = ("attributes", "resourceAttributes", "scope", "is_langchain_root")
_LISTS: Final = ("messages", "contents", "input", "args")
_SCORES: Final = frozenset({"NUMERIC", "CATEGORICAL", "BOOLEAN"})
_OF_A_TRACE: Final = (frozenset({"sessionId", "userId"}), frozenset({"session_id", "user_id"}))
"""What only a trace has, in the API and in exports."""


def is_langfuse(value: Mapping[str, Any]) -> bool:
    """Whether a record is a trace of Langfuse, or an observation."""
    if isinstance(parse_container(value.get("observations")), list):
        return True
    if read_text(value.get("type")) in _TYPES:
        return bool(_read_trace_id(value))
    return _is_score(value) or _is_trace(value)


def _is_score(value: Mapping[str, Any]) -> bool:
    """Whether a row of an export is a score."""
    return _read_score_kind(value) in _SCORES and "name" in value and bool(_read_trace_id(value))


def _is_trace(value: Mapping[str, Any]) -> bool:
    """Whether a row of an export is a trace without its observations."""
    return {"id", "timestamp"} <= value.keys() and any(names <= value.keys() for names in _OF_A_TRACE)


def read_langfuse(records: Iterable[Numbered], account: ImportAccount) -> Iterator[Trace]:
    """One trace for each trace of Langfuse."""
    rows = (row for record in records for row in _split_record(record))
    for first, group in group_rows(rows, _read_trace_id, account):
        with account.reading(first):
            about = _collect_trace_fields(group)
            found = merge_rows(
                (row for row in group if "trace" not in row), lambda row: read_text(row.get("id"))
            )
            yield build_trace(
                _read_trace_id(group[0]),
                [_build_span(row) for row in found],
                account,
                scores=_collect_scores(about, found),
                further=_collect_metadata(about),
            )


def _collect_trace_fields(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What the rows of a trace say of the whole."""
    about: dict[str, Any] = {}
    scores: list[JSONValue] = []
    for row in rows:
        said = row.get("trace")
        if isinstance(said, Mapping):
            scores += list_in(said.get("scores"))
            about |= said
        else:
            about |= {name: row[name] for names in _OF_A_TRACE for name in names if row.get(name)}
    return {**about, "scores": scores}


def read_sdk_span(row: Mapping[str, Any], attributes: Mapping[str, JSONValue]) -> Span:
    """A span of Langfuse's SDK as it goes out, before a server has made an observation of it."""
    metadata = {
        key.removeprefix(prefix): parse_attribute(value)
        for prefix in reversed(_METADATA)
        for key, value in attributes.items()
        if key.startswith(prefix)
    }
    users = [attributes[key] for key in _USERS if attributes.get(key)]
    span = _build_span(
        {
            "id": get_span_id(row),
            "parentObservationId": get_parent_id(row),
            "type": read_text(attributes[TYPE]).upper(),
            "name": row.get("name"),
            "startTime": row.get("startTimeUnixNano") or row.get("start_time"),
            "endTime": row.get("endTimeUnixNano") or row.get("end_time"),
            "level": attributes.get(f"{_OBSERVATION}level"),
            "statusMessage": attributes.get(f"{_OBSERVATION}status_message"),
            "input": attributes.get(f"{_OBSERVATION}input"),
            "output": attributes.get(f"{_OBSERVATION}output"),
            "model": attributes.get(f"{_OBSERVATION}model.name"),
            "usageDetails": attributes.get(f"{_OBSERVATION}usage_details"),
            "metadata": {**metadata, **({"user_id": users[0]} if users else {})},
        }
    )
    span.error = span.error or find_failure(row, attributes)
    span.tags = tuple(map(read_text, list_in(attributes.get("langfuse.trace.tags"))))
    span.thread_id = next((read_text(attributes[key]) for key in _SESSIONS if attributes.get(key)), "")
    return span


def _split_record(record: Numbered) -> Iterator[Numbered]:
    """What is said of the trace, then its observations; each names the trace."""
    value = record.value
    observations = parse_container(value.get("observations")) if isinstance(value, Mapping) else None
    if isinstance(value, Mapping) and not isinstance(observations, list) and not value.get("type"):
        if _is_score(value):
            yield Numbered(record.number, {"traceId": _read_trace_id(value), "trace": {"scores": [value]}})
            return
        if _is_trace(value):
            yield Numbered(record.number, {"traceId": value["id"], "trace": value})
            return
    if not isinstance(value, Mapping) or not isinstance(observations, list):
        yield record
        return
    about = read_object(value.get("trace")) or {
        key: item for key, item in value.items() if key != "observations"
    }
    first = read_object(observations[0]) if observations else {}
    trace_id = read_text(about.get("id")) or _read_trace_id(first)
    yield Numbered(
        record.number,
        {"traceId": trace_id, "trace": {**about, "scores": about.get("scores") or value.get("scores")}},
    )
    for each in observations:
        yield Numbered(record.number, {**each, "traceId": trace_id} if isinstance(each, Mapping) else each)


def _read_trace_id(row: Mapping[str, Any]) -> str:
    return read_text(row.get("traceId") or row.get("trace_id"))


def _collect_scores(
    about: Mapping[str, Any], observations: Iterable[Mapping[str, Any]]
) -> dict[str, JSONValue]:
    held = [about.get("scores"), *(each.get("scores") for each in observations)]
    rows = [read_object(score) for scores in held for score in list_in(scores)]
    return read_scores((row.get("name"), _read_score(row)) for row in rows)


def _read_score(row: Mapping[str, Any]) -> JSONValue:
    kind, value = _read_score_kind(row), row.get("value")
    words = row.get("stringValue") or row.get("string_value")
    if kind == "BOOLEAN" and value is not None:
        return value in (1, True, "1", "true", "True")
    return words if value is None or (kind == "CATEGORICAL" and words) else value


def _read_score_kind(row: Mapping[str, Any]) -> str:
    return read_text(row.get("dataType") or row.get("data_type"))


def _collect_metadata(about: Mapping[str, Any]) -> dict[str, JSONValue]:
    further = _drop_telemetry(read_object(about.get("metadata")))
    thread = about.get("sessionId") or about.get("session_id") or further.get("thread_id")
    if thread:
        further["thread_id"] = thread
    user = about.get("userId") or about.get("user_id")
    return {**further, "user_id": user} if user else further


def _build_span(row: Mapping[str, Any]) -> Span:
    get = _build_getter(row)
    metadata = read_object(get("metadata"))
    span = Span(
        span_id=read_text(get("id")),
        parent_id=read_text(get("parentObservationId")),
        name=read_text(get("name")),
        started_at=parse_seconds(get("startTime")),
        ended_at=parse_seconds(get("endTime")),
        error=(read_text(get("statusMessage")) or "error") if get("level") == "ERROR" else None,
        metadata=_drop_telemetry(metadata),
    )
    attributes = read_object(metadata.get("attributes"))
    output = parse_container(get("output"))
    if get("type") in ("GENERATION", "EMBEDDING"):
        span.kind = "model" if get("type") == "GENERATION" else "other"
        _read_model(span, get("input"), output)
        span.offered = span.offered or read_specs(attributes.get("gen_ai.tool.definitions"))
        span.thread_id = read_text(attributes.get("gen_ai.conversation.id"))
        usage = read_usage({**read_object(get("usageDetails")), "total": 0}) or read_usage(get("usage"))
        span.usage = span.usage or usage
        span.model = read_text(get("model") or get("providedModelName")) or span.model
    elif get("type") == "TOOL" or _is_tool(metadata, attributes, output):
        _read_tool(span, get("input"), output)
        span.name = read_text(attributes.get("gen_ai.tool.name")) or span.name.removeprefix("execute_tool ")
        span.call_id = (
            span.call_id
            or read_id(parse_container(attributes.get("gen_ai.tool.call.id")))
            or read_text(metadata.get("tool_call_id"))
        )
    elif attributes.get("gen_ai.operation.name"):
        fill_from_attributes(span, attributes, {})
    return span


def _drop_telemetry(metadata: Mapping[str, Any]) -> dict[str, JSONValue]:
    """What the caller attached, without what OpenTelemetry did."""
    return {key: value for key, value in metadata.items() if key not in _TELEMETRY}


def _build_getter(row: Mapping[str, Any]) -> Any:
    """Reads a field by its name in the API, or in the exports with underscores."""

    def get(name: str) -> JSONValue:
        if name in row:
            return row[name]
        return row.get("".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name))

    return get


def _is_tool(metadata: Mapping[str, Any], attributes: Mapping[str, Any], output: JSONValue) -> bool:
    """Whether a span is a tool's; older SDKs have no type for them."""
    if attributes.get("gen_ai.tool.name") or attributes.get("gen_ai.operation.name") == "execute_tool":
        return True
    if isinstance(output, Mapping) and "tool_call_id" in output:
        return True
    return (
        metadata.get("openinference.span.kind") == "TOOL"
        or attributes.get("openinference.span.kind") == "TOOL"
    )


def _read_model(span: Span, given: JSONValue, output: JSONValue) -> None:
    """The prompt without the tools that Langfuse's handler puts in it as messages."""
    value = parse_container(given)
    tools = value.get("tools") if isinstance(value, Mapping) else None
    instruction = None
    if isinstance(value, Mapping):
        config = read_object(value.get("config"))
        tools = tools or config.get("tools")
        instruction = config.get("system_instruction")
        value = next((value[key] for key in _LISTS if isinstance(value.get(key), list)), None)
    messages = value if isinstance(value, list) else []
    if instruction:
        messages = [{"role": "system", "content": instruction}, *messages]
    offered = [spec for message in messages for spec in _read_offered(message)]
    span.offered = offered or read_specs(tools)
    plain = [message for message in messages if not _read_offered(message)]
    span.prompt = [each for each in plain if is_message(each) or is_item(each)] or None
    span.reply = _read_reply(output)


def _read_offered(message: JSONValue) -> list[ToolSpec]:
    content = (
        parse_container(message.get("content"))
        if isinstance(message, Mapping) and message.get("role") == "tool"
        else None
    )
    is_spec = isinstance(content, Mapping) and content.get("type") == "function" and "function" in content
    return read_specs([content]) if is_spec else []


def _read_reply(output: JSONValue) -> list[JSONValue]:
    if isinstance(output, str):
        return [{"role": "assistant", "content": output}]
    if isinstance(output, list):
        return [each for each in output if is_message(each) or is_item(each)]
    if not isinstance(output, Mapping):
        return []
    content = output.get("content")
    if isinstance(content, Mapping) and "parts" in content:  # Gemini, as the agent kit of Google writes it
        return [content]
    found = reply_in(output)
    return found or (
        [{"role": "assistant", **output}] if {"content", "tool_calls", "parts"} & output.keys() else []
    )


def _read_tool(span: Span, given: JSONValue, output: JSONValue) -> None:
    span.kind = "tool"
    span.args = read_arguments(given)
    if span.args is None and given not in (None, ""):
        span.value = read_text(given)
    if output is not None and not span.error:
        read_result(span, output)
