"""Approvals where no middleware of ours is at work: plain tools, hand-written graphs, pauses, marks, sub-agents."""

import json
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware, wrap_tool_call
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import tools_condition
from langgraph.types import Command, interrupt

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.errors import ApprovalError
from langchain_awo.runtime.agent.node import tool_node
from langchain_awo.runtime.approval import running_graph
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.runtime.desk import (
    FIND,
    NOTE,
    ORDERS,
    REFUND,
    ask,
    call,
    model_of,
    new_agent,
    plan_of,
    routine,
    tool_messages,
)

HELP = routine("help_user", FIND, ORDERS, NOTE, REFUND)
THREAD = {"configurable": {"thread_id": "t"}}
APPROVE = Command(resume={"decisions": [{"type": "approve"}]})


def _writes(desk: Any) -> list[Any]:
    return desk.calls("note") + desk.calls("refund")


def _model(*turns: Any) -> Any:
    return model_of(*(turns or (call("help_user", email="a@b"),)), "done", "done")


# --- plain tools ---


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_a_plain_meta_tool_beside_approvals_does_not_run(desk: Any, toolkit: Any, how: str) -> None:
    human = HumanInTheLoopMiddleware(interrupt_on={"note": True})
    tools = [*desk.tools, *toolkit(HELP).get_tools()]
    agent = create_agent(_model(), tools, middleware=[human], checkpointer=InMemorySaver())
    state = agent.invoke(ask(), THREAD) if how == "sync" else await agent.ainvoke(ask(), THREAD)
    (message,) = tool_messages(state)
    assert message.status == "error"
    assert "MetaToolMiddleware(toolkit, allow=['help_user'])" in message.content
    assert desk.calls() == []


def test_beside_approvals_for_other_tools_it_runs(desk: Any, toolkit: Any) -> None:
    human = HumanInTheLoopMiddleware(interrupt_on={"whoami": True})
    tools = [*desk.tools, *toolkit(HELP).get_tools()]
    create_agent(_model(), tools, middleware=[human], checkpointer=InMemorySaver()).invoke(ask(), THREAD)
    assert len(_writes(desk)) == 2


def test_where_the_graph_does_not_show_its_approvals_a_plain_meta_tool_only_reads(
    desk: Any, toolkit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_graph, "_CALL", "renamed")
    built = toolkit(HELP, routine("look", FIND))
    turns = [call("help_user", email="a@b"), call("look", email="c@d")]
    create_agent(_model(*turns), [*desk.tools, *built.get_tools()]).invoke(ask())
    assert desk.calls() == [("find_user", "c@d")]


def test_get_tools_leaves_out_what_calls_a_protected_tool(toolkit: Any) -> None:
    built = toolkit(HELP, routine("look", FIND))
    assert [each.name for each in built.get_tools(protected=["note"])] == ["look"]
    with pytest.raises(ApprovalError, match="did you mean 'note'"):
        built.get_tools(protected=["nota"])


def test_a_wrapper_around_plain_tools_sees_the_meta_tool_alone(desk: Any, toolkit: Any) -> None:
    seen = []

    @wrap_tool_call
    def audit(request: Any, handler: Any) -> Any:
        seen.append(request.tool_call["name"])
        return handler(request)

    create_agent(_model(), [*desk.tools, *toolkit(HELP).get_tools()], middleware=[audit]).invoke(ask())
    assert seen == ["help_user"]


# --- hand-written graphs ---


