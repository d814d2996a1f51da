"""OTLP requests and exported spans as flat rows: one span each, with its attributes under dotted keys."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, Final

from langchain_awo.capture.importers.lines import Numbered, list_in, parse_container, read_object, read_text
from langchain_awo.model.text.json_value import JSONValue

_RESOURCES: Final = ("resourceSpans", "resource_spans")
_SCOPES: Final = ("scopeSpans", "scope_spans", "instrumentationLibrarySpans")
_VALUES: Final = (
    *(
        "stringValue",
        "string_value",
        "intValue",
        "int_value",
        "doubleValue",
        "double_value",
        "boolValue",
        "bool_value",
    ),
    *("bytesValue", "bytes_value"),
)
_ID_LENGTHS: Final = (8, 16)
_DEEPEST: Final = 20
_CONTAINERS: Final = ("llm", "tool", "input", "output", "openinference", "session", "gen_ai")


def is_otlp(value: Mapping[str, Any]) -> bool:
    """Whether a record is an OTLP request or a part of one."""
    return any(isinstance(value.get(key), list) for key in (*_RESOURCES, *_SCOPES))


def read_spans(record: Numbered) -> Iterator[Numbered]:
    """The spans of a record, which may be an OTLP request or a span itself."""
    value = record.value
    if not isinstance(value, Mapping):
        yield record
    elif is_otlp(value):
        resources = [each for key in _RESOURCES for each in list_in(value.get(key))] or [value]
        for resource in resources:
            scopes = [each for key in _SCOPES for each in list_in(read_object(resource).get(key))]
            for scope in scopes:
                for span in list_in(read_object(scope).get("spans")):
                    yield Numbered(record.number, span)
    else:
        yield record


def get_trace_id(span: Mapping[str, Any]) -> str:
    """The id of the trace that a span is of, in hexadecimal digits."""
    context = read_object(span.get("context"))
    found = (span.get("traceId"), span.get("trace_id"), context.get("trace_id"), span.get("context.trace_id"))
    return convert_to_hex(next((each for each in found if each), ""))


def get_span_id(span: Mapping[str, Any]) -> str:
    """The id of a span, in hexadecimal digits."""
    context = read_object(span.get("context"))
    found = (span.get("spanId"), span.get("span_id"), context.get("span_id"), span.get("context.span_id"))
    return convert_to_hex(next((each for each in found if each), ""))


def get_parent_id(span: Mapping[str, Any]) -> str:
    """The id of the span around a span, empty when there is none."""
    found = (span.get("parentSpanId"), span.get("parent_span_id"), span.get("parent_id"))
    return convert_to_hex(next((each for each in found if each), ""))


def convert_to_hex(value: JSONValue) -> str:
    """An id without `0x`; one in base64 in hexadecimal digits."""
    text = read_text(value).removeprefix("0x")
    if text.endswith("=") or (text and not text.isalnum()):
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return text
        return data.hex() if len(data) in _ID_LENGTHS else text
    return text


def read_attributes(holder: Mapping[str, Any]) -> dict[str, JSONValue]:
    """The attributes of a span or an event under dotted keys, however they are nested or kept apart as columns."""
    given = parse_container(holder.get("attributes"))
    flat: dict[str, JSONValue] = {}
    if isinstance(given, list):
        for pair in given:
            if isinstance(pair, Mapping) and isinstance(pair.get("key"), str):
                flat[pair["key"]] = _unwrap_value(pair.get("value"))
        return flat
    for key, value in given.items() if isinstance(given, Mapping) else ():
        _flatten(str(key), value, flat, 0)
    for key, value in holder.items():
        if key.startswith("attributes.") and value is not None:
            name = key.removeprefix("attributes.")
            _flatten(name, parse_container(value) if name in _CONTAINERS else value, flat, 0)
    return flat


def _flatten(key: str, value: JSONValue, flat: dict[str, JSONValue], depth: int) -> None:
    flat[key] = value
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _flatten(f"{key}.{name}", inner, flat, depth + 1)
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for position, inner in enumerate(value):
            _flatten(f"{key}.{position}", inner, flat, depth + 1)


def _unwrap_value(value: JSONValue) -> JSONValue:
    if not isinstance(value, Mapping):
        return value
    for key in _VALUES:
        if key in value:
            found = value[key]
            return (
                int(found) if key.startswith("int") and isinstance(found, str) and found.isdigit() else found
            )
    listed = value.get("arrayValue") or value.get("array_value")
    if isinstance(listed, Mapping):
        return [_unwrap_value(each) for each in list_in(listed.get("values"))]
    pairs = read_object(value.get("kvlistValue") or value.get("kvlist_value"))
    return {
        read_text(read_object(pair).get("key")): _unwrap_value(read_object(pair).get("value"))
        for pair in list_in(pairs.get("values"))
    }


def collect_indexed(attributes: Mapping[str, JSONValue], prefix: str) -> list[dict[str, JSONValue]]:
    """Attributes such as `PREFIX.0.name`, `PREFIX.1.name` as a list of objects with the rest of their keys."""
    found: dict[int, dict[str, JSONValue]] = {}
    start = f"{prefix}."
    for key, value in attributes.items():
        if key.startswith(start):
            number, _, rest = key[len(start) :].partition(".")
            if number.isdigit() and len(number) < _DEEPEST:
                found.setdefault(int(number), {})[rest] = value
    return [found[number] for number in sorted(found)]


def find_failure(span: Mapping[str, Any], attributes: Mapping[str, JSONValue]) -> str | None:
    """What went wrong in a span: of its exception event, else its status; `None` when nothing did."""
    status = read_object(span.get("status"))
    code = status.get("status_code", status.get("code", span.get("status_code", span.get("statusCode"))))
    message = read_text(status.get("description") or status.get("message") or span.get("status_message"))
    is_error = str(code).upper() in ("ERROR", "STATUS_CODE_ERROR", "2", "STATUSCODE.ERROR")
    for event in list_in(span.get("events")):
        about = read_attributes(read_object(event))
        if is_error and about.get("exception.type"):
            kind = read_text(about["exception.type"]).rpartition(".")[2]
            said = read_text(about.get("exception.message"))
            return f"{kind}: {said}" if said else kind
    if not is_error:
        return None
    return message or read_text(attributes.get("error.type")) or "error"
