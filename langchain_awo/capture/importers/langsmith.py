"""Runs of LangSmith: rows of `list_runs`, of exports, of its ingest requests, and of bulk exports in Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.blocks import read_id, read_output
from langchain_awo.capture.importers.chat import is_message, unwrap
from langchain_awo.capture.importers.grouping import group_rows, merge_rows
from langchain_awo.capture.importers.labels import read_scores
from langchain_awo.capture.importers.lines import Numbered, list_in, parse_container, read_object, read_text
from langchain_awo.capture.importers.python_text import parse_python_value
from langchain_awo.capture.importers.span_trace import build_trace
from langchain_awo.capture.importers.spans import Span, parse_seconds
from langchain_awo.capture.importers.specs import read_specs
from langchain_awo.capture.importers.turns import read_usage
from langchain_awo.model.text.encoding import project_output, to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import Trace

_KINDS: Final = {"llm": "model", "tool": "tool"}
_WRAPPERS: Final = ("runs", "post", "patch")


def is_runs(value: Mapping[str, Any]) -> bool:
    """Whether a record is a run, or a request with runs."""
    if any(isinstance(value.get(key), list) for key in ("post", "patch")):
        return True
    return "run_type" in value or {"dotted_order", "trace_id"} <= value.keys()


def read_langsmith(records: Iterable[Numbered], account: ImportAccount) -> Iterator[Trace]:
    """One trace for each root run, from runs in any order."""
    flat = (run for record in records for run in _flatten_runs(record))
    for first, rows in group_rows(flat, _find_trace_id, account):
        with account.reading(first):
            runs = merge_rows(rows, lambda row: read_text(row.get("id")))
            spans = [_build_span(run) for run in runs]
            yield build_trace(
                _find_trace_id(rows[0]),
                spans,
                account,
                scores=_collect_scores(runs),
                further=_find_task(runs),
            )


def _flatten_runs(record: Numbered) -> Iterator[Numbered]:
    """The runs of a record: those of a request, and those inside of others."""
    value = record.value
    if not isinstance(value, Mapping):
        yield record
        return
    held = [run for key in _WRAPPERS for run in list_in(value.get(key))]
    children = list_in(value.get("child_runs"))
    if not held:
        yield Numbered(record.number, {key: item for key, item in value.items() if key != "child_runs"})
    trace_id = _find_trace_id(value)
    for run in (*held, *children):
        inner = {"trace_id": trace_id, **run} if trace_id and isinstance(run, Mapping) else run
        yield from _flatten_runs(Numbered(record.number, inner))


def _find_trace_id(run: Mapping[str, Any]) -> str:
    if run.get("trace_id"):
        return read_text(run["trace_id"])
    order = read_text(run.get("dotted_order"))
    if order:
        return order.split(".")[0].rpartition("Z")[2]
    return "" if run.get("parent_run_id") else read_text(run.get("id"))


def _build_span(run: Mapping[str, Any]) -> Span:
    extra = read_object(run.get("extra"))
    inputs, outputs = read_object(run.get("inputs")), parse_container(run.get("outputs"))
    outputs = outputs if isinstance(outputs, Mapping) else {"output": outputs}
    span = Span(
        span_id=read_text(run.get("id")),
        parent_id=read_text(run.get("parent_run_id")),
        kind=_KINDS.get(read_text(run.get("run_type")), "other"),  # type: ignore[arg-type]
        name=read_text(run.get("name")),
        started_at=parse_seconds(run.get("start_time")),
        ended_at=parse_seconds(run.get("end_time")),
        error=read_text(run.get("error")) or None,
        metadata=read_object(extra.get("metadata")),
        tags=tuple(map(read_text, list_in(run.get("tags")))),
        prompt=read_messages(inputs),
    )
    metadata = span.metadata
    thread = next(
        (metadata[key] for key in ("thread_id", "session_id", "conversation_id") if metadata.get(key)), None
    )
    span.thread_id = read_text(thread)
    if span.kind == "model":
        _read_model(span, run, extra, outputs)
    elif span.kind == "tool":
        _read_tool(span, run, extra, outputs)
    return span


def read_messages(inputs: Mapping[str, Any]) -> list[JSONValue] | None:
    """The messages among the inputs of a run, which LangChain writes as a list of lists."""
    found = inputs.get("messages")
    if isinstance(found, list) and found and isinstance(found[0], list) and not is_message(found[0]):
        found = found[0]
    if isinstance(found, list) and all(is_message(message) for message in found):
        return found
    return None


def _read_model(
    span: Span, run: Mapping[str, Any], extra: Mapping[str, Any], outputs: Mapping[str, Any]
) -> None:
    parameters = read_object(extra.get("invocation_params"))
    inputs = read_object(run.get("inputs"))
    span.offered = read_specs(parameters.get("tools") or parameters.get("functions") or inputs.get("tools"))
    names = (
        span.metadata.get("ls_model_name"),
        parameters.get("model"),
        parameters.get("model_name"),
        inputs.get("model"),
    )
    span.model = next((read_text(name) for name in names if name), "")
    span.reply = reply_in(outputs)
    reported = read_object(outputs.get("llm_output"))
    usages = (
        outputs.get("usage_metadata"),
        outputs.get("usage"),
        reported.get("token_usage"),
        span.metadata.get("usage_metadata"),
        run,
    )
    message = unwrap(span.reply[0]) if span.reply else {}
    own = read_usage(message.get("usage_metadata")) if isinstance(message, Mapping) else None
    span.usage = own or next((usage for each in usages if (usage := read_usage(each))), None)


def reply_in(outputs: Mapping[str, Any]) -> list[JSONValue]:
    """The message that a model gave: LangChain's generation, OpenAI's choice, or the outputs themselves."""
    generations: JSONValue = outputs.get("generations")
    while isinstance(generations, list) and generations:
        generations = generations[0]
    if isinstance(generations, Mapping):
        message = generations.get("message")
        return [message or {"role": "assistant", "content": read_text(generations.get("text"))}]
    choices = list_in(outputs.get("choices"))
    if choices and isinstance(choices[0], Mapping) and choices[0].get("message"):
        return [choices[0]["message"]]
    for found in (outputs.get("message"), outputs.get("output"), outputs):
        if is_message(found):
            return [found]
    listed = list_in(outputs.get("output") or outputs.get("messages"))
    return [each for each in listed if isinstance(each, Mapping)]


def _read_tool(
    span: Span, run: Mapping[str, Any], extra: Mapping[str, Any], outputs: Mapping[str, Any]
) -> None:
    span.args = read_arguments(run.get("inputs"))
    span.call_id = read_id(extra.get("tool_call_id"))
    read_result(span, outputs.get("output", outputs or None))
    about = read_object(run.get("serialized")).get("description")
    span.about = read_text(about)


def read_arguments(inputs: JSONValue) -> dict[str, JSONValue] | None:
    """The arguments of a tool's run: an object, JSON text, or the Python text that older tracers wrote."""
    value = parse_python_value(inputs)
    if isinstance(value, Mapping) and set(value) in ({"input"}, {"input_str"}):
        inner = parse_python_value(next(iter(value.values())))
        value = inner if isinstance(inner, Mapping) else value
    found: dict[str, JSONValue] | None = to_json(value) if isinstance(value, Mapping) else None
    return found


