"""Spans of OpenTelemetry in the conventions of OpenInference, of `gen_ai` and of Langfuse, as JSON, JSON lines, OTLP or columns.

A span of no convention still holds others together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.grouping import grouped, merged
from langchain_awo.capture.importers.labels import scores_in
from langchain_awo.capture.importers.langfuse import TYPE, span_of_attributes
from langchain_awo.capture.importers.lines import Numbered, list_in, object_in, text_in
from langchain_awo.capture.importers.otel_attributes import KIND, fill_from_attributes
from langchain_awo.capture.importers.otlp import (
    attributes_of,
    failure_of,
    is_otlp,
    parent_id_of,
    span_id_of,
    spans_in,
    trace_id_of,
)
from langchain_awo.capture.importers.span_trace import trace_of
from langchain_awo.capture.importers.spans import Span, seconds_of
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace

_START: Final = ("startTimeUnixNano", "start_time_unix_nano", "start_time", "startTime")
_END: Final = ("endTimeUnixNano", "end_time_unix_nano", "end_time", "endTime")
_THREADS: Final = ("session.id", "gen_ai.conversation.id", "langfuse.session.id", "thread_id")


def is_openinference(value: Mapping[str, Any]) -> bool:
    """Whether a record is a span in the conventions of OpenInference."""
    return not is_otlp(value) and bool(span_id_of(value)) and KIND in attributes_of(value)


def is_otel(value: Mapping[str, Any]) -> bool:
    """Whether a record is an OTLP request, or a span of OpenTelemetry."""
    if is_otlp(value):
        return True
    is_span = bool(trace_id_of(value) and span_id_of(value)) and ("attributes" in value or "name" in value)
    return is_span and "observations" not in value and "spans" not in value


def read_otel(records: Iterable[Numbered], account: ImportAccount) -> Iterator[Trace]:
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
    if attributes.get(TYPE):
        return span_of_attributes(row, attributes)
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
