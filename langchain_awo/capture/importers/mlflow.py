"""Traces of MLflow: `trace.to_json()`, `mlflow traces get`, and the rows of `search_traces`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.labels import read_scores
from langchain_awo.capture.importers.langsmith import read_messages, read_result, reply_in
from langchain_awo.capture.importers.lines import (
    BadRecordError,
    Numbered,
    list_in,
    parse_attribute,
    parse_container,
    read_object,
    read_text,
)
from langchain_awo.capture.importers.otlp import convert_to_hex, find_failure, get_parent_id, get_span_id
from langchain_awo.capture.importers.span_trace import build_trace
from langchain_awo.capture.importers.spans import Span, parse_seconds
from langchain_awo.capture.importers.specs import read_specs
from langchain_awo.capture.importers.turns import read_usage
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace

_KINDS: Final = {"CHAT_MODEL": "model", "LLM": "model", "TOOL": "tool"}
_THREAD: Final = "mlflow.trace.session"


def is_mlflow(value: Mapping[str, Any]) -> bool:
    """Whether a record is a trace of MLflow."""
    data = parse_container(value.get("data"))
    if isinstance(data, Mapping) and "info" in value:
        return isinstance(parse_container(data.get("spans")), list)
    return "spans" in value and bool({"trace_id", "request_id", "trace"} & value.keys())


def read_mlflow(records: Iterable[Numbered], account: ImportAccount) -> Iterator[Trace]:
    """One trace for each record."""
    for record in records:
        with account.reading(record):
            yield _read_record(record.value, account)


def _read_record(record: JSONValue, account: ImportAccount) -> Trace:
    if not isinstance(record, Mapping):
        raise BadRecordError("expected an object with info and data")
    whole = read_object(record.get("trace")) or record
    info = read_object(whole.get("info")) or whole
    spans = list_in(read_object(whole.get("data")).get("spans")) or list_in(whole.get("spans"))
    trace_id = read_text(info.get("trace_id") or info.get("request_id"))
    if not trace_id:
        raise BadRecordError("it has no trace_id")
    about = {**read_object(info.get("trace_metadata")), **read_object(info.get("request_metadata"))}
    assessments = list_in(info.get("assessments") or whole.get("assessments"))
    session = read_text(about.get(_THREAD))
    return build_trace(
        trace_id,
        [_build_span(read_object(span)) for span in spans],
        account,
        scores=read_scores(_read_score(read_object(each)) for each in assessments),
        further={"thread_id": session} if session else {},
    )


def _read_score(assessment: Mapping[str, Any]) -> tuple[Any, JSONValue]:
    name = assessment.get("assessment_name") or assessment.get("name")
    holder = read_object(assessment.get("feedback")) or read_object(assessment.get("expectation"))
    return name, holder.get("value")


def _build_span(row: Mapping[str, Any]) -> Span:
    attributes = {key: parse_attribute(value) for key, value in read_object(row.get("attributes")).items()}
    metadata = read_object(attributes.get("metadata"))
    span = Span(
        span_id=get_span_id(row),
        parent_id=convert_to_hex(row.get("parent_span_id") or row.get("parent_id")) or get_parent_id(row),
        kind=_KINDS.get(read_text(attributes.get("mlflow.spanType")), "other"),  # type: ignore[arg-type]
        name=read_text(row.get("name")),
        started_at=parse_seconds(row.get("start_time_unix_nano") or row.get("start_time")),
        ended_at=parse_seconds(row.get("end_time_unix_nano") or row.get("end_time")),
        error=find_failure(row, attributes),
        metadata=metadata,
    )
    inputs = parse_container(attributes.get("mlflow.spanInputs"))
    outputs = parse_container(attributes.get("mlflow.spanOutputs"))
    if isinstance(inputs, Mapping):
        span.prompt = read_messages(inputs)
    if span.kind == "model":
        _read_model(span, attributes, outputs)
    elif span.kind == "tool":
        span.args = to_json(inputs) if isinstance(inputs, Mapping) else None
        span.call_id = read_text(attributes.get("tool_call_id"))
        read_result(span, outputs)
    return span


def _read_model(span: Span, attributes: Mapping[str, JSONValue], outputs: JSONValue) -> None:
    parameters = read_object(attributes.get("invocation_params"))
    span.reply = reply_in(outputs if isinstance(outputs, Mapping) else {"output": outputs})
    span.offered = read_specs(attributes.get("mlflow.chat.tools")) or read_specs(parameters.get("tools"))
    span.usage = read_usage(attributes.get("mlflow.chat.tokenUsage"))
    span.model = read_text(attributes.get("mlflow.llm.model") or span.metadata.get("ls_model_name"))
