"""Traces of MLflow: `trace.to_json()`, `mlflow traces get`, and the rows of `search_traces`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.labels import scores_in
from langchain_awo.capture.importers.langsmith import messages_in, read_result, reply_in
from langchain_awo.capture.importers.lines import (
    BadRecordError,
    Numbered,
    decoded,
    list_in,
    object_in,
    parsed,
    text_in,
)
from langchain_awo.capture.importers.otlp import failure_of, hex_id, parent_id_of, span_id_of
from langchain_awo.capture.importers.span_trace import trace_of
from langchain_awo.capture.importers.spans import Span, seconds_of
from langchain_awo.capture.importers.specs import specs_in
from langchain_awo.capture.importers.turns import usage_in
from langchain_awo.model.text.encoding import to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace

_KINDS: Final = {"CHAT_MODEL": "model", "LLM": "model", "TOOL": "tool"}
_THREAD: Final = "mlflow.trace.session"


def is_mlflow(value: Mapping[str, Any]) -> bool:
    """Whether a record is a trace of MLflow."""
    data = parsed(value.get("data"))
    if isinstance(data, Mapping) and "info" in value:
        return isinstance(parsed(data.get("spans")), list)
    return "spans" in value and bool({"trace_id", "request_id", "trace"} & value.keys())


def read_mlflow(records: Iterable[Numbered], account: ImportAccount) -> Iterator[Trace]:
    """One trace for each record."""
    for record in records:
        with account.reading(record):
            yield _trace(record.value, account)


def _trace(record: JSONValue, account: ImportAccount) -> Trace:
    if not isinstance(record, Mapping):
        raise BadRecordError("expected an object with info and data")
    whole = object_in(record.get("trace")) or record
    info = object_in(whole.get("info")) or whole
    spans = list_in(object_in(whole.get("data")).get("spans")) or list_in(whole.get("spans"))
    trace_id = text_in(info.get("trace_id") or info.get("request_id"))
    if not trace_id:
        raise BadRecordError("it has no trace_id")
    about = {**object_in(info.get("trace_metadata")), **object_in(info.get("request_metadata"))}
    assessments = list_in(info.get("assessments") or whole.get("assessments"))
    session = text_in(about.get(_THREAD))
    return trace_of(
        trace_id,
        [_span(object_in(span)) for span in spans],
        account,
        scores=scores_in(_score(object_in(each)) for each in assessments),
        further={"thread_id": session} if session else {},
    )


def _score(assessment: Mapping[str, Any]) -> tuple[Any, JSONValue]:
    name = assessment.get("assessment_name") or assessment.get("name")
    holder = object_in(assessment.get("feedback")) or object_in(assessment.get("expectation"))
    return name, holder.get("value")


def _span(row: Mapping[str, Any]) -> Span:
    attributes = {key: decoded(value) for key, value in object_in(row.get("attributes")).items()}
    metadata = object_in(attributes.get("metadata"))
    span = Span(
        span_id=span_id_of(row),
        parent_id=hex_id(row.get("parent_span_id") or row.get("parent_id")) or parent_id_of(row),
        kind=_KINDS.get(text_in(attributes.get("mlflow.spanType")), "other"),  # type: ignore[arg-type]
        name=text_in(row.get("name")),
        started_at=seconds_of(row.get("start_time_unix_nano") or row.get("start_time")),
        ended_at=seconds_of(row.get("end_time_unix_nano") or row.get("end_time")),
        error=failure_of(row, attributes),
        metadata=metadata,
    )
    inputs = parsed(attributes.get("mlflow.spanInputs"))
    outputs = parsed(attributes.get("mlflow.spanOutputs"))
    if isinstance(inputs, Mapping):
        span.prompt = messages_in(inputs)
    if span.kind == "model":
        _read_model(span, attributes, outputs)
    elif span.kind == "tool":
        span.args = to_json(inputs) if isinstance(inputs, Mapping) else None
        span.call_id = text_in(attributes.get("tool_call_id"))
        read_result(span, outputs)
    return span


def _read_model(span: Span, attributes: Mapping[str, JSONValue], outputs: JSONValue) -> None:
    parameters = object_in(attributes.get("invocation_params"))
    span.reply = reply_in(outputs if isinstance(outputs, Mapping) else {"output": outputs})
    span.offered = specs_in(attributes.get("mlflow.chat.tools")) or specs_in(parameters.get("tools"))
    span.usage = usage_in(attributes.get("mlflow.chat.tokenUsage"))
    span.model = text_in(attributes.get("mlflow.llm.model") or span.metadata.get("ls_model_name"))
