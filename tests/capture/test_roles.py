"""Model calls that are not the agent's end none of its routines, and what they are told is no word of the user."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    LLMToolSelectorMiddleware,
    SummarizationMiddleware,
    before_model,
    wrap_model_call,
)
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from pydantic import BaseModel, Field

from langchain_awo.capture.session import Session
from langchain_awo.optimizer.log.corpus import build_corpus
from tests.capture.exact_model import ExactModel
from tests.capture.scripted_agents import asks, call, look, says, user
from tests.releases import IS_OLD


def agent_model():
    return ExactModel.saying(asks(call("look", "1", where="a")), asks(call("look", "2", where="b")), says())


def always(text="fine"):
    return ExactModel(say=lambda _: AIMessage(text))


def check_one_routine(trace):
    """The agent's two rounds are one segment, and the only word of the user is the user's."""
    assert [m.text for m in trace.messages if m.role == "user"] == ["go"]
    segments = [segment for _, segment in build_corpus([trace]).segments()]
    assert [[c.args["where"] for each in s.rounds for c in each.calls] for s in segments] == [["a", "b"]]
    assert all(c.scope == "" for c in trace.tool_calls)


@before_model
def guard(state, runtime):
    """A guard in a hook."""
    always().invoke([("user", f"Is this safe? {state['messages'][-1].content}")])


@before_model
def completing_guard(state, runtime):
    """A guard that completes text."""
    FakeListLLM(responses=["SAFE"]).invoke("Is this safe?")


@wrap_model_call
def grader(request, handler):
    """A model called beside the agent's, in the same node."""
    always().invoke([HumanMessage("Grade what follows.", id="g")])
    answer = handler(request)
    always().invoke([("user", "Grade what was said.")])
    return answer


class Verdict(BaseModel):
    """A judgement."""

    safe: bool = Field(description="whether it is")


class Judging(ExactModel):
    """Answers in a given form, as providers do who send the form as a tool."""

    def with_structured_output(self, schema, **kwargs: Any):
        form = {"kwargs": {"method": "function_calling"}, "schema": schema}
        return self.bind_tools([schema], ls_structured_output_format=form)


@before_model
def judge(state, runtime):
    """A guard whose answer has a form."""
    model = Judging(say=lambda _: asks(call("Verdict", "v", safe=True)))
    model.with_structured_output(Verdict).invoke([("user", "Is this safe?")])


@pytest.mark.parametrize("helper", [guard, completing_guard, grader, judge], ids=lambda each: each.name)
def test_helpers_of_an_agent_are_told_from_it(helper, recorder, recorded):
    agent = create_agent(agent_model(), [look], middleware=[helper])
    agent.invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    check_one_routine(trace)
    assert len(trace.model_calls) >= 6
    assert [(c.name, c.status) for c in trace.tool_calls] == [("look", "ok"), ("look", "ok")]
    assert [spec.name for spec in trace.tools] == ["look"]


@pytest.mark.skipif(IS_OLD, reason="older releases do not mark the model calls of their middleware")
def test_a_selector_of_tools_is_told_by_its_mark(recorder, recorded):
    class Selecting(ExactModel):
        def with_structured_output(self, schema, **kwargs: Any):
            form = {"kwargs": {}, "schema": schema}
            return self.bind(ls_structured_output_format=form) | (lambda _: {"tools": ["look"]})

    selector = LLMToolSelectorMiddleware(model=Selecting(say=lambda _: AIMessage("look")))
    agent = create_agent(agent_model(), [look], middleware=[selector])
    agent.invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    check_one_routine(trace)
    assert sum("tool_selection" in m.scope for m in trace.model_calls) == 3


def test_a_summary_and_the_call_that_made_it_are_not_the_users(recorder, recorded):
    middleware = SummarizationMiddleware(
        model=always("a summary"), trigger=("messages", 3), keep=("messages", 2)
    )
    agent = create_agent(agent_model(), [look], middleware=[middleware])
    agent.invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    check_one_routine(trace)
    assert any("summarization" in m.scope for m in trace.model_calls)


