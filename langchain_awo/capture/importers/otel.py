"""Spans of OpenTelemetry in the conventions of OpenInference, of `gen_ai` and of Langfuse, as JSON, JSON lines, OTLP or columns.

A span of no convention still holds others together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.grouping import group_rows, merge_rows
from langchain_awo.capture.importers.labels import read_scores
from langchain_awo.capture.importers.langfuse import TYPE, read_sdk_span
from langchain_awo.capture.importers.lines import Numbered, list_in, read_object, read_text
from langchain_awo.capture.importers.otel_attributes import KIND, fill_from_attributes
from langchain_awo.capture.importers.otlp import (
    find_failure,
    get_parent_id,
    get_span_id,
    get_trace_id,
    is_otlp,
    read_attributes,
    read_spans,
)
from langchain_awo.capture.importers.span_trace import build_trace
from langchain_awo.capture.importers.spans import Span, parse_seconds
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace

_START: Final = ("startTimeUnixNano", "start_time_unix_nano", "start_time", "startTime")
_END: Final = ("endTimeUnixNano", "end_time_unix_nano", "end_time", "endTime")
_THREADS: Final = ("session.id", "gen_ai.conversation.id", "langfuse.session.id", "thread_id")


def is_openinference(value: Mapping[str, Any]) -> bool:
    """Whether a record is a span in the conventions of OpenInference."""
    return not is_otlp(value) and bool(get_span_id(value)) and KIND in read_attributes(value)


def is_otel(value: Mapping[str, Any]) -> bool:
    """Whether a record is an OTLP request, or a span of OpenTelemetry."""
    if is_otlp(value):
        return True
    is_span = bool(get_trace_id(value) and get_span_id(value)) and ("attributes" in value or "name" in value)
    return is_span and "observations" not in value and "spans" not in value


def read_otel(records: Iterable[Numbered], account: ImportAccount) -> Iterator[Trace]:
    """One trace for each trace of OpenTelemetry, from spans in any order."""
    spans = (span for record in records for span in read_spans(record))
    for first, rows in group_rows(spans, get_trace_id, account):
        with account.reading(first):
            unique = merge_rows(rows, get_span_id)
            yield build_trace(
                get_trace_id(rows[0]), map(_build_span, unique), account, scores=_collect_scores(unique)
            )


def _collect_scores(rows: Iterable[Mapping[str, Any]]) -> dict[str, JSONValue]:
    """Annotations as Phoenix puts them beside a span, and evaluations in events of the span."""
    given: list[tuple[Any, JSONValue]] = []
    for row in rows:
        for annotation in list_in(row.get("annotations")):
            about = read_object(annotation)
            result = read_object(about.get("result")) or about
            value = result.get("score")
            given.append((about.get("name"), result.get("label") if value is None else value))
        for event in list_in(row.get("events")):
            about = read_attributes(read_object(event))
            value = about.get("gen_ai.evaluation.score.value")
            given.append(
                (
                    about.get("gen_ai.evaluation.name"),
                    about.get("gen_ai.evaluation.score.label") if value is None else value,
                )
            )
    return read_scores(given)


def _build_span(row: Mapping[str, Any]) -> Span:
    attributes = read_attributes(row)
    if attributes.get(TYPE):
        return read_sdk_span(row, attributes)
    span = Span(
        span_id=get_span_id(row),
        parent_id=get_parent_id(row),
        name=read_text(row.get("name")),
        started_at=next((time for key in _START if (time := parse_seconds(row.get(key))) is not None), None),
        ended_at=next((time for key in _END if (time := parse_seconds(row.get(key))) is not None), None),
        error=find_failure(row, attributes),
        metadata=read_object(attributes.get("metadata")),
        tags=tuple(map(read_text, list_in(attributes.get("tag.tags")))),
        thread_id=next((read_text(attributes[key]) for key in _THREADS if attributes.get(key)), ""),
    )
    fill_from_attributes(span, attributes, row)
    return span
