"""What writes is installed only once a person accepted it, whichever way it is installed; what only reads is not asked for."""

import logging
from dataclasses import replace
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import tools_condition
from langgraph.types import Command

import langchain_awo as awo
from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.errors import DecisionError, PlanError
from langchain_awo.model.ir.reviewing import undecide
from langchain_awo.plan_file import update_plan
from langchain_awo.runtime.agent.node import tool_node
from langchain_awo.runtime.tool.mcp_server import mcp_server
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.runtime.desk import (
    FIND,
    NOTE,
    ORDERS,
    ask,
    call,
    model_of,
    plan_of,
    routine,
    tool_messages,
)

READS = routine("look_up", FIND, ORDERS)
WRITES = routine("note_it", FIND, NOTE)
THREAD = {"configurable": {"thread_id": "t"}}


@pytest.fixture
def waiting(desk: Any) -> MetaToolkit:
    plan = undecide(plan_of(desk.tools, READS, WRITES), "note_it")
    return MetaToolkit(plan=plan, tools=desk.tools)


def names(tools: Any) -> list[str]:
    return [each.name for each in tools]


def test_a_write_that_nobody_accepted_is_left_out_with_the_command_that_installs_it(
    waiting: MetaToolkit, caplog: Any
) -> None:
    assert names(waiting.get_tools()) == ["look_up"]
    assert names(waiting.accept("note_it").get_tools()) == ["look_up", "note_it"]
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "note_it is left out: it writes and has not been accepted" in record.message
    assert "`awo accept FILE note_it`" in record.message


def test_it_is_said_once_and_with_the_name_of_the_file(
    waiting: MetaToolkit, tmp_path: Any, caplog: Any
) -> None:
    waiting.save(tmp_path / "t.json")
    loaded = MetaToolkit.load(tmp_path / "t.json", tools=waiting.tools)
    for _ in range(3):
        loaded.get_tools()
        MetaToolMiddleware(loaded)
    assert len(caplog.records) == 1
    assert f"awo accept {tmp_path / 't.json'} note_it" in caplog.records[0].message


def test_no_way_leads_to_it(waiting: MetaToolkit, desk: Any) -> None:
    middleware = MetaToolMiddleware(waiting)
    assert "it writes and has not been accepted" in middleware.refused["note_it"]
    for mode in ("append", "replace", "continue", "entry", "prefetch"):
        assert "note_it" in MetaToolMiddleware(waiting, mode=mode, allow=["note_it"]).refused
    assert "note_it" not in tool_node(waiting, desk.tools).tools_by_name
    with pytest.raises(DecisionError, match="awo accept"):
        waiting.get_tool("note_it")
    alone = MetaToolkit(plan=undecide(plan_of(desk.tools, WRITES), "note_it"), tools=desk.tools)
    with pytest.raises(PlanError, match="it writes and has not been accepted"):
        mcp_server(alone)


def test_a_model_that_asks_for_it_all_the_same_is_told_and_nothing_is_written(
    waiting: MetaToolkit, desk: Any
) -> None:
    agent = create_agent(
        model_of(call("note_it", email="a@b"), "done"), desk.tools, middleware=[MetaToolMiddleware(waiting)]
    )
    state = agent.invoke(ask())
    assert "note_it" in tool_messages(state)[0].content
    assert desk.calls("note") == []


def test_what_changed_since_it_was_accepted_waits_again(desk: Any) -> None:
    plan = plan_of(desk.tools, WRITES)
    again = replace(
        plan.meta_tools[0], steps=(FIND, replace(NOTE, args={**NOTE.args, "text": FIND.args["email"]}))
    )
    toolkit = MetaToolkit(plan=replace(plan, meta_tools=(again,)), tools=desk.tools)
    assert "what it does has changed since it was accepted" in toolkit.withheld["note_it"]
    assert toolkit.accept("note_it").withheld == {}


def test_the_effect_at_run_time_decides(desk: Any) -> None:
    """What the host declares to read needs nobody; what a plan only says to read is looked at again."""
    plan = undecide(plan_of(desk.tools, READS, WRITES), "note_it")
    declared = MetaToolkit(plan=plan, tools=desk.tools, effects={"note": awo.Effect.READ})
    assert declared.withheld == {}
    worse = MetaToolkit(plan=plan, tools=desk.tools, effects={"get_order": awo.Effect.WRITE})
    assert worse.withheld.keys() == {"look_up", "note_it"}


def test_what_was_rejected_is_gone_and_the_rest_stays(waiting: MetaToolkit) -> None:
    toolkit = waiting.reject("look_up", reason="never")
    assert toolkit.get_tools() == []
    assert toolkit.undecide("look_up").withheld.keys() == {"note_it"}


