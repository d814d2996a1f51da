"""Of hundreds of planted secrets none is stored, wherever they were."""

from __future__ import annotations

import json
from typing import Any

import pytest

from langchain_awo.capture.redaction import UNREADABLE, Redactor
from langchain_awo.model.ir.schema import dump
from langchain_awo.model.trace.trace import Attempt, Message, ModelCallRecord, ToolCallRecord, ToolSpec, Trace
from tests.capture.redaction.planted import named, shaped


def in_output(value: Any) -> Trace:
    return Trace(trace_id="x", tool_calls=(ToolCallRecord(call_id="1", name="t", output=value),))


def in_arguments(value: Any) -> Trace:
    return Trace(trace_id="x", tool_calls=(ToolCallRecord(call_id="1", name="t", args={"given": value}),))


def in_errors(value: Any) -> Trace:
    text = value if isinstance(value, str) else json.dumps(value)
    attempts = (Attempt(status="error", error=f"ValueError: {text}"), Attempt(status="ok"))
    call = ToolCallRecord(call_id="1", name="t", error=text, status="error", attempts=attempts)
    return Trace(trace_id="x", tool_calls=(call,), model_calls=(ModelCallRecord(text=text, error=text),))


def in_words(value: Any) -> Trace:
    text = value if isinstance(value, str) else json.dumps(value)
    messages = (Message(role="user", text=text, before=0), Message(role="system", text=text, before=0))
    spec = ToolSpec(name="t", description=text, parameters={"properties": {"a": {"default": value}}})
    return Trace(
        trace_id="x", messages=messages, tools=(spec,), tags=(text,), thread_id=text, metadata={"n": value}
    )


CARRIERS = (in_output, in_arguments, in_errors, in_words)


def leaks(planted: list[tuple[str, str, Any]], carry: Any) -> list[str]:
    redactor, found = Redactor(), []
    for where, secret, value in planted:
        stored = json.dumps(dump(redactor.redact(carry(value))), ensure_ascii=False)
        pieces = [secret, *secret.splitlines()[1:-1], json.dumps(secret)[1:-1]]
        if any(piece in stored for piece in pieces) or UNREADABLE in stored:
            found.append(f"{where}: {stored}")
    return found


def test_there_are_enough_of_them():
    assert len(named(1)) + len(shaped(1)) >= 500


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("carry", CARRIERS)
def test_no_secret_that_something_names_is_stored(carry, seed):
    assert leaks(named(seed), carry) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("carry", CARRIERS)
def test_no_secret_of_a_known_shape_is_stored(carry, seed):
    assert leaks(shaped(seed), carry) == []