def test_graders_and_routers_that_are_nodes_of_a_graph_are_told_from_the_agent(recorder, recorded):
    """As in LangGraph's agentic retrieval: route, think, retrieve, grade, think, answer."""
    model, router = agent_model(), Judging(say=lambda _: asks(call("Verdict", "r", safe=True)))

    def node(invoke):
        return lambda state: {"messages": [answer] if isinstance(answer := invoke(state), AIMessage) else []}

    graph = StateGraph(MessagesState)
    routed = router.with_structured_output(Verdict)
    graph.add_node("route", node(lambda state: routed.invoke(state["messages"]) and None))
    graph.add_node("think", node(lambda state: model.bind_tools([look]).invoke(state["messages"])))
    graph.add_node("retrieve", ToolNode([look]))
    graph.add_node("grade", node(lambda state: always("yes").invoke([("user", "Is it relevant?")]) and None))
    graph.add_edge(START, "route")
    graph.add_edge("route", "think")
    graph.add_conditional_edges(
        "think", lambda state: "retrieve" if state["messages"][-1].tool_calls else END, ["retrieve", END]
    )
    graph.add_edge("retrieve", "grade")
    graph.add_edge("grade", "think")
    graph.compile().invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    check_one_routine(trace)
    assert {m.scope for m in trace.model_calls} == {"", ">route", ">grade"}


def test_two_agents_of_one_graph_are_both_agents(recorder, recorded):
    graph = StateGraph(MessagesState)
    for name, where in (("scout", "a"), ("writer", "b")):
        model = ExactModel.saying(asks(call("look", name, where=where)), says())
        bound = model.bind_tools([look])
        graph.add_node(name, lambda state, bound=bound: {"messages": [bound.invoke(state["messages"])]})
        graph.add_node(f"{name} tools", ToolNode([look]))
        graph.add_edge(name, f"{name} tools")
    graph.add_edge(START, "scout")
    graph.add_edge("scout tools", "writer")
    graph.compile().invoke(user("go"), config={"callbacks": [recorder]})
    (trace,) = recorded()
    assert [(c.call_id, c.scope) for c in trace.tool_calls] == [("scout", ""), ("writer", "")]
    assert [m.scope for m in trace.model_calls] == ["", ""]


def test_a_helper_in_the_session_of_a_bare_loop_is_told_from_the_agent(recorder, recorded):
    model, config = agent_model(), {"callbacks": [recorder]}
    messages: list[Any] = [HumanMessage("go")]
    with Session("loop"):
        while (turn := model.bind_tools([look]).invoke(messages, config)).tool_calls:
            messages.append(turn)
            messages.extend(look.invoke(wanted, config) for wanted in turn.tool_calls)
            always().invoke([("user", "Is that enough?")], config)
    (trace,) = recorded()
    check_one_routine(trace)


def test_a_chat_without_tools_is_all_the_agents(recorder, recorded):
    always().invoke([("user", "go")], {"callbacks": [recorder]})
    (trace,) = recorded()
    assert [m.text for m in trace.messages] == ["go"]
    assert [m.scope for m in trace.model_calls] == [""]


def test_whether_a_run_begins_a_conversation_is_told_by_the_agents_prompt(recorder, recorded):
    """The guard's prompt is a new one every time."""
    agent = create_agent(always(), [look], middleware=[guard], checkpointer=InMemorySaver())
    config = {"callbacks": [recorder], "configurable": {"thread_id": "7"}}
    for text in ("one", "two"):
        agent.invoke(user(text), config=config)
    first, second = recorded()
    assert first.metadata == {"awo_conversation": "fresh"}
    assert second.metadata == {}
    assert [m.text for m in second.messages] == ["one", "two"]
