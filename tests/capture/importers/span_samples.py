"""The invented run as spans."""

from __future__ import annotations

import json
from typing import Any

from tests.capture.importers.invented import ANSWERED, ASKED, FAILURE, MODEL, OPENAI, OUTPUT, THOUGHT, TOOL


def langsmith() -> list[dict[str, Any]]:
    """Rows from last to first, one of them twice, with feedback on the root."""
    first, second = _prompts()
    rows = [
        _run(
            "r",
            "chain",
            0,
            outputs={},
            feedback_stats={"correct": {"n": 1, "avg": 1.0}, "style": {"n": 2, "avg": 0.4}},
        ),
        _run(
            "m1",
            "llm",
            1,
            inputs={"messages": [first]},
            outputs={"choices": [{"message": OPENAI[1]}]},
            extra=_offering(),
        ),
        _run(
            "t1",
            "tool",
            2,
            inputs={"input": "{'id': 3}"},
            outputs={"output": OUTPUT},
            extra={"tool_call_id": "p1"},
        ),
        _run(
            "t2",
            "tool",
            3,
            inputs={"id": 9},
            outputs={},
            error=f"ToolException('{FAILURE}')",
            extra={"tool_call_id": "p2"},
        ),
        _run(
            "m2",
            "llm",
            4,
            inputs={"messages": [second]},
            outputs={"generations": [[{"text": ANSWERED}]]},
            extra=_offering(),
        ),
    ]
    return [*reversed(rows), {key: rows[1][key] for key in ("id", "trace_id", "dotted_order", "run_type")}]


def _prompts() -> tuple[list[Any], list[Any]]:
    return OPENAI[:1], OPENAI[:4]


def _offering() -> dict[str, Any]:
    return {"invocation_params": {"tools": [TOOL]}, "metadata": {"ls_model_name": MODEL}}


def _run(name: str, kind: str, second: int, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "trace_id": "r",
        "parent_run_id": None if name == "r" else "r",
        "dotted_order": f"20240502T10000{second}000000Zr.{name}",
        "run_type": kind,
        "name": "get_pool" if kind == "tool" else name,
        "start_time": f"2024-05-02T10:00:0{second}",
        "end_time": f"2024-05-02T10:00:0{second}.5",
        **more,
    }


def langfuse() -> list[dict[str, Any]]:
    """One object; the tools stand as messages in the prompt, a tool is a span, another instrumentor saw a request too."""
    first, second = _prompts()
    offered = {"role": "tool", "content": TOOL}
    said = {
        "role": "assistant",
        "content": THOUGHT,
        "additional_kwargs": {"tool_calls": OPENAI[1]["tool_calls"]},
    }
    observations = [
        _observation("m2", "GENERATION", 6, input=[*second, offered], output=OPENAI[4]),
        _observation(
            "in",
            "GENERATION",
            1,
            parentObservationId="m1",
            input={"messages": first},
            output=OPENAI[1],
            usageDetails={},
        ),
        _observation(
            "t1",
            "SPAN",
            3,
            input="{'id': 3}",
            output={"content": OUTPUT, "tool_call_id": "p1", "type": "tool"},
        ),
        _observation("t2", "TOOL", 4, input={"id": 9}, level="ERROR", statusMessage=FAILURE, output=None),
        _observation(
            "m1",
            "GENERATION",
            1,
            input=[*first, offered],
            output=said,
            usageDetails={"input": 10, "output": 2},
        ),
    ]
    scores = [
        {"name": "correct", "value": 1, "dataType": "BOOLEAN"},
        {"name": "tone", "value": 0.5, "dataType": "NUMERIC"},
    ]
    return [
        {
            "trace": {"id": "lf", "sessionId": "s", "scores": scores, "input": json.dumps(ASKED)},
            "observations": observations,
        }
    ]


def _observation(name: str, kind: str, second: int, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "traceId": "lf",
        "type": kind,
        "name": "get_pool" if name.startswith("t") else name,
        "parentObservationId": None,
        "startTime": f"2024-05-02T10:00:0{second}.000Z",
        "endTime": f"2024-05-02T10:00:0{second}.900Z",
        "model": MODEL if kind == "GENERATION" else None,
        "metadata": {},
        **more,
    }


