"""What the attributes of a span say in the conventions of OpenInference and of `gen_ai`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_awo.capture.importers.langsmith import read_arguments, read_result
from langchain_awo.capture.importers.lines import list_in, parse_container, read_object, read_text
from langchain_awo.capture.importers.otlp import collect_indexed, read_attributes
from langchain_awo.capture.importers.spans import Span
from langchain_awo.capture.importers.specs import read_specs
from langchain_awo.capture.importers.turns import read_call_arguments, read_usage
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue

KIND: Final = "openinference.span.kind"
_MODELS: Final = frozenset({"chat", "text_completion", "generate_content", "completion"})
_GIVEN: Final = frozenset({"input_str", "tags", "metadata"})
_RETURNED: Final = frozenset({"output", "kwargs"})
_NO_MODEL: Final = "unknown"
_MODEL_NAMES: Final = (
    "gen_ai.response.model",
    "gen_ai.request.model",
    "traceloop.association.properties.ls_model_name",
)
_INPUTS: Final = ("gen_ai.input.messages", "gen_ai.prompt", "gen_ai.request.messages")
_OUTPUTS: Final = ("gen_ai.output.messages", "gen_ai.completion", "gen_ai.response.messages")


def fill_from_attributes(span: Span, attributes: Mapping[str, JSONValue], row: Mapping[str, Any]) -> None:
    """What the attributes say of a span in either convention."""
    operation = read_text(attributes.get("gen_ai.operation.name"))
    kind = read_text(attributes.get(KIND) or row.get("span_kind")).upper()
    if kind == "LLM":
        _read_openinference_model(span, attributes)
    elif kind == "TOOL":
        _read_openinference_tool(span, attributes)
    elif operation in _MODELS:
        _read_genai_model(span, attributes, row)
    elif operation == "execute_tool" or attributes.get("gen_ai.tool.name"):
        _read_genai_tool(span, attributes)
    elif KIND in attributes:
        span.prompt = _read_messages(attributes, "llm.input_messages") or None


def _read_openinference_model(span: Span, attributes: Mapping[str, JSONValue]) -> None:
    span.kind = "model"
    span.model = read_text(attributes.get("llm.model_name"))
    span.prompt = _read_messages(attributes, "llm.input_messages") or None
    span.reply = _read_messages(attributes, "llm.output_messages")
    counts = {key: attributes.get(f"llm.token_count.{key}") for key in ("prompt", "completion")}
    if any(count is not None for count in counts.values()):
        span.usage = read_usage(
            {
                "prompt_tokens": counts["prompt"],
                "completion_tokens": counts["completion"],
                "cached_tokens": attributes.get("llm.token_count.prompt_details.cache_read"),
            }
        )
    shown = [tool.get("tool.json_schema") for tool in collect_indexed(attributes, "llm.tools")]
    parameters = read_object(attributes.get("llm.invocation_parameters"))
    span.offered = read_specs(shown) or read_specs(parameters.get("tools"))


def _read_messages(attributes: Mapping[str, JSONValue], prefix: str) -> list[JSONValue]:
    return [_convert_message(found) for found in collect_indexed(attributes, prefix)]


def _convert_message(found: Mapping[str, JSONValue]) -> JSONValue:
    """One of OpenInference's numbered messages in OpenAI's shape."""
    contents = collect_indexed(found, "message.contents")
    texts = [
        {
            "type": read_text(each.get("message_content.type")) or "text",
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
        for call in collect_indexed(found, "message.tool_calls")
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
    span.name = read_text(attributes.get("tool.name")) or span.name
    span.about = read_text(attributes.get("tool.description"))
    given = parse_container(
        attributes.get("tool.parameters")
        if attributes.get("input.value") is None
        else attributes["input.value"]
    )
    if isinstance(given, Mapping):
        span.args = to_json(given)
    elif given is not None:
        span.value = read_text(given)
    span.call_id = read_text(attributes.get("tool_call.id") or attributes.get("tool.id"))
    if attributes.get("output.value") is not None:
        read_result(span, attributes["output.value"])


def _read_genai_model(span: Span, attributes: Mapping[str, JSONValue], row: Mapping[str, Any]) -> None:
    span.kind = "model"
    named = (read_text(attributes.get(key)) for key in _MODEL_NAMES)
    span.model = next((name for name in named if name not in ("", _NO_MODEL)), "")
    inputs = next((list_in(attributes[key]) for key in _INPUTS if attributes.get(key)), None)
    prompt, reply = _read_events(row, attributes)
    span.prompt = inputs if inputs is not None else prompt or None
    system = list_in(attributes.get("gen_ai.system_instructions"))
    if system:
        span.prompt = [{"role": "system", "parts": system}, *(span.prompt or [])]
    span.reply = next((list_in(attributes[key]) for key in _OUTPUTS if attributes.get(key)), reply)
    span.usage = read_usage(
        {
            key.removeprefix("gen_ai.usage."): value
            for key, value in attributes.items()
            if key.startswith("gen_ai.usage.")
        }
        | {"total": 0}
    )
    span.offered = read_specs(
        attributes.get("gen_ai.tool.definitions")
        or read_object(attributes.get("model_request_parameters")).get("function_tools")
    )


def _read_events(
    row: Mapping[str, Any], attributes: Mapping[str, JSONValue]
) -> tuple[list[JSONValue], list[JSONValue]]:
    """Messages in the older way: an event each, or all of them in an attribute."""
    prompt: list[JSONValue] = []
    reply: list[JSONValue] = []
    for event in (*list_in(row.get("events")), *list_in(attributes.get("events"))):
        about = read_object(event)
        body = {**read_attributes(about), **about} if "attributes" in about else dict(about)
        name = read_text(about.get("name") or about.get("event.name"))
        if name == "gen_ai.choice":
            reply.append(read_object(body.get("message")) or body)
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
    span.name = read_text(attributes.get("gen_ai.tool.name")) or span.name.removeprefix("execute_tool ")
    span.about = read_text(attributes.get("gen_ai.tool.description"))
    span.call_id = read_text(attributes.get("gen_ai.tool.call.id"))
    written = next(
        (
            attributes[key]
            for key in ("gen_ai.tool.call.arguments", "tool_arguments", "input.value")
            if attributes.get(key) is not None
        ),
        None,
    )
    span.args = _decode_arguments(span, written) if written is not None else None
    output = next(
        (
            attributes[key]
            for key in ("gen_ai.tool.call.result", "tool_response", "output.value")
            if attributes.get(key) is not None
        ),
        None,
    )
    if output is not None:
        told = read_object(output)
        read_result(span, told["output"] if told.keys() == _RETURNED else output)


def _decode_arguments(span: Span, written: JSONValue) -> dict[str, JSONValue]:
    """The arguments of a call, also where OpenLLMetry writes all that LangChain's callback was given."""
    found = read_call_arguments(written)
    if not found.keys() >= _GIVEN:
        return found
    span.call_id = span.call_id or read_text(read_object(found.get("kwargs")).get("tool_call_id"))
    inner = read_arguments(found["inputs"] if found.get("inputs") else {"input_str": found["input_str"]})
    return found if inner is None else inner
