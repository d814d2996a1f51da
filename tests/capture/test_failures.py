"""Whatever fails while recording is logged with its kind and its place, and with nothing of what was recorded."""

from __future__ import annotations

import logging
from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from langchain_awo.capture.importers import import_traces
from langchain_awo.capture.recorder import CallbackRecorder
from langchain_awo.model.secrets.failures import describe_error, describe_kind_and_place
from tests.capture.scripted_agents import ListSink, look

CANARY = "q7Zp2Vx9Lk4Wn8"
TOLD = f"password={CANARY}"


class LeakyError(Exception):
    """An error that says what it was given."""

    def __init__(self) -> None:
        super().__init__(f"cannot take {TOLD}")


class Leaky(dict):
    """A value that fails wherever it is touched, and says what it holds."""

    def __getattribute__(self, name):
        if name.startswith("__"):
            return super().__getattribute__(name)
        raise LeakyError

    def __iter__(self):
        raise LeakyError

    def __bool__(self):
        raise LeakyError


def one_model_call(handler):
    """A model call in which nearly everything is strange."""
    run = uuid4()
    handler.on_chat_model_start(
        Leaky(), [[HumanMessage("hi"), Leaky()]], run_id=run, invocation_params=Leaky(), metadata={}
    )
    handler.on_llm_end(LLMResult(generations=[[ChatGeneration(message=AIMessage("ho"))]]), run_id=run)


def one_tool_call(handler, **start):
    run = uuid4()
    handler.on_tool_start({"name": "t"}, TOLD, run_id=run, **start)
    handler.on_tool_end(ToolMessage(TOLD, tool_call_id="c"), run_id=run)


@pytest.mark.parametrize(
    "event",
    [
        one_model_call,
        lambda handler: one_tool_call(handler, inputs=Leaky(x=1)),
        lambda handler: one_tool_call(handler, inputs={"a": Leaky(x=1)}, metadata=Leaky(x=1)),
        lambda handler: handler.on_chain_start(Leaky(), Leaky(), run_id=uuid4(), metadata=Leaky(x=1)),
    ],
)
def test_an_event_that_cannot_be_read(recorder, event, caplog):
    caplog.set_level(logging.DEBUG)
    event(recorder)
    recorder.flush(20)
    assert "could not be recorded (" in caplog.text
    assert CANARY not in caplog.text


def test_a_recording_that_cannot_be_made_a_trace(caplog):
    def fail(_recording):
        raise LeakyError

    recorder = CallbackRecorder(ListSink())
    recorder._writer._build = fail
    look.invoke({"where": TOLD}, {"callbacks": [recorder]})
    recorder.flush(20)
    assert recorder.dropped == 1
    assert "is dropped: LeakyError in" in caplog.text
    assert CANARY not in caplog.text


def test_a_sink_that_says_what_it_was_given(caplog):
    """Its words are needed, such as those of a full disk; the secrets in them are not."""

    class Failing(ListSink):
        url = f"postgresql://app:{CANARY}@db.test/traces"

        def append(self, traces) -> None:
            raise OSError(28, f"No space left on device ({TOLD})")

    recorder = CallbackRecorder(Failing())
    look.invoke({"where": "here"}, {"callbacks": [recorder]})
    assert not recorder.flush(0.2)
    recorder.closed = True
    assert "No space left on device" in caplog.text
    assert "postgresql://app:<secret>@db.test/traces" in caplog.text
    assert CANARY not in caplog.text


def test_a_record_that_is_left_out_of_an_import(caplog):
    """Neither the reason nor the log repeats it."""
    caplog.set_level(logging.DEBUG)
    told = []
    good = {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}
    bad = [
        {"id": {"password": CANARY}, "messages": []},
        {"messages": [{"role": f"api_key={CANARY}", "content": "x"}]},
        {"messages": [], "success": f"token={CANARY}"},
    ]
    assert len(list(import_traces([good, *bad], on_skipped=told.append))) == 1
    assert len(told) == 3
    assert CANARY not in f"{told} {caplog.text}"


def test_an_error_is_told_by_kind_and_place():
    def fail():
        raise LeakyError

    with pytest.raises(LeakyError) as raised:
        fail()
    assert describe_kind_and_place(raised.value).startswith("LeakyError in capture/test_failures.py:")
    assert describe_kind_and_place(LeakyError()) == "LeakyError"
    assert describe_error(LeakyError()) == "LeakyError: cannot take password=<secret>"
    assert describe_error(OSError()) == "OSError"
