"""Runs as tracing tools keep them: spans."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from tests.capture.bad_input.runs import (
    ASKED,
    TOOL,
    Family,
    Row,
    Run,
    Step,
    called,
    prompt_of,
    span_id,
    steps_of,
)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _told(run: Run, step: Step) -> Row:
    return {
        "type": "tool",
        "content": run.output,
        "tool_call_id": run.id_of(step.number),
        "name": TOOL,
        "status": "success",
    }


def langsmith(run: Run) -> Iterator[Row]:
    """Rows as `list_runs` gives them."""
    root = f"{run.name}-root"
    about = {"trace_id": root, "start_time": _moment(0)}
    yield {
        **about,
        "id": root,
        "parent_run_id": None,
        "run_type": "chain",
        "name": "agent",
        "inputs": {},
        "outputs": {},
    }
    for step in steps_of(run):
        row = {
            "id": f"{run.name}-{step.place}",
            "trace_id": root,
            "parent_run_id": run.parent if run.parent is not None else root,
            "run_type": "llm" if step.kind == "model" else "tool",
            "name": "chat" if step.kind == "model" else TOOL,
            "start_time": _moment(step.started),
            "end_time": _moment(step.started + 0.5),
        }
        if step.kind == "model":
            said = {"choices": [{"message": called(run, step.number)}]}
            yield {**row, "inputs": {"messages": prompt_of(run, step.number)}, "outputs": said}
        else:
            yield {**row, "inputs": {"boat": step.number}, "outputs": {"output": _told(run, step)}}


def langfuse(run: Run) -> Iterator[Row]:
    """A trace with its observations."""
    observations = []
    for step in steps_of(run):
        model = step.kind == "model"
        observations.append(
            {
                "id": f"{run.name}-{step.place}",
                "traceId": run.name,
                "type": "GENERATION" if model else "TOOL",
                "name": "chat" if model else TOOL,
                "parentObservationId": run.parent,
                "startTime": _moment(step.started),
                "endTime": _moment(step.started + 0.5),
                "input": prompt_of(run, step.number) if model else {"boat": step.number},
                "output": called(run, step.number) if model else _told(run, step),
            }
        )
    yield {"trace": {"id": run.name}, "observations": observations}


def openinference(run: Run) -> Iterator[Row]:
    """Spans of Phoenix with flat keys."""
    for step in steps_of(run):
        attributes = (
            _openinference_model(run, step) if step.kind == "model" else _openinference_tool(run, step)
        )
        yield {
            "name": "chat" if step.kind == "model" else TOOL,
            "context": {"trace_id": run.name, "span_id": span_id(step.place)},
            "parent_id": run.root,
            "start_time": _moment(step.started),
            "end_time": _moment(step.started + 0.5),
            "status": {"status_code": "OK"},
            "attributes": attributes,
        }


def _openinference_model(run: Run, step: Step) -> Row:
    found: Row = {"openinference.span.kind": "LLM", "llm.model_name": "m-1"}
    for side, messages in (("input", prompt_of(run, step.number)), ("output", [called(run, step.number)])):
        for place, message in enumerate(messages):
            start = f"llm.{side}_messages.{place}.message"
            found |= {
                f"{start}.{key}": message[key]
                for key in ("role", "content", "tool_call_id")
                if key in message
            }
            for number, call in enumerate(message.get("tool_calls", ())):
                inner = f"{start}.tool_calls.{number}.tool_call"
                found |= {
                    f"{inner}.id": call["id"],
                    **{f"{inner}.function.{k}": v for k, v in call["function"].items()},
                }
    return found


def _openinference_tool(run: Run, step: Step) -> Row:
    return {
        "openinference.span.kind": "TOOL",
        "tool.name": TOOL,
        "input.value": str(step.number),
        "output.value": json.dumps({"type": "tool", "data": _told(run, step)}),
    }


def genai(run: Run) -> Iterator[Row]:
    """OTLP requests with one span each, in the `gen_ai` conventions."""
    for step in steps_of(run):
        given = _genai_model(run, step) if step.kind == "model" else _genai_tool(run, step)
        attributes = [{"key": key, "value": {"stringValue": value}} for key, value in given.items()]
        span = {
            "traceId": run.name,
            "spanId": span_id(step.place),
            "parentSpanId": run.root,
            "name": given["gen_ai.operation.name"],
            "startTimeUnixNano": str(int(step.started * 10**9)),
            "endTimeUnixNano": str(int(step.started * 10**9) + 500_000_000),
            "status": {},
            "attributes": attributes,
        }
        yield {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


def _genai_model(run: Run, step: Step) -> Row:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m-1",
        "gen_ai.input.messages": json.dumps([_in_parts(each) for each in prompt_of(run, step.number)]),
        "gen_ai.output.messages": json.dumps([_in_parts(called(run, step.number))]),
    }


def _in_parts(message: Row) -> Row:
    if message["role"] == "tool":
        answer = {"type": "tool_call_response", "id": message["tool_call_id"], "response": message["content"]}
        return {"role": "tool", "parts": [answer]}
    parts: list[Any] = [{"type": "text", "content": message["content"]}] if message["content"] else []
    parts += [
        {
            "type": "tool_call",
            "id": each["id"],
            "name": TOOL,
            "arguments": json.loads(each["function"]["arguments"]),
        }
        for each in message.get("tool_calls", ())
    ]
    return {"role": message["role"], "parts": parts}


def _genai_tool(run: Run, step: Step) -> Row:
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": TOOL,
        "gen_ai.tool.call.id": run.id_of(step.number),
        "gen_ai.tool.call.arguments": json.dumps({"boat": step.number}),
        "gen_ai.tool.call.result": run.text,
    }


def mlflow(run: Run) -> Iterator[Row]:
    """The stored form, in which every attribute is JSON text."""
    spans = []
    for step in steps_of(run):
        model = step.kind == "model"
        said = {"choices": [{"message": called(run, step.number)}]} if model else _told(run, step)
        attributes = {
            "mlflow.spanType": "CHAT_MODEL" if model else "TOOL",
            "mlflow.spanInputs": {"messages": prompt_of(run, step.number)}
            if model
            else {"boat": step.number},
            "mlflow.spanOutputs": said,
            **({} if model else {"tool_call_id": run.id_of(step.number)}),
        }
        spans.append(
            {
                "span_id": span_id(step.place),
                "parent_span_id": run.root,
                "name": "chat" if model else TOOL,
                "start_time_unix_nano": int(step.started * 10**9),
                "end_time_unix_nano": int(step.started * 10**9) + 500_000_000,
                "status": {"code": "STATUS_CODE_OK", "message": ""},
                "events": [],
                "attributes": {key: json.dumps(value) for key, value in attributes.items()},
            }
        )
    yield {"info": {"trace_id": run.name}, "data": {"spans": spans}}


def inspect(run: Run) -> Iterator[Row]:
    """A sample with the events of its run."""
    events: list[Row] = []
    for step in steps_of(run):
        times = {
            "timestamp": _moment(step.started),
            "completed": _moment(step.started + 0.5),
            "uuid": span_id(step.place),
        }
        if step.kind == "model":
            said = {"model": "m-1", "choices": [{"message": _as_inspect(called(run, step.number))}]}
            asked = [_as_inspect(each) for each in prompt_of(run, step.number)]
            events.append({"event": "model", **times, "model": "m-1", "input": asked, "output": said})
        else:
            call = {"id": run.id_of(step.number), "function": TOOL, "arguments": {"boat": step.number}}
            events.append({"event": "tool", **times, **call, "result": run.output})
    last = [{"role": "user", "content": ASKED}, _as_inspect(called(run, run.calls))]
    yield {
        "id": run.name,
        "uuid": run.name,
        "epoch": 1,
        "target": "",
        "messages": last,
        "scores": {},
        "events": events,
    }


def _as_inspect(message: Row) -> Row:
    calls = [
        {"id": each["id"], "function": TOOL, "arguments": json.loads(each["function"]["arguments"])}
        for each in message.get("tool_calls", ())
    ]
    return {**message, "tool_calls": calls} if calls else message


FAMILIES: Final = (
    Family("langsmith", langsmith),
    Family("langfuse", langfuse, spans=("observations",)),
    Family("openinference", openinference),
    Family("otel", genai),
    Family("mlflow", mlflow, spans=("data", "spans")),
    Family("inspect", inspect, spans=("events",)),
)
