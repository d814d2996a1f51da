"""Loops without a root run, sessions, and recording without touching the agent."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import Any
from uuid import uuid4

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda

from langchain_awo.capture.install import record
from langchain_awo.capture.recorder import CallbackRecorder
from langchain_awo.capture.session import Session
from langchain_awo.capture.tracker import MAX_IDLE
from langchain_awo.testing import ScriptedChatModel
from tests.capture.scripted_agents import ListSink, asks, call, look, playing, run_python, says, user


def script(prefix=""):
    first = asks(call("look", f"{prefix}1", where="a"), call("look", f"{prefix}2", where="b"))
    return [first, asks(call("look", f"{prefix}3", where="c")), says()]


def run_loop(model, config, *, messages=None):
    messages = messages or [HumanMessage("go")]
    while True:
        answer = model.bind_tools([look]).invoke(messages, config=config)
        messages.append(answer)
        if not answer.tool_calls:
            return messages
        messages.extend(look.invoke(wanted, config=config) for wanted in answer.tool_calls)


async def arun_loop(model, config):
    messages: list[Any] = [HumanMessage("go")]
    while True:
        answer = await model.bind_tools([look]).ainvoke(messages, config=config)
        messages.append(answer)
        if not answer.tool_calls:
            return
        results = (look.ainvoke(wanted, config=config) for wanted in answer.tool_calls)
        messages.extend(await asyncio.gather(*results))


def check_loop(trace, prefix=""):
    assert [(c.call_id, c.args["where"], c.model_call, c.status) for c in trace.tool_calls] == [
        (f"{prefix}1", "a", 0, "ok"),
        (f"{prefix}2", "b", 0, "ok"),
        (f"{prefix}3", "c", 1, "ok"),
    ]
    assert len(trace.model_calls) == 3
    assert [(m.text, m.before) for m in trace.messages] == [("go", 0)]


def test_a_bare_loop_in_a_session_is_one_trace(recorder, recorded):
    with Session("tour", task_id="t7", tags=["x"], metadata={"customer": "acme"}) as session:
        run_loop(ScriptedChatModel(script=script()), {"callbacks": [recorder]})
        session.succeeded()
    (trace,) = recorded()
    check_loop(trace)
    assert (trace.task_id, trace.success, trace.tags) == ("t7", True, ("x",))
    assert trace.metadata == {"session": "tour", "customer": "acme"}


async def test_an_async_loop_in_a_session_is_one_trace(recorder, recorded):
    async with Session("tour") as session:
        await arun_loop(ScriptedChatModel(script=script()), {"callbacks": [recorder]})
        session.succeeded(False)
    (trace,) = recorded()
    check_loop(trace)
    assert trace.success is False


async def test_sessions_at_the_same_time_do_not_mix(recorder, recorded):
    async def one(index):
        with Session("tour", task_id=str(index)):
            await arun_loop(ScriptedChatModel(script=script()), {"callbacks": [recorder]})

    await asyncio.gather(*(one(index) for index in range(5)))
    traces = recorded()
    assert sorted(trace.task_id for trace in traces) == ["0", "1", "2", "3", "4"]
    for trace in traces:
        check_loop(trace)


def test_a_session_inside_a_session_is_a_trace_of_its_own(recorder, recorded):
    config = {"callbacks": [recorder]}
    with Session("outer"):
        look.invoke({"where": "o1"}, config)
        with Session("inner"):
            look.invoke({"where": "i"}, config)
        look.invoke({"where": "o2"}, config)
    inner, outer = recorded()
    assert [c.args["where"] for c in inner.tool_calls] == ["i"]
    assert [c.args["where"] for c in outer.tool_calls] == ["o1", "o2"]


def test_a_session_reaches_threads_that_copy_the_context(recorder, recorded):
    config = {"callbacks": [recorder]}
    with Session("outer"):
        look.invoke({"where": "here"}, config)
        context = contextvars.copy_context()
        thread = threading.Thread(target=lambda: context.run(look.invoke, {"where": "there"}, config))
        thread.start()
        thread.join()
    context.run(look.invoke, {"where": "too late"}, config)
    session, late = recorded()
    assert [c.args["where"] for c in session.tool_calls] == ["here", "there"]
    assert [c.args["where"] for c in late.tool_calls] == ["too late"]


def test_agents_in_a_session_belong_to_it(recorder, recorded):
    with Session("two turns"):
        for prefix in "ab":
            agent = create_agent(ScriptedChatModel(script=script(prefix)), [look])
            agent.invoke(user(f"go {prefix}"), config={"callbacks": [recorder], "metadata": {"task_id": "t"}})
    (trace,) = recorded()
    assert [(m.text, m.before) for m in trace.messages] == [("go a", 0), ("go b", 3)]
    assert len(trace.tool_calls) == 6
    assert trace.task_id == "t"


def test_a_session_without_any_run_leaves_nothing(recorded):
    with Session("nothing"):
        pass
    assert recorded() == []


def test_a_session_left_in_another_context_still_ends(recorder, recorded):
    session = Session("generator")
    contextvars.copy_context().run(session.__enter__)
    session.__exit__(None, None, None)
    look.invoke({"where": "x"}, {"callbacks": [recorder]})
    assert len(recorded()) == 1


def test_a_bare_loop_is_joined_by_its_call_ids(recorder, recorded):
    messages = run_loop(ScriptedChatModel(script=script("a")), {"callbacks": [recorder]})
    messages.append(HumanMessage("again"))
    run_loop(ScriptedChatModel(script=script("b")), {"callbacks": [recorder]}, messages=messages)
    first, second = recorded()
    check_loop(first, "a")
    assert [(m.text, m.before) for m in second.messages] == [("go", 0), ("again", 0)]
    assert [c.call_id for c in second.tool_calls] == ["b1", "b2", "b3"]


def test_two_bare_loops_in_turns_do_not_mix(recorder, recorded):
    config = {"callbacks": [recorder]}
    models = [ScriptedChatModel(script=script("a")), ScriptedChatModel(script=script("b"))]
    histories = [[HumanMessage("go")], [HumanMessage("go")]]
    for _ in range(3):
        for model, messages in zip(models, histories, strict=True):
            messages.append(model.invoke(messages, config=config))
            messages.extend(look.invoke(c, config=config) for c in messages[-1].tool_calls)
    first, second = recorded()
    check_loop(first, "a")
    check_loop(second, "b")


def test_a_loop_over_a_chain_is_joined_too(recorder, recorded):
    chain = ChatPromptTemplate.from_messages([("placeholder", "{messages}")]) | ScriptedChatModel(
        script=script()
    )
    config = {"callbacks": [recorder]}
    messages: list[Any] = [HumanMessage("go")]
    for _ in range(3):
        messages.append(chain.invoke({"messages": messages}, config=config))
        messages.extend(look.invoke(c, config=config) for c in messages[-1].tool_calls)
    (trace,) = recorded()
    check_loop(trace)


def test_results_of_tools_that_langchain_never_saw_are_taken_from_the_conversation(recorder, recorded):
    model = ScriptedChatModel(
        script=[asks(call("look", "c1", where="a"), call("look", "c2", where="b")), says()]
    )
    with Session("by hand"):
        messages: list[Any] = [HumanMessage("go")]
        messages.append(model.invoke(messages, config={"callbacks": [recorder]}))
        messages.append(ToolMessage('{"seen": 1}', tool_call_id="c1"))
        messages.append(ToolMessage("broken", tool_call_id="c2", status="error"))
        model.invoke(messages, config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert [(c.status, c.output, c.error, c.model_call) for c in trace.tool_calls] == [
        ("ok", '{"seen": 1}', None, 0),
        ("error", "broken", "broken", 0),
    ]


def test_a_model_that_fails_in_a_loop_does_not_split_the_trace(recorder, recorded):
    model = playing(asks(call("look", "c1", where="a")), RuntimeError("busy"), says())
    config = {"callbacks": [recorder]}
    messages: list[Any] = [HumanMessage("go")]
    messages.append(model.invoke(messages, config=config))
    messages.append(look.invoke(messages[-1].tool_calls[0], config=config))
    with pytest.raises(RuntimeError, match="busy"):
        model.invoke(messages, config=config)
    model.invoke(messages, config=config)
    (trace,) = recorded()
    assert [m.error for m in trace.model_calls] == [None, "RuntimeError: busy", None]


def test_loops_that_never_go_on_do_not_pile_up(recorder, sink):
    for index in range(MAX_IDLE + 5):
        model = ScriptedChatModel(script=[asks(call("look", f"c{index}", where="a"))])
        model.invoke("go", config={"callbacks": [recorder]})
    recorder._writer.flush(20)
    assert len(sink.traces) == 5
    assert [c.status for c in sink.traces[0].tool_calls] == ["abandoned"]


def test_a_run_without_models_and_tools_is_no_trace(recorder, recorded):
    RunnableLambda(lambda x: x).invoke(1, config={"callbacks": [recorder]})
    assert recorded() == []


def test_runs_below_a_parent_that_was_never_seen_are_one_trace(recorder, recorded):
    """As when another tracer holds the root run."""
    parent = uuid4()
    for index in range(2):
        run = uuid4()
        event = {"run_id": run, "parent_run_id": parent, "inputs": {"i": index}, "tool_call_id": None}
        recorder.on_tool_start({"name": "look"}, "", **event)
        recorder.on_tool_end("seen", run_id=run, parent_run_id=parent)
    (trace,) = recorded()
    assert trace.trace_id == str(parent)
    assert [c.args for c in trace.tool_calls] == [{"i": 0}, {"i": 1}]


def test_the_same_recorder_attached_twice_records_once(recorder, recorded):
    agent = create_agent(ScriptedChatModel(script=script()), [look]).with_config(callbacks=[recorder])
    with record(recorder):
        agent.invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    check_loop(trace)


def test_two_recorders_record_independently(recorder, recorded):
    other = ListSink()
    with CallbackRecorder(other) as second:
        create_agent(ScriptedChatModel(script=script()), [look]).invoke(
            user("go"), config={"callbacks": [recorder, second]}
        )
    check_loop(recorded()[0])
    check_loop(other.traces[0])


def test_an_agent_is_recorded_without_being_touched(recorder, recorded):
    agent = create_agent(ScriptedChatModel(script=script() * 2), [look])
    with record(recorder) as same:
        agent.invoke(user("go"))
    assert same is recorder
    agent.invoke(user("not this one"))
    (trace,) = recorded()
    check_loop(trace)


async def test_async_agents_are_recorded_without_being_touched(recorder, recorded):
    with record(recorder):
        await asyncio.gather(
            *(create_agent(ScriptedChatModel(script=script()), [look]).ainvoke(user("go")) for _ in range(3))
        )
    traces = recorded()
    assert len(traces) == 3
    for trace in traces:
        check_loop(trace)


def test_what_is_recorded_in_a_block_is_written_when_it_ends(recorder, sink):
    with record(recorder):
        create_agent(ScriptedChatModel(script=script()), [look]).invoke(user("go"))
    check_loop(sink.traces[0])


EVERYWHERE = """
import threading
from tests.capture.scripted_agents import ListSink
from langchain_core.tools import tool
from langchain_awo.capture.install import record_everywhere
from langchain_awo.capture.recorder import CallbackRecorder

@tool
def look(where: str) -> str:
    "Looks."
    return where

sink = ListSink()
recorder = CallbackRecorder(sink)
record_everywhere(recorder)
thread = threading.Thread(target=look.invoke, args=({"where": "in a thread"},))
thread.start()
thread.join()
recorder.flush()
print(sink.traces[0].tool_calls[0].output)
"""


def test_a_whole_process_can_be_recorded_new_threads_included():
    """In a process of its own, since it cannot be taken back."""
    assert run_python(EVERYWHERE).stdout == "in a thread\n"
