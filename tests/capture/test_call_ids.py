"""An execution belongs to the call that was asked for, whatever its id: empty, shared, used again or not given at all."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ToolRetryMiddleware
from langchain_core.callbacks import CallbackManager
from langchain_core.messages import AIMessage, HumanMessage, InvalidToolCall, ToolMessage
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import tools_condition

from langchain_awo.capture.frozen import freeze_arguments
from langchain_awo.capture.matching import find_issued_call
from langchain_awo.capture.state import IssuedCall, ModelRun, Recording, Seat
from tests.capture.exact_model import ExactModel
from tests.capture.scripted_agents import asks, call, look, says, user


@tool
def weigh(parcel: str, scale: str = "big") -> str:
    """Weighs a parcel."""
    if parcel == "lost":
        raise ValueError("no such parcel")
    return f"{parcel} on {scale}"


def seen(trace):
    return [(c.name, c.args, c.output, c.status, c.model_call) for c in trace.tool_calls]


@pytest.mark.parametrize("ids", [("", "", ""), ("0", "0", "0"), ("a", "a", "b"), ("x", "", "")])
def test_ids_that_tell_nothing_are_made_up_for_by_names_and_arguments(ids, recorder, recorded):
    first = asks(call("look", ids[0], where="a"), call("look", ids[1], where="b"))
    model = ExactModel.saying(first, asks(call("weigh", ids[2], parcel="c")), says())
    create_agent(model, [look, weigh]).invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert seen(trace) == [
        ("look", {"where": "a"}, "saw a", "ok", 0),
        ("look", {"where": "b"}, "saw b", "ok", 0),
        ("weigh", {"parcel": "c"}, "c on big", "ok", 1),
    ]
    assert len({c.call_id for c in trace.tool_calls}) == 3
    assert all(c.call_id for c in trace.tool_calls)


def test_a_retry_of_a_call_without_an_id_is_an_attempt_of_it(recorder, recorded):
    left = iter([ConnectionError("busy")])

    @tool
    def fetch(key: str) -> str:
        """Fetches, the second time."""
        if error := next(left, None):
            raise error
        return key

    retry = ToolRetryMiddleware(max_retries=1, initial_delay=0, jitter=False)
    model = ExactModel.saying(asks(call("fetch", "", key="k")), says())
    create_agent(model, [fetch], middleware=[retry]).invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert seen(trace) == [("fetch", {"key": "k"}, "k", "ok", 0)]
    assert [attempt.status for attempt in trace.tool_calls[0].attempts] == ["error", "ok"]


def by_arguments(model, tools, *, more: dict[str, Any] | None = None):
    """A graph whose node calls tools with their arguments alone, as many tutorials have it."""
    known = {each.name: each for each in tools}

    def act(state: MessagesState) -> dict[str, Any]:
        answers = []
        for wanted in state["messages"][-1].tool_calls:
            try:
                answer = known[wanted["name"]].invoke({**wanted["args"], **(more or {})})
            except ValueError as error:
                answer = f"failed: {error}"
            answers.append(ToolMessage(str(answer), tool_call_id=wanted["id"]))
        return {"messages": answers}

    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [model.bind_tools(tools).invoke(state["messages"])]})
    graph.add_node("tools", act)
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    return graph.compile()


def test_a_node_that_calls_tools_with_their_arguments_alone_makes_the_calls_once(recorder, recorded):
    first = asks(call("weigh", "c1", parcel="a"), call("weigh", "c2", parcel="lost"))
    model = ExactModel.saying(first, asks(call("weigh", "c3", parcel="a")), says())
    by_arguments(model, [weigh]).invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert [(c.call_id, c.status, c.model_call) for c in trace.tool_calls] == [
        ("c1", "ok", 0),
        ("c2", "error", 0),
        ("c3", "ok", 1),
    ]
    assert trace.tool_calls[1].error == "ValueError: no such parcel"


def test_arguments_that_the_code_adds_do_not_make_it_another_call(recorder, recorded):
    model = ExactModel.saying(asks(call("weigh", "c1", parcel="a")), says())
    by_arguments(model, [weigh], more={"scale": "small"}).invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert seen(trace) == [("weigh", {"parcel": "a", "scale": "small"}, "a on small", "ok", 0)]


def loop(model, config, *, ids=True):
    messages: list[Any] = [HumanMessage("go")]
    while (turn := model.bind_tools([look]).invoke(messages, config)).tool_calls:
        messages.append(turn)
        for wanted in turn.tool_calls:
            answer = look.invoke(wanted["args"], config)
            messages.append(ToolMessage(answer, tool_call_id=wanted["id"] if ids else ""))


@pytest.mark.parametrize("ids", [("1", "2"), ("", "")])
def test_a_bare_loop_that_passes_arguments_alone_is_one_trace(ids, recorder, recorded):
    turns = [asks(call("look", call_id, where=call_id or "w")) for call_id in ids]
    loop(ExactModel.saying(*turns, says()), {"callbacks": [recorder]}, ids=bool(ids[0]))
    (trace,) = recorded()
    assert [(c.status, c.model_call) for c in trace.tool_calls] == [("ok", 0), ("ok", 1)]
    assert len(trace.model_calls) == 3


def test_loops_in_threads_that_ask_for_the_same_things_do_not_mix(recorder, recorded):
    barrier = threading.Barrier(4)

    def run() -> None:
        model = ExactModel.saying(
            asks(call("look", "", where="a")), asks(call("look", "", where="b")), says()
        )
        barrier.wait(10)
        loop(model, {"callbacks": [recorder]}, ids=False)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    traces = recorded()
    assert [[c.args["where"] for c in trace.tool_calls] for trace in traces] == [["a", "b"]] * 4


def test_calls_whose_arguments_are_no_json_are_calls_that_failed(recorder, recorded):
    bad = InvalidToolCall(name="look", args='{"where": ', id="b1", error="not JSON", type="invalid_tool_call")
    nameless = InvalidToolCall(name=None, args=None, id=None, error=None, type="invalid_tool_call")
    message = AIMessage("", tool_calls=[call("look", "c1", where="a")], invalid_tool_calls=[bad, nameless])
    create_agent(ExactModel.saying(message, says()), [look]).invoke(user("go"), {"callbacks": [recorder]})
    (trace,) = recorded()
    assert [(c.name, c.args, c.status, c.error, c.model_call) for c in trace.tool_calls] == [
        ("look", {"where": "a"}, "ok", None, 0),
        ("look", {"__raw__": '{"where": '}, "error", "not JSON", 0),
        ("tool", {"__raw__": ""}, "error", "the arguments are not JSON", 0),
    ]


def test_answers_of_tools_that_langchain_never_saw_go_by_order_where_ids_are_missing(recorder, recorded):
    model = ExactModel.saying(asks(call("look", "", where="a"), call("look", "", where="b")), says())
    manager = CallbackManager.configure(inheritable_callbacks=[recorder])
    messages: list[Any] = [HumanMessage("go")]
    messages.append(model.invoke(messages, {"callbacks": manager}))
    messages += [
        ToolMessage("first", tool_call_id=""),
        ToolMessage("second", tool_call_id="", status="error"),
    ]
    model.invoke(messages, {"callbacks": manager})
    (trace,) = recorded()
    assert [(c.output, c.status) for c in trace.tool_calls] == [("first", "ok"), ("second", "error")]


def test_a_call_that_was_never_executed_is_not_taken_for_a_later_one_with_other_arguments():
    recording = Recording(key="k", trace_id="k", started_at=0.0)
    run = ModelRun(index=0, model="", seat=Seat(scope=""), offered=(), started_at=0.0)
    issued = IssuedCall(call_id="c", name="look", args=b'{"where":"a"}', model_run=run, position=0)
    recording.issue(issued)

    def found(call_id, **args):
        return find_issued_call(recording, call_id, name="look", args=freeze_arguments(args), scope="")

    assert found("c", where="edited") is issued
    assert found(None, where="a") is issued
    assert found(None, where="b") is None
    assert found("unknown", where="a") is None
