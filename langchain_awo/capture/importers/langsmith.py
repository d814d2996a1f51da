"""Runs of LangSmith: rows of `list_runs`, of exports, of its ingest requests, and of bulk exports in Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from langchain_awo.capture.importers.account import ImportAccount
from langchain_awo.capture.importers.blocks import id_in, output_of
from langchain_awo.capture.importers.chat import is_message, unwrap
from langchain_awo.capture.importers.grouping import grouped, merged
from langchain_awo.capture.importers.labels import scores_in
from langchain_awo.capture.importers.lines import Numbered, list_in, object_in, parsed, text_in
from langchain_awo.capture.importers.python_text import value_in
from langchain_awo.capture.importers.span_trace import trace_of
from langchain_awo.capture.importers.spans import Span, seconds_of
from langchain_awo.capture.importers.specs import specs_in
from langchain_awo.capture.importers.turns import usage_in
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
    flat = (run for record in records for run in _flattened(record))
    for first, rows in grouped(flat, _trace_id, account):
        with account.reading(first):
            runs = merged(rows, lambda row: text_in(row.get("id")))
            spans = [_span(run) for run in runs]
            yield trace_of(_trace_id(rows[0]), spans, account, scores=_scores(runs), further=_further(runs))


def _flattened(record: Numbered) -> Iterator[Numbered]:
    """The runs of a record: those of a request, and those inside of others."""
    value = record.value
    if not isinstance(value, Mapping):
        yield record
        return
    held = [run for key in _WRAPPERS for run in list_in(value.get(key))]
    children = list_in(value.get("child_runs"))
    if not held:
        yield Numbered(record.number, {key: item for key, item in value.items() if key != "child_runs"})
    trace_id = _trace_id(value)
    for run in (*held, *children):
        inner = {"trace_id": trace_id, **run} if trace_id and isinstance(run, Mapping) else run
        yield from _flattened(Numbered(record.number, inner))


def _trace_id(run: Mapping[str, Any]) -> str:
    if run.get("trace_id"):
        return text_in(run["trace_id"])
    order = text_in(run.get("dotted_order"))
    if order:
        return order.split(".")[0].rpartition("Z")[2]
    return "" if run.get("parent_run_id") else text_in(run.get("id"))


def _span(run: Mapping[str, Any]) -> Span:
    extra = object_in(run.get("extra"))
    inputs, outputs = object_in(run.get("inputs")), parsed(run.get("outputs"))
    outputs = outputs if isinstance(outputs, Mapping) else {"output": outputs}
    span = Span(
        span_id=text_in(run.get("id")),
        parent_id=text_in(run.get("parent_run_id")),
        kind=_KINDS.get(text_in(run.get("run_type")), "other"),  # type: ignore[arg-type]
        name=text_in(run.get("name")),
        started_at=seconds_of(run.get("start_time")),
        ended_at=seconds_of(run.get("end_time")),
        error=text_in(run.get("error")) or None,
        metadata=object_in(extra.get("metadata")),
        tags=tuple(map(text_in, list_in(run.get("tags")))),
        prompt=messages_in(inputs),
    )
    metadata = span.metadata
    thread = next(
        (metadata[key] for key in ("thread_id", "session_id", "conversation_id") if metadata.get(key)), None
    )
    span.thread_id = text_in(thread)
    if span.kind == "model":
        _read_model(span, run, extra, outputs)
    elif span.kind == "tool":
        _read_tool(span, run, extra, outputs)
    return span


def messages_in(inputs: Mapping[str, Any]) -> list[JSONValue] | None:
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
    parameters = object_in(extra.get("invocation_params"))
    inputs = object_in(run.get("inputs"))
    span.offered = specs_in(parameters.get("tools") or parameters.get("functions") or inputs.get("tools"))
    names = (
        span.metadata.get("ls_model_name"),
        parameters.get("model"),
        parameters.get("model_name"),
        inputs.get("model"),
    )
    span.model = next((text_in(name) for name in names if name), "")
    span.reply = reply_in(outputs)
    reported = object_in(outputs.get("llm_output"))
    usages = (
        outputs.get("usage_metadata"),
        outputs.get("usage"),
        reported.get("token_usage"),
        span.metadata.get("usage_metadata"),
        run,
    )
    message = unwrap(span.reply[0]) if span.reply else {}
    own = usage_in(message.get("usage_metadata")) if isinstance(message, Mapping) else None
    span.usage = own or next((usage for each in usages if (usage := usage_in(each))), None)


def reply_in(outputs: Mapping[str, Any]) -> list[JSONValue]:
    """The message that a model gave: LangChain's generation, OpenAI's choice, or the outputs themselves."""
    generations: JSONValue = outputs.get("generations")
    while isinstance(generations, list) and generations:
        generations = generations[0]
    if isinstance(generations, Mapping):
        message = generations.get("message")
        return [message or {"role": "assistant", "content": text_in(generations.get("text"))}]
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
    span.args = arguments_in(run.get("inputs"))
    span.call_id = id_in(extra.get("tool_call_id"))
    read_result(span, outputs.get("output", outputs or None))
    about = object_in(run.get("serialized")).get("description")
    span.about = text_in(about)


def arguments_in(inputs: JSONValue) -> dict[str, JSONValue] | None:
    """The arguments of a tool's run: an object, JSON text, or the Python text that older tracers wrote."""
    value = value_in(inputs)
    if isinstance(value, Mapping) and set(value) in ({"input"}, {"input_str"}):
        inner = value_in(next(iter(value.values())))
        value = inner if isinstance(inner, Mapping) else value
    found: dict[str, JSONValue] | None = to_json(value) if isinstance(value, Mapping) else None
    return found


def read_result(span: Span, output: JSONValue) -> None:
    """What a tool gave, which may be a message that says more: the call it answers, and whether it failed."""
    message = unwrap(parsed(output))
    if not isinstance(message, Mapping) or not (
        {"tool_call_id", "status"} & message.keys() and "content" in message
    ):
        span.output = output_of(output)
        return
    span.call_id = span.call_id or id_in(message.get("tool_call_id"))
    span.output = project_output(output_of(message.get("content")), message.get("artifact"))
    if message.get("status") == "error" and not span.error:
        span.error = text_in(message.get("content")) or "error"


def _scores(runs: Iterable[Mapping[str, Any]]) -> dict[str, JSONValue]:
    """Feedback on the run: the averages that rows carry, or the rows of feedback themselves."""
    given: list[tuple[Any, JSONValue]] = []
    for run in runs:
        for key, stats in object_in(run.get("feedback_stats")).items():
            about = object_in(stats)
            given.append((key, about.get("avg") if about.get("avg") is not None else about.get("score")))
        for feedback in list_in(run.get("feedback")):
            about = object_in(feedback)
            value = about.get("score")
            given.append((about.get("key"), about.get("value") if value is None else value))
    return scores_in(given)


def _further(runs: Iterable[Mapping[str, Any]]) -> dict[str, JSONValue]:
    """The example of a data set that the run was made for is its task."""
    example = next(
        (text_in(run["reference_example_id"]) for run in runs if run.get("reference_example_id")), ""
    )
    return {"task_id": example} if example else {}