def read_result(span: Span, output: JSONValue) -> None:
    """What a tool gave, which may be a message that says more: the call it answers, and whether it failed."""
    message = unwrap(parse_container(output))
    if not isinstance(message, Mapping) or not (
        {"tool_call_id", "status"} & message.keys() and "content" in message
    ):
        span.output = read_output(output)
        return
    span.call_id = span.call_id or read_id(message.get("tool_call_id"))
    span.output = project_output(read_output(message.get("content")), message.get("artifact"))
    if message.get("status") == "error" and not span.error:
        span.error = read_text(message.get("content")) or "error"


def _collect_scores(runs: Iterable[Mapping[str, Any]]) -> dict[str, JSONValue]:
    """Feedback on the run: the averages that rows carry, or the rows of feedback themselves."""
    given: list[tuple[Any, JSONValue]] = []
    for run in runs:
        for key, stats in read_object(run.get("feedback_stats")).items():
            about = read_object(stats)
            given.append((key, about.get("avg") if about.get("avg") is not None else about.get("score")))
        for feedback in list_in(run.get("feedback")):
            about = read_object(feedback)
            value = about.get("score")
            given.append((about.get("key"), about.get("value") if value is None else value))
    return read_scores(given)


def _find_task(runs: Iterable[Mapping[str, Any]]) -> dict[str, JSONValue]:
    """The example of a data set that the run was made for is its task."""
    example = next(
        (read_text(run["reference_example_id"]) for run in runs if run.get("reference_example_id")), ""
    )
    return {"task_id": example} if example else {}
