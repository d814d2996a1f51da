"""Spans as SDKs send them that write attributes of their own: Langfuse's, and OpenLLMetry's arguments of a callback."""

from __future__ import annotations

import json
import random

from langchain_awo.capture.importers import import_traces

CALL = "call_7f"
ASKED = {"name": "find_pump", "args": {"dock": "D4"}, "id": CALL, "type": "tool_call"}
TOLD = {"content": '{"pump": "P-9"}', "type": "tool", "tool_call_id": CALL, "status": "success"}
SPEC = {
    "type": "function",
    "function": {"name": "find_pump", "parameters": {"type": "object", "properties": {}}},
}


def span(number, name, attributes, **more):
    return {
        "traceId": "a" * 32,
        "spanId": f"{number:016x}",
        "parentSpanId": "" if number == 1 else f"{1:016x}",
        "name": name,
        "startTimeUnixNano": str(1_700_000_000_000_000_000 + number),
        "endTimeUnixNano": str(1_700_000_001_000_000_000 + number),
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()],
        **more,
    }


def request(*spans):
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}


def langfuse(kind, given, output, **more):
    found = {"type": kind, "input": json.dumps(given)}
    if output is not None:
        found["output"] = json.dumps(output)
    found |= {key: value if isinstance(value, str) else json.dumps(value) for key, value in more.items()}
    return {f"langfuse.observation.{key}": value for key, value in found.items()}


def test_the_spans_of_the_sdk_of_langfuse():
    prompt = [{"role": "user", "content": "Where is the pump?"}, {"role": "tool", "content": SPEC}]
    reply = {"role": "assistant", "content": "", "tool_calls": [ASKED]}
    session = {"session.id": "desk", "user.id": "ann", "langfuse.trace.tags": '["night"]'}
    usage = {"usage_details": {"input": 90, "output": 7, "total": 97}, "model.name": "m-1"}
    failed = {"level": "ERROR", "status_message": "no dock D4", "metadata.tool_call_id": f'"{CALL}"'}
    sent = request(
        span(3, "find_pump", langfuse("tool", {"dock": "D4"}, None, **failed)),
        span(2, "model", langfuse("generation", prompt, reply, **usage)),
        span(
            1,
            "agent",
            {**langfuse("chain", {}, {}), **session, "langfuse.observation.metadata.shift": '"late"'},
        ),
    )
    (trace,) = import_traces([sent])
    assert (trace.thread_id, trace.tags, trace.metadata) == (
        "desk",
        ("night",),
        {"shift": "late", "user_id": "ann"},
    )
    assert [message.text for message in trace.messages] == ["Where is the pump?"]
    (model,) = trace.model_calls
    assert (model.model, model.offered, model.usage.input_tokens) == ("m-1", ("find_pump",), 90)
    (call,) = trace.tool_calls
    assert (call.call_id, call.args, call.status, call.error) == (CALL, {"dock": "D4"}, "error", "no dock D4")
    assert call.model_call == 0


def test_the_arguments_of_a_callback_around_those_of_the_tool():
    """And its result around the tool's; a model that is called unknown has no name."""
    asked = {"type": "tool_call", "id": CALL, "name": "find_pump", "arguments": {"dock": "D4"}}
    said = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "unknown",
        "gen_ai.input.messages": json.dumps(
            [{"role": "user", "parts": [{"type": "text", "content": "Where?"}]}]
        ),
        "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [asked]}]),
    }
    around = {"input_str": "{'dock': 'D4'}", "tags": [], "metadata": {"thread_id": "x"}}
    inputs = {"inputs": {"dock": "D4"}, "kwargs": {"tool_call_id": CALL}}
    for given in ({**around, **inputs}, {**around, "inputs": None, "kwargs": {"tool_call_id": CALL}}):
        did = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "find_pump",
            "gen_ai.tool.call.arguments": json.dumps(given),
            "gen_ai.tool.call.result": json.dumps({"output": TOLD, "kwargs": {"tags": []}}),
        }
        (trace,) = import_traces([request(span(2, "chat", said), span(3, "execute_tool find_pump", did))])
        (call,) = trace.tool_calls
        assert (call.call_id, call.args, call.output) == (CALL, {"dock": "D4"}, '{"pump": "P-9"}')
        assert (call.model_call, trace.model_calls[0].model) == (0, "")


def test_spans_in_any_order_twice_without_parents_and_with_a_clock_an_hour_behind():
    """Each execution is that of the call with its id."""
    spans = []
    for number in range(300):
        asked = {"type": "tool_call", "id": f"c{number}", "name": "f", "arguments": {"n": number}}
        said = {
            "gen_ai.operation.name": "chat",
            "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [asked]}]),
        }
        did = {
            "gen_ai.tool.name": "f",
            "gen_ai.tool.call.id": f"c{number}",
            "gen_ai.tool.call.result": str(number),
        }
        spans.append(span(2 * number + 2, "chat", said, parentSpanId="e" * 16))
        late = {"startTimeUnixNano": str(1_699_996_400_000_000_000 + number), "parentSpanId": "f" * 16}
        spans.append(span(2 * number + 3, "execute_tool f", did, **late))
    random.Random(5).shuffle(spans)  # noqa: S311  # no secret
    (trace,) = import_traces([request(*spans), request(*spans[:100])])
    assert len(trace.tool_calls) == 300
    assert all(str(call.args["n"]) == call.output for call in trace.tool_calls)