def test_a_toolkit_that_was_accepted_in_its_file_is_installed(waiting: MetaToolkit, tmp_path: Any) -> None:
    path = tmp_path / "t.json"
    waiting.save(path)
    assert MetaToolkit.load(path, tools=waiting.tools).withheld
    waiting.accept("note_it", by="Ann").rename("note_it", "leave_note").set_mode("look_up", "replace").save(
        path
    )
    loaded = MetaToolkit.load(path, tools=waiting.tools)
    assert (loaded.withheld, names(loaded.get_tools())) == ({}, ["look_up", "leave_note"])
    update_plan(path, lambda plan: undecide(plan, "leave_note"))
    assert MetaToolkit.load(path, tools=waiting.tools).withheld


@pytest.fixture
def asking(desk: Any) -> MetaToolkit:
    """Accepted, and a person is asked before each note."""
    return MetaToolkit(plan=plan_of(desk.tools, READS, WRITES), tools=desk.tools).accept(
        "note_it", needs_approval=["note"]
    )


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_a_person_is_asked_before_a_tool_that_the_reviewer_marked(
    asking: MetaToolkit, desk: Any, answer: str
) -> None:
    agent = create_agent(
        model_of(call("note_it", email="a@b"), "done"),
        desk.tools,
        middleware=[MetaToolMiddleware(asking)],
        checkpointer=InMemorySaver(),
    )
    [question] = agent.invoke(ask(), THREAD)["__interrupt__"]
    assert question.value["action_requests"][0]["args"] == {"user": 7, "text": "hello"}
    assert desk.calls("note") == []
    agent.invoke(Command(resume={"decisions": [{"type": answer}]}), THREAD)
    assert len(desk.calls("note")) == (answer == "approve")


def test_the_same_tool_is_not_asked_for_where_nobody_marked_it(asking: MetaToolkit, desk: Any) -> None:
    other = replace(
        asking.plan,
        meta_tools=(*asking.plan.meta_tools, *plan_of(desk.tools, routine("other", FIND, NOTE)).meta_tools),
    )
    installed = MetaToolMiddleware(MetaToolkit(plan=other, tools=desk.tools))
    agent = create_agent(model_of(call("other", email="a@b"), "done"), desk.tools, middleware=[installed])
    agent.invoke(ask())
    assert desk.calls("note") == [("note", "7:hello")]


def test_a_node_asks_too(asking: MetaToolkit, desk: Any) -> None:
    bound = model_of(call("note_it", email="a@b"), "done").bind_tools([*desk.tools, *asking.get_tools()])
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [bound.invoke(state["messages"])]})
    graph.add_node("tools", tool_node(asking, desk.tools))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    agent = graph.compile(checkpointer=InMemorySaver())
    assert agent.invoke(ask(), THREAD)["__interrupt__"]
    assert desk.calls("note") == []
    agent.invoke(Command(resume={"decisions": [{"type": "approve"}]}), THREAD)
    assert len(desk.calls("note")) == 1


def test_a_plain_tool_cannot_ask_and_so_does_not_run(asking: MetaToolkit, desk: Any) -> None:
    agent = create_agent(model_of(call("note_it", email="a@b"), "done"), [*desk.tools, *asking.get_tools()])
    [told] = tool_messages(agent.invoke(ask()))
    assert "a person is to be asked before 'note'" in told.content
    assert desk.calls() == []


def test_a_server_offers_nothing_that_a_person_is_to_be_asked_about(asking: MetaToolkit, desk: Any) -> None:
    alone = MetaToolkit(plan=plan_of(desk.tools, WRITES), tools=desk.tools).accept(
        "note_it", needs_approval=["note"]
    )
    with pytest.raises(PlanError, match="cannot ask for approval"):
        mcp_server(alone)


@pytest.mark.parametrize("mode", ["continue", "entry", "prefetch"])
def test_a_read_that_the_reviewer_marked_is_never_made_unasked(desk: Any, mode: Any) -> None:
    eager = replace(READS, steps=(FIND, replace(ORDERS, eager=True)), mode=mode)
    toolkit = MetaToolkit(plan=plan_of(desk.tools, eager), tools=desk.tools).accept(
        "look_up", needs_approval=["get_order"]
    )
    installed = MetaToolMiddleware(toolkit, entry=lambda _state, _runtime: {"email": "a@b"})
    agent = create_agent(model_of(call("find_user", email="a@b"), "done"), desk.tools, middleware=[installed])
    agent.invoke(ask())
    assert desk.calls("get_order") == []
    assert ("look_up" in installed.refused) == (mode == "entry")


def test_a_name_that_is_none_is_refused_with_the_nearest(waiting: MetaToolkit) -> None:
    with pytest.raises(DecisionError, match="did you mean 'note_it'"):
        waiting.accept("note_its")
    with pytest.raises(DecisionError, match="did you mean 'note'"):
        waiting.accept("note_it", needs_approval=["notes"])


def test_tools_may_be_named_by_themselves(waiting: MetaToolkit) -> None:
    @tool
    def note(user: int, text: str) -> dict:
        """Writes a note."""
        return {"user": user, "text": text}

    found = waiting.accept("note_it", needs_approval=[note])
    assert found.plan.meta_tools[1].approval == ("note",)
