"""Spans of OpenTelemetry in the conventions of OpenInference and of `gen_ai`, as JSON, JSON lines, OTLP or columns.

A span of neither convention still holds others together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from langchain_awo.capture.importers.account import Account
from langchain_awo.capture.importers.grouping import grouped, merged
from langchain_awo.capture.importers.labels import scores_in
from langchain_awo.capture.importers.langsmith import read_result
from langchain_awo.capture.importers.lines import Numbered, list_in, object_in, parsed, text_in
from langchain_awo.capture.importers.otlp import (
    attributes_of,
    failure_of,
    indexed,
    is_otlp,
    parent_id_of,
    span_id_of,
    spans_in,
    trace_id_of,
)
from langchain_awo.capture.importers.span_trace import trace_of
from langchain_awo.capture.importers.spans import Span, seconds_of
from langchain_awo.capture.importers.specs import specs_in
from langchain_awo.capture.importers.turns import arguments_of, usage_in
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace

KIND: Final = "openinference.span.kind"
_MODELS: Final = frozenset({"chat", "text_completion", "generate_content", "completion"})
_START: Final = ("startTimeUnixNano", "start_time_unix_nano", "start_time", "startTime")
_END: Final = ("endTimeUnixNano", "end_time_unix_nano", "end_time", "endTime")
_THREADS: Final = ("session.id", "gen_ai.conversation.id", "langfuse.session.id", "thread_id")
_INPUTS: Final = ("gen_ai.input.messages", "gen_ai.prompt", "gen_ai.request.messages")
_OUTPUTS: Final = ("gen_ai.output.messages", "gen_ai.completion", "gen_ai.response.messages")


def is_openinference(value: Mapping[str, Any]) -> bool:
    """Whether a record is a span in the conventions of OpenInference."""
    return not is_otlp(value) and bool(span_id_of(value)) and KIND in attributes_of(value)


def is_otel(value: Mapping[str, Any]) -> bool:
    """Whether a record is an OTLP request, or a span of OpenTelemetry."""
    if is_otlp(value):
        return True
    is_span = bool(trace_id_of(value) and span_id_of(value)) and ("attributes" in value or "name" in value)
    return is_span and "observations" not in value and "spans" not in value


def read_otel(records: Iterable[Numbered], account: Account) -> Iterator[Trace]:
    """One trace for each trace of OpenTelemetry, from spans in any order."""
    spans = (span for record in records for span in spans_in(record))
    for first, rows in grouped(spans, trace_id_of, account):
        with account.reading(first):
            unique = merged(rows, span_id_of)
            yield trace_of(trace_id_of(rows[0]), map(_span, unique), account, scores=_scores(unique))


def _scores(rows: Iterable[Mapping[str, Any]]) -> dict[str, JSONValue]:
    """Annotations as Phoenix puts them beside a span, and evaluations in events of the span."""
    given: list[tuple[Any, JSONValue]] = []
    for row in rows:
        for annotation in list_in(row.get("annotations")):
            about = object_in(annotation)
            result = object_in(about.get("result")) or about
            value = result.get("score")
            given.append((about.get("name"), result.get("label") if value is None else value))
        for event in list_in(row.get("events")):
            about = attributes_of(object_in(event))
            value = about.get("gen_ai.evaluation.score.value")
            given.append(
                (
                    about.get("gen_ai.evaluation.name"),
                    about.get("gen_ai.evaluation.score.label") if value is None else value,
                )
            )
    return scores_in(given)


def _span(row: Mapping[str, Any]) -> Span:
    attributes = attributes_of(row)
    span = Span(
        span_id=span_id_of(row),
        parent_id=parent_id_of(row),
        name=text_in(row.get("name")),
        started_at=next((time for key in _START if (time := seconds_of(row.get(key))) is not None), None),
        ended_at=next((time for key in _END if (time := seconds_of(row.get(key))) is not None), None),
        error=failure_of(row, attributes),
        metadata=object_in(attributes.get("metadata")),
        tags=tuple(map(text_in, list_in(attributes.get("tag.tags")))),
        thread_id=next((text_in(attributes[key]) for key in _THREADS if attributes.get(key)), ""),
    )
    fill_from_attributes(span, attributes, row)
    return span


def fill_from_attributes(span: Span, attributes: Mapping[str, JSONValue], row: Mapping[str, Any]) -> None:
    """What the attributes say of a span in either convention."""
    operation = text_in(attributes.get("gen_ai.operation.name"))
    kind = text_in(attributes.get(KIND) or row.get("span_kind")).upper()
    if kind == "LLM":
        _read_openinference_model(span, attributes)
    elif kind == "TOOL":
        _read_openinference_tool(span, attributes)
    elif operation in _MODELS:
        _read_genai_model(span, attributes, row)
    elif operation == "execute_tool" or attributes.get("gen_ai.tool.name"):
        _read_genai_tool(span, attributes)
    elif KIND in attributes:
        span.prompt = _messages(attributes, "llm.input_messages") or None


def _read_openinference_model(span: Span, attributes: Mapping[str, JSONValue]) -> None:
    span.kind = "model"
    span.model = text_in(attributes.get("llm.model_name"))
    span.prompt = _messages(attributes, "llm.input_messages") or None
    span.reply = _messages(attributes, "llm.output_messages")
    counts = {key: attributes.get(f"llm.token_count.{key}") for key in ("prompt", "completion")}
    if any(count is not None for count in counts.values()):
        span.usage = usage_in(
            {
                "prompt_tokens": counts["prompt"],
                "completion_tokens": counts["completion"],
                "cached_tokens": attributes.get("llm.token_count.prompt_details.cache_read"),
            }
        )
    shown = [tool.get("tool.json_schema") for tool in indexed(attributes, "llm.tools")]
    parameters = object_in(attributes.get("llm.invocation_parameters"))
    span.offered = specs_in(shown) or specs_in(parameters.get("tools"))


def _messages(attributes: Mapping[str, JSONValue], prefix: str) -> list[JSONValue]:
    return [_message(found) for found in indexed(attributes, prefix)]


def _message(found: Mapping[str, JSONValue]) -> JSONValue:
    """One of OpenInference's numbered messages in OpenAI's shape."""
    contents = indexed(found, "message.contents")
    texts = [
        {
            "type": text_in(each.get("message_content.type")) or "text",
            "text": each.get("message_content.text"),
        }
        for each in contents
    ]
    calls = [
        {
            "id": call.get("tool_call.id"),
            "name": call.get("tool_call.function.name"),
            "arguments": call.get("tool_call.function.arguments"),
        }
        for call in indexed(found, "message.tool_calls")
    ]
    legacy = found.get("message.function_call_name")
    if legacy:
        calls.append({"name": legacy, "arguments": found.get("message.function_call_arguments_json")})
    content = found.get("message.content")
    return {
        "role": found.get("message.role"),
        "content": content if content is not None else texts or None,
        "tool_calls": [call for call in calls if call["name"]],
        "tool_call_id": found.get("message.tool_call_id"),
        **(
            {"name": found["message.name"]}
            if found.get("message.role") == "tool" and found.get("message.name")
            else {}
        ),
    }


def _read_openinference_tool(span: Span, attributes: Mapping[str, JSONValue]) -> None:
    span.kind = "tool"
    span.name = text_in(attributes.get("tool.name")) or span.name
    span.about = text_in(attributes.get("tool.description"))
    given = parsed(
        attributes.get("tool.parameters")
        if attributes.get("input.value") is None
        else attributes["input.value"]
    )
    if isinstance(given, Mapping):
        span.args = to_json(given)
    elif given is not None:
        span.value = text_in(given)
    span.call_id = text_in(attributes.get("tool_call.id") or attributes.get("tool.id"))
    if attributes.get("output.value") is not None:
        read_result(span, attributes["output.value"])


def _read_genai_model(span: Span, attributes: Mapping[str, JSONValue], row: Mapping[str, Any]) -> None:
    span.kind = "model"
    span.model = text_in(attributes.get("gen_ai.response.model") or attributes.get("gen_ai.request.model"))
    inputs = next((list_in(attributes[key]) for key in _INPUTS if attributes.get(key)), None)
    prompt, reply = _events_of(row, attributes)
    span.prompt = inputs if inputs is not None else prompt or None
    system = list_in(attributes.get("gen_ai.system_instructions"))
    if system:
        span.prompt = [{"role": "system", "parts": system}, *(span.prompt or [])]
    span.reply = next((list_in(attributes[key]) for key in _OUTPUTS if attributes.get(key)), reply)
    span.usage = usage_in(
        {
            key.removeprefix("gen_ai.usage."): value
            for key, value in attributes.items()
            if key.startswith("gen_ai.usage.")
        }
        | {"total": 0}
    )
    span.offered = specs_in(
        attributes.get("gen_ai.tool.definitions")
        or object_in(attributes.get("model_request_parameters")).get("function_tools")
    )


def _events_of(
    row: Mapping[str, Any], attributes: Mapping[str, JSONValue]
) -> tuple[list[JSONValue], list[JSONValue]]:
    """Messages in the older way: an event each, or all of them in an attribute."""
    prompt: list[JSONValue] = []
    reply: list[JSONValue] = []
    for event in (*list_in(row.get("events")), *list_in(attributes.get("events"))):
        about = object_in(event)
        body = {**attributes_of(about), **about} if "attributes" in about else dict(about)
        name = text_in(about.get("name") or about.get("event.name"))
        if name == "gen_ai.choice":
            reply.append(object_in(body.get("message")) or body)
        elif name.startswith("gen_ai.") and name.endswith(".message"):
            prompt.append(
                {
                    "role": name.split(".")[1],
                    **{key: value for key, value in body.items() if key != "name"},
                    "tool_call_id": body.get("id"),
                }
            )
    return prompt, [{"role": "assistant", **message} for message in reply]


def _read_genai_tool(span: Span, attributes: Mapping[str, JSONValue]) -> None:
    span.kind = "tool"
    span.name = text_in(attributes.get("gen_ai.tool.name")) or span.name.removeprefix("execute_tool ")
    span.about = text_in(attributes.get("gen_ai.tool.description"))
    span.call_id = text_in(attributes.get("gen_ai.tool.call.id"))
    written = next(
        (
            attributes[key]
            for key in ("gen_ai.tool.call.arguments", "tool_arguments", "input.value")
            if attributes.get(key) is not None
        ),
        None,
    )
    span.args = arguments_of(written) if written is not None else None
    output = next(
        (
            attributes[key]
            for key in ("gen_ai.tool.call.result", "tool_response", "output.value")
            if attributes.get(key) is not None
        ),
        None,
    )
    if output is not None:
        read_result(span, output)
