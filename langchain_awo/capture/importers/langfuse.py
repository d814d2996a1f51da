"""Traces of Langfuse: what its API, its exports and its seeds give, a trace with its observations or observations alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.blocks import id_in
from langchain_awo.capture.importers.chat import is_message
from langchain_awo.capture.importers.grouping import grouped, merged
from langchain_awo.capture.importers.labels import scores_in
from langchain_awo.capture.importers.langsmith import arguments_in, read_result, reply_in
from langchain_awo.capture.importers.lines import Numbered, decoded, list_in, object_in, parsed, text_in
from langchain_awo.capture.importers.otel_attributes import fill_from_attributes
from langchain_awo.capture.importers.otlp import failure_of, parent_id_of, span_id_of
from langchain_awo.capture.importers.responses import is_item
from langchain_awo.capture.importers.span_trace import trace_of
from langchain_awo.capture.importers.spans import Span, seconds_of
from langchain_awo.capture.importers.specs import specs_in
from langchain_awo.capture.importers.turns import usage_in
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


def is_langfuse(value: Mapping[str, Any]) -> bool:
    """Whether a record is a trace of Langfuse, or an observation."""
    if isinstance(parsed(value.get("observations")), list):
        return True
    return text_in(value.get("type")) in _TYPES and bool(_trace_id(value))


def read_langfuse(records: Iterable[Numbered], account: ImportAccount) -> Iterator[Trace]:
    """One trace for each trace of Langfuse."""
    rows = (row for record in records for row in _rows(record))
    for first, group in grouped(rows, _trace_id, account):
        with account.reading(first):
            abouts = [row["trace"] for row in group if isinstance(row.get("trace"), Mapping)]
            about: dict[str, Any] = {key: value for each in abouts for key, value in each.items()}
            found = merged((row for row in group if "trace" not in row), lambda row: text_in(row.get("id")))
            yield trace_of(
                _trace_id(group[0]),
                [_span(row) for row in found],
                account,
                scores=_scores(about, found),
                further=_further(about),
            )


def span_of_attributes(row: Mapping[str, Any], attributes: Mapping[str, JSONValue]) -> Span:
    """A span of Langfuse's SDK as it goes out, before a server has made an observation of it."""
    metadata = {
        key.removeprefix(prefix): decoded(value)
        for prefix in reversed(_METADATA)
        for key, value in attributes.items()
        if key.startswith(prefix)
    }
    users = [attributes[key] for key in _USERS if attributes.get(key)]
    span = _span(
        {
            "id": span_id_of(row),
            "parentObservationId": parent_id_of(row),
            "type": text_in(attributes[TYPE]).upper(),
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
    span.error = span.error or failure_of(row, attributes)
    span.tags = tuple(map(text_in, list_in(attributes.get("langfuse.trace.tags"))))
    span.thread_id = next((text_in(attributes[key]) for key in _SESSIONS if attributes.get(key)), "")
    return span


def _rows(record: Numbered) -> Iterator[Numbered]:
    """What is said of the trace, then its observations; each names the trace."""
    value = record.value
    observations = parsed(value.get("observations")) if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(observations, list):
        yield record
        return
    about = object_in(value.get("trace")) or {
        key: item for key, item in value.items() if key != "observations"
    }
    first = object_in(observations[0]) if observations else {}
    trace_id = text_in(about.get("id")) or _trace_id(first)
    yield Numbered(
        record.number,
        {"traceId": trace_id, "trace": {**about, "scores": about.get("scores") or value.get("scores")}},
    )
    for each in observations:
        yield Numbered(record.number, {**each, "traceId": trace_id} if isinstance(each, Mapping) else each)


def _trace_id(row: Mapping[str, Any]) -> str:
    return text_in(row.get("traceId") or row.get("trace_id"))


def _scores(about: Mapping[str, Any], observations: Iterable[Mapping[str, Any]]) -> dict[str, JSONValue]:
    held = [about.get("scores"), *(each.get("scores") for each in observations)]
    rows = [object_in(score) for scores in held for score in list_in(scores)]
    return scores_in((row.get("name"), _score(row)) for row in rows)


def _score(row: Mapping[str, Any]) -> JSONValue:
    kind, value = row.get("dataType") or row.get("data_type"), row.get("value")
    words = row.get("stringValue") or row.get("string_value")
    if kind == "BOOLEAN" and value is not None:
        return value in (1, True, "1", "true", "True")
    return words if value is None or (kind == "CATEGORICAL" and words) else value


def _further(about: Mapping[str, Any]) -> dict[str, JSONValue]:
    further = _own(object_in(about.get("metadata")))
    thread = about.get("sessionId") or about.get("session_id") or further.get("thread_id")
    if thread:
        further["thread_id"] = thread
    user = about.get("userId") or about.get("user_id")
    return {**further, "user_id": user} if user else further


def _span(row: Mapping[str, Any]) -> Span:
    get = _getter(row)
    metadata = object_in(get("metadata"))
    span = Span(
        span_id=text_in(get("id")),
        parent_id=text_in(get("parentObservationId")),
        name=text_in(get("name")),
        started_at=seconds_of(get("startTime")),
        ended_at=seconds_of(get("endTime")),
        error=(text_in(get("statusMessage")) or "error") if get("level") == "ERROR" else None,
        metadata=_own(metadata),
    )
    attributes = object_in(metadata.get("attributes"))
    output = parsed(get("output"))
    if get("type") in ("GENERATION", "EMBEDDING"):
        span.kind = "model" if get("type") == "GENERATION" else "other"
        _read_model(span, get("input"), output)
        span.offered = span.offered or specs_in(attributes.get("gen_ai.tool.definitions"))
        span.thread_id = text_in(attributes.get("gen_ai.conversation.id"))
        usage = usage_in({**object_in(get("usageDetails")), "total": 0}) or usage_in(get("usage"))
        span.usage = span.usage or usage
        span.model = text_in(get("model") or get("providedModelName")) or span.model
    elif get("type") == "TOOL" or _is_tool(metadata, attributes, output):
        _read_tool(span, get("input"), output)
        span.name = text_in(attributes.get("gen_ai.tool.name")) or span.name.removeprefix("execute_tool ")
        span.call_id = (
            span.call_id
            or id_in(parsed(attributes.get("gen_ai.tool.call.id")))
            or text_in(metadata.get("tool_call_id"))
        )
    elif attributes.get("gen_ai.operation.name"):
        fill_from_attributes(span, attributes, {})
    return span


def _own(metadata: Mapping[str, Any]) -> dict[str, JSONValue]:
    """What the caller attached, without what OpenTelemetry did."""
    return {key: value for key, value in metadata.items() if key not in _TELEMETRY}


def _getter(row: Mapping[str, Any]) -> Any:
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
    value = parsed(given)
    tools = value.get("tools") if isinstance(value, Mapping) else None
    instruction = None
    if isinstance(value, Mapping):
        config = object_in(value.get("config"))
        tools = tools or config.get("tools")
        instruction = config.get("system_instruction")
        value = next((value[key] for key in _LISTS if isinstance(value.get(key), list)), None)
    messages = value if isinstance(value, list) else []
    if instruction:
        messages = [{"role": "system", "content": instruction}, *messages]
    offered = [spec for message in messages for spec in _offered_in(message)]
    span.offered = offered or specs_in(tools)
    plain = [message for message in messages if not _offered_in(message)]
    span.prompt = [each for each in plain if is_message(each) or is_item(each)] or None
    span.reply = _reply(output)


def _offered_in(message: JSONValue) -> list[ToolSpec]:
    content = (
        parsed(message.get("content"))
        if isinstance(message, Mapping) and message.get("role") == "tool"
        else None
    )
    is_spec = isinstance(content, Mapping) and content.get("type") == "function" and "function" in content
    return specs_in([content]) if is_spec else []


def _reply(output: JSONValue) -> list[JSONValue]:
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
    span.args = arguments_in(given)
    if span.args is None and given not in (None, ""):
        span.value = text_in(given)
    if output is not None and not span.error:
        read_result(span, output)