def _graph(desk: Any, toolkit: MetaToolkit, *turns: Any, between: Any = None, **options: Any) -> Any:
    """A graph around `tool_node`; `between` stands between the model and the tools."""
    bound = _model(*turns).bind_tools([*desk.tools, *toolkit.get_tools()])

    def think(state: MessagesState) -> dict[str, Any]:
        return {"messages": [bound.invoke(state["messages"])]}

    async def athink(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await bound.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("model", RunnableLambda(think, athink))
    graph.add_node("tools", tool_node(toolkit, desk.tools, **options))
    graph.add_edge(START, "model")
    if between:
        graph.add_node("between", between)
        graph.add_edge("between", "tools")
    graph.add_conditional_edges(
        "model", tools_condition, {"tools": "between" if between else "tools", "__end__": "__end__"}
    )
    graph.add_edge("tools", "model")
    return graph.compile(checkpointer=InMemorySaver())


async def _invoke(graph: Any, value: Any, how: str) -> Any:
    return graph.invoke(value, THREAD) if how == "sync" else await graph.ainvoke(value, THREAD)


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_a_node_refuses_what_calls_a_protected_tool(desk: Any, toolkit: Any, how: str) -> None:
    state = await _invoke(_graph(desk, toolkit(HELP), protected=["note"]), ask(), how)
    assert "'note', which is protected" in tool_messages(state)[0].content
    assert desk.calls() == []


@pytest.mark.parametrize("how", ["sync", "async"])
async def test_a_node_asks_for_allowed_inner_calls(desk: Any, toolkit: Any, how: str) -> None:
    graph = _graph(desk, toolkit(HELP), protected=["note"], allow=["help_user"])
    asked = (await _invoke(graph, ask(), how))["__interrupt__"][0].value["action_requests"][0]
    assert (asked["name"], _writes(desk)) == ("note", [])
    state = await _invoke(graph, APPROVE, how)
    assert json.loads(tool_messages(state)[0].content)["status"] == "completed"
    assert len(_writes(desk)) == 2


def test_a_nodes_names_are_checked(desk: Any, toolkit: Any) -> None:
    with pytest.raises(ApprovalError, match="did you mean 'note'"):
        tool_node(toolkit(HELP), desk.tools, protected=["nota"])


def test_the_wrapper_of_a_node_sees_inner_calls(desk: Any, toolkit: Any) -> None:
    def no_notes(request: Any, execute: Any) -> Any:
        if request.tool_call["name"] == "note":
            return ToolMessage("not today", tool_call_id=request.tool_call["id"], status="error")
        return execute(request)

    state = _graph(desk, toolkit(HELP), wrap_tool_call=no_notes).invoke(ask(), THREAD)
    assert json.loads(tool_messages(state)[0].content)["failed"]["error"] == "not today"
    assert _writes(desk) == []


async def test_its_async_wrapper_too(desk: Any, toolkit: Any) -> None:
    seen = []

    async def audit(request: Any, execute: Any) -> Any:
        seen.append(request.tool_call["name"])
        return await execute(request)

    await _graph(desk, toolkit(HELP), awrap_tool_call=audit).ainvoke(ask(), THREAD)
    assert sorted(seen) == ["find_user", "get_order", "get_order", "help_user", "note", "refund"]


def test_a_node_that_reviews_the_models_calls_sees_the_meta_tool_and_not_what_it_calls(
    desk: Any, toolkit: Any
) -> None:
    """Nothing tells that such a node asks; the names of meta-tools belong into its list."""

    def review(state: MessagesState) -> dict[str, Any]:
        names = [each["name"] for each in state["messages"][-1].tool_calls]
        if set(names) & {"note", "help_user"}:
            interrupt({"action_request": {"action": names[0]}})
        return {}

    asked = _graph(desk, toolkit(HELP), between=review).invoke(ask(), THREAD)["__interrupt__"][0].value
    assert asked == {"action_request": {"action": "help_user"}}
    assert desk.calls() == []


# --- pauses ---


@pytest.mark.parametrize("kind", ["create_agent", "state_graph"])
@pytest.mark.parametrize("said", ["when built", "when run"])
def test_a_pause_before_the_tools_comes_before_anything_of_a_meta_tool(
    desk: Any, toolkit: Any, kind: str, said: str
) -> None:
    pause = {"interrupt_before": ["tools"]}
    built, run = (pause, {}) if said == "when built" else ({}, pause)
    tools = [*desk.tools, *toolkit(HELP).get_tools()]
    agent = new_agent(kind, _model(), tools, checkpointer=InMemorySaver(), **built)
    state = agent.invoke(ask(), THREAD, **run)
    assert state["messages"][-1].tool_calls[0]["name"] == "help_user"
    assert desk.calls() == []
    agent.invoke(None, THREAD)
    assert len(_writes(desk)) == 2


@pytest.mark.parametrize("hook", ["interrupt_before", "interrupt_after"])
@pytest.mark.parametrize("said", ["when built", "when run"])
def test_nothing_is_run_unasked_where_every_call_is_paused_for(
    desk: Any, toolkit: Any, hook: str, said: str
) -> None:
    from dataclasses import replace

    eager = routine("help_user", FIND, replace(ORDERS, eager=True), mode="continue")
    greet = routine("greet", FIND, mode="entry")
    installed = MetaToolMiddleware(toolkit(eager, greet), entry=lambda *_: {"email": "x@y"})
    pause = {hook: ["tools"]}
    built, run = (pause, {}) if said == "when built" else ({}, pause)
    model = _model(call("find_user", email="a@b"))
    agent = create_agent(model, desk.tools, middleware=[installed], checkpointer=InMemorySaver(), **built)
    agent.invoke(ask(), THREAD, **run)
    if hook == "interrupt_before":
        assert desk.calls() == []
        agent.invoke(None, THREAD, **run)
    assert desk.calls() == [("find_user", "a@b")]


# --- marks in the metadata of a tool ---

MARKS = [{"requires_approval": True}, {"requiresApproval": "always"}, {"needs-approval": 1}]


def _marked(desk: Any, mark: dict[str, Any], *meta_tools: Any) -> tuple[list[Any], MetaToolkit]:
    tools = desk.tools
    next(each for each in tools if each.name == "note").metadata = mark
    return tools, MetaToolkit(plan=plan_of(tools, *meta_tools), tools=tools)


@pytest.mark.parametrize("mark", MARKS, ids=str)
def test_a_tool_that_is_marked_is_protected(desk: Any, mark: dict[str, Any]) -> None:
    tools, built = _marked(desk, mark, HELP)
    installed = MetaToolMiddleware(built)
    create_agent(_model(), tools, middleware=[installed]).invoke(ask())
    assert "'note', which is protected" in installed.refused["help_user"]
    assert _writes(desk) == []


def test_an_allowed_call_of_a_marked_tool_is_asked_for(desk: Any) -> None:
    tools, built = _marked(desk, MARKS[0], HELP)
    installed = MetaToolMiddleware(built, allow=["help_user"])
    agent = create_agent(_model(), tools, middleware=[installed], checkpointer=InMemorySaver())
    assert agent.invoke(ask(), THREAD)["__interrupt__"]
    agent.invoke(APPROVE, THREAD)
    assert len(_writes(desk)) == 2


def test_a_plain_meta_tool_carries_the_mark(desk: Any) -> None:
    _, built = _marked(desk, MARKS[0], HELP, routine("look", FIND))
    said = {each.name: each.metadata.get("requires_approval") for each in built.get_tools()}
    assert said == {"help_user": True, "look": None}


def test_a_mark_that_says_no_is_none(desk: Any) -> None:
    _, built = _marked(desk, {"requires_approval": False}, HELP)
    assert MetaToolMiddleware(built).refused == {}


# --- questions of the tool itself, and sub-agents ---


@pytest.mark.parametrize("kind", ["create_agent", "state_graph"])
def test_a_tool_that_asks_by_itself_asks_inside_a_meta_tool(desk: Any, toolkit: Any, kind: str) -> None:
    desk.asks = {"note"}
    tools = [*desk.tools, *toolkit(HELP).get_tools()]
    agent = new_agent(kind, _model(), tools, checkpointer=InMemorySaver())
    assert agent.invoke(ask(), THREAD)["__interrupt__"][0].value["may I"] == "note"
    assert _writes(desk) == []
    agent.invoke(Command(resume="yes"), THREAD)
    assert desk.calls("note") == [("note", "7:hello:yes")]


@pytest.mark.parametrize("wanted", ["help_user", "note"])
def test_approvals_of_a_manager_reach_no_sub_agent_with_or_without_meta_tools(
    desk: Any, toolkit: Any, wanted: str
) -> None:
    """LangChain's own limit: a plain call of the sub-agent is not asked for either."""
    args = {"help_user": {"email": "a@b"}, "note": {"user": 7, "text": "hello"}}[wanted]
    expert = create_agent(_model(call(wanted, **args)), [*desk.tools, *toolkit(HELP).get_tools()])

    @tool
    def ask_expert(question: str) -> str:
        """Asks the expert."""
        return expert.invoke(ask(question))["messages"][-1].text

    human = HumanInTheLoopMiddleware(interrupt_on={"note": True})
    manager = create_agent(
        _model(call("ask_expert", question="x")),
        [ask_expert],
        middleware=[human],
        checkpointer=InMemorySaver(),
    )
    assert "__interrupt__" not in manager.invoke(ask(), THREAD)
    assert desk.calls("note") == [("note", "7:hello")]


def test_a_sub_agent_inside_a_guarded_meta_tool_has_its_own_approvals(desk: Any, toolkit: Any) -> None:
    from langchain_awo.model.ir.binding import Constant
    from tests.runtime.desk import step

    human = HumanInTheLoopMiddleware(interrupt_on={"note": True})
    plain = [*desk.tools, *toolkit(HELP).get_tools()]
    expert = create_agent(_model(), plain, middleware=[human], checkpointer=InMemorySaver())

    @tool
    def ask_expert(question: str) -> str:
        """Asks the expert."""
        return tool_messages(expert.invoke(ask(question), {"configurable": {"thread_id": "e"}}))[0].text

    tools = [*desk.tools, ask_expert]
    outer = routine("consult", step("ask_expert", args={"question": Constant(value="x")}))
    installed = MetaToolMiddleware(MetaToolkit(plan=plan_of(tools, outer), tools=tools))
    agent = create_agent(_model(call("consult", email="a@b")), tools, middleware=[installed])
    assert "help_user was not run" in tool_messages(agent.invoke(ask()))[0].content
    assert desk.calls() == []