def genai() -> list[dict[str, Any]]:
    """OTLP as JSON in the `gen_ai` conventions, messages in parts."""
    parts = [{"type": "text", "content": THOUGHT}]
    parts += [
        {"type": "tool_call", "id": f"p{n}", "name": "get_pool", "arguments": {"id": pool}}
        for n, pool in ((1, 3), (2, 9))
    ]
    results = [
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "p1", "response": OUTPUT}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "p2", "result": FAILURE}]},
    ]
    user, turn = (
        {"role": "user", "parts": [{"type": "text", "content": ASKED}]},
        {"role": "assistant", "parts": parts},
    )
    last = {"role": "assistant", "parts": [{"type": "text", "content": ANSWERED}]}
    spans = [
        _otlp("02", 1, {"gen_ai.operation.name": "chat", **_said([user], turn)}),
        _otlp(
            "03",
            2,
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "get_pool",
                "gen_ai.tool.call.id": "p1",
            },
        ),
        _otlp(
            "04",
            3,
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "get_pool",
                "gen_ai.tool.call.id": "p2",
            },
            FAILURE,
        ),
        _otlp("05", 4, {"gen_ai.operation.name": "chat", **_said([user, turn, *results], last)}),
        _otlp("01", 0, {"gen_ai.operation.name": "invoke_agent"}),
    ]
    return [{"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}]


def _said(prompt: list[Any], reply: Any) -> dict[str, Any]:
    return {
        "gen_ai.request.model": MODEL,
        "gen_ai.input.messages": json.dumps(prompt),
        "gen_ai.output.messages": json.dumps([reply]),
        "gen_ai.tool.definitions": json.dumps([TOOL]),
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 2,
    }


def _otlp(span: str, second: int, attributes: dict[str, Any], failure: str = "") -> dict[str, Any]:
    kinds = {str: "stringValue", int: "intValue"}
    return {
        "traceId": "AAAAAAAAAAAAAAAAAAAAAQ==",
        "spanId": span * 8,
        "parentSpanId": "" if span == "01" else "01" * 8,
        "name": attributes["gen_ai.operation.name"],
        "startTimeUnixNano": str(1_714_644_000_000_000_000 + second * 10**9),
        "endTimeUnixNano": str(1_714_644_000_500_000_000 + second * 10**9),
        "status": {"code": 2, "message": failure} if failure else {},
        "attributes": [
            {"key": key, "value": {kinds[type(value)]: value if isinstance(value, str) else str(value)}}
            for key, value in attributes.items()
        ],
    }


def openinference() -> list[dict[str, Any]]:
    """Rows of a data frame: attributes as columns, nested; a tool's only argument without its name."""
    call = [
        {"tool_call": {"id": f"p{n}", "function": {"name": "get_pool", "arguments": f'{{"id": {pool}}}'}}}
        for n, pool in ((1, 3), (2, 9))
    ]
    user = {"message": {"role": "user", "content": ASKED}}
    turn = {"message": {"role": "assistant", "content": THOUGHT, "tool_calls": call}}
    results = [
        {"message": {"role": "tool", "tool_call_id": each["tool_call_id"], "content": each["content"]}}
        for each in OPENAI[2:4]
    ]
    last = {
        "message": {
            "role": "assistant",
            "contents": [{"message_content": {"type": "text", "text": ANSWERED}}],
        }
    }
    llm = {"model_name": MODEL, "tools": [{"tool": {"json_schema": json.dumps(TOOL)}}]}
    return [
        _phoenix(
            "b",
            2,
            "TOOL",
            **{
                "attributes.tool": {"name": "get_pool"},
                "attributes.input.value": "3",
                "attributes.output.value": OUTPUT,
            },
        ),
        _phoenix(
            "d",
            4,
            "LLM",
            **{
                "attributes.llm": {**llm, "input_messages": [user, turn, *results], "output_messages": [last]}
            },
        ),
        _phoenix(
            "c",
            3,
            "TOOL",
            status_code="ERROR",
            status_message=FAILURE,
            **{"attributes.tool.name": "get_pool", "attributes.input.value": "9"},
        ),
        _phoenix(
            "a",
            1,
            "LLM",
            **{
                "attributes.llm": {
                    **llm,
                    "input_messages": [user],
                    "output_messages": [turn],
                    "token_count": {"prompt": 10, "completion": 2},
                }
            },
        ),
    ]


def _phoenix(span: str, second: int, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "context.trace_id": "oi",
        "context.span_id": span,
        "parent_id": "lost",
        "name": "get_pool" if kind == "TOOL" else "chat",
        "start_time": f"2024-05-02 10:00:0{second}+00:00",
        "end_time": f"2024-05-02 10:00:0{second}.5+00:00",
        "status_code": "OK",
        "attributes.openinference.span.kind": kind,
        **more,
    }


def mlflow() -> list[dict[str, Any]]:
    """The stored form: every attribute is JSON text."""
    first, second = _prompts()
    spans = [
        _mlflow("A", 4, "CHAT_MODEL", {"messages": second}, {"choices": [{"message": OPENAI[4]}]}),
        _mlflow(
            "B",
            2,
            "TOOL",
            {"id": 3},
            {"content": OUTPUT, "tool_call_id": "p1", "status": "success", "type": "tool"},
            tool_call_id="p1",
        ),
        _mlflow("C", 3, "TOOL", {"id": 9}, None, tool_call_id="p2"),
        _mlflow("D", 1, "CHAT_MODEL", {"messages": first}, {"choices": [{"message": OPENAI[1]}]}),
    ]
    spans[2]["status"] = {"code": "STATUS_CODE_ERROR", "message": FAILURE}
    assessments = [{"assessment_name": "correct", "feedback": {"value": "yes"}}]
    return [
        {
            "info": {
                "trace_id": "tr-1",
                "assessments": assessments,
                "trace_metadata": {"mlflow.trace.session": "s"},
            },
            "data": {"spans": spans},
        }
    ]


def _mlflow(span: str, second: int, kind: str, given: Any, made: Any, **more: Any) -> dict[str, Any]:
    attributes = {
        "mlflow.spanType": kind,
        "mlflow.spanInputs": given,
        "mlflow.llm.model": MODEL,
        "mlflow.chat.tools": [TOOL],
        **more,
    }
    if made is not None:
        attributes["mlflow.spanOutputs"] = made
    return {
        "span_id": span,
        "parent_span_id": None,
        "name": "get_pool" if kind == "TOOL" else "chat",
        "start_time_unix_nano": 1_714_644_000_000_000_000 + second * 10**9,
        "end_time_unix_nano": 1_714_644_000_500_000_000 + second * 10**9,
        "status": {"code": "STATUS_CODE_OK", "message": ""},
        "events": [],
        "attributes": {key: json.dumps(value) for key, value in attributes.items()},
    }
