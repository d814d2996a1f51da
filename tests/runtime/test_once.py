"""Nothing runs twice: interrupts, retries, crashes, resume tokens, parallel calls."""

import asyncio
import json
from typing import Any

import pytest
from langchain.agents.middleware import ToolRetryMiddleware, wrap_tool_call
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.store.memory import InMemoryStore
from langgraph.store.sqlite import SqliteStore
from langgraph.types import Command, RetryPolicy

from langchain_awo.model.ir.binding import Constant, Item, Output
from langchain_awo.model.ir.metatool import Map
from langchain_awo.runtime.journal.journal import RunMemory
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from langchain_awo.testing import ask_tools
from tests.runtime.desk import (
    FIND,
    HELP,
    NOTE,
    ORDERS,
    REFUND,
    Desk,
    ask,
    call,
    model_of,
    new_agent,
    plan_of,
    routine,
    step,
    tool_messages,
)

THREAD = {"configurable": {"thread_id": "t.1"}}


def test_after_an_interrupt_completed_steps_are_not_made_again(kind: str, desk: Any, toolkit: Any) -> None:
    desk.asks = {"refund"}
    tools = [*desk.tools, *toolkit(HELP).get_tools()]
    agent = new_agent(
        kind, model_of(call("help_user", email="a@b"), "ok"), tools, checkpointer=InMemorySaver()
    )
    waiting = agent.invoke(ask(), THREAD)
    assert waiting["__interrupt__"][0].value == {"may I": "refund", "args": "A"}
    (message,) = tool_messages(agent.invoke(Command(resume="yes"), THREAD))
    assert json.loads(message.content)["status"] == "completed"
    assert sorted(desk.calls()) == sorted(
        [
            ("find_user", "a@b"),
            ("get_order", "A"),
            ("get_order", "B"),
            ("note", "7:hello"),
            ("refund", "A:yes"),
        ]
    )


async def test_after_an_interrupt_they_are_not_made_again_asynchronously(
    kind: str, desk: Any, toolkit: Any
) -> None:
    desk.asks = {"refund"}
    tools = [*desk.tools, *toolkit(HELP).get_tools()]
    agent = new_agent(
        kind, model_of(call("help_user", email="a@b"), "ok"), tools, checkpointer=InMemorySaver()
    )
    await agent.ainvoke(ask(), THREAD)
    (message,) = tool_messages(await agent.ainvoke(Command(resume="yes"), THREAD))
    assert json.loads(message.content)["status"] == "completed"
    assert desk.calls("note") == [("note", "7:hello")]
    assert desk.calls("refund") == [("refund", "A:yes")]


def test_each_interrupt_gets_its_own_answer(kind: str, desk: Any, toolkit: Any) -> None:
    desk.asks = {"note", "refund"}
    tools = [*desk.tools, *toolkit(HELP).get_tools()]
    agent = new_agent(
        kind, model_of(call("help_user", email="a@b"), "ok"), tools, checkpointer=InMemorySaver()
    )
    agent.invoke(ask(), THREAD)
    second = agent.invoke(Command(resume="first answer"), THREAD)
    assert second["__interrupt__"][0].value["may I"] == "refund"
    agent.invoke(Command(resume="second answer"), THREAD)
    assert desk.calls("note") == [("note", "7:hello:first answer")]
    assert desk.calls("refund") == [("refund", "A:second answer")]


def test_reads_that_interrupt_side_by_side_get_their_own_answers(kind: str, desk: Any, toolkit: Any) -> None:
    desk.asks = {"get_order"}
    tools = [*desk.tools, *toolkit(routine("help_user", FIND, ORDERS, NOTE)).get_tools()]
    agent = new_agent(
        kind, model_of(call("help_user", email="a@b"), "ok"), tools, checkpointer=InMemorySaver()
    )
    state = agent.invoke(ask(), THREAD)
    for _ in range(2):
        wanted = state["__interrupt__"][0].value["args"]
        state = agent.invoke(Command(resume=f"answer to {wanted}"), THREAD)
    assert sorted(desk.calls("get_order")) == [
        ("get_order", "A:answer to A"),
        ("get_order", "B:answer to B"),
    ]
    assert desk.calls("note") == [("note", "7:hello")]


def test_the_answer_to_a_graph_inside_a_tool_does_not_shift_the_others(desk: Any) -> None:
    desk.asks = {"inner", "note"}

    def approve(state: MessagesState) -> dict[str, Any]:
        desk.row("inner", "x")
        return {}

    inner = StateGraph(MessagesState).add_node("approve", approve).add_edge(START, "approve").compile()

    @tool
    def delegate(user: int) -> str:
        """Asks another graph."""
        inner.invoke({"messages": []})
        return "delegated"

    fixed = step("note", args={"user": Constant(value=1), "text": Constant(value="x")})
    tools = [*desk.tools, delegate]
    meta_tool = routine("help_user", step("delegate", args={"user": Constant(value=1)}), fixed)
    toolkit = MetaToolkit(plan=plan_of(tools, meta_tool), tools=tools)
    model = model_of(call("help_user", email="a@b"), "ok")
    agent = new_agent("create_agent", model, [*tools, *toolkit.get_tools()], checkpointer=InMemorySaver())
    agent.invoke(ask(), THREAD)
    second = agent.invoke(Command(resume="to the graph"), THREAD)
    assert second["__interrupt__"][0].value["may I"] == "note"
    agent.invoke(Command(resume="to the note"), THREAD)
    assert desk.calls() == [("inner", "x:to the graph"), ("note", "1:x:to the note")]


def test_two_meta_tools_in_one_tool_node_keep_their_results_apart(kind: str, desk: Any, toolkit: Any) -> None:
    desk.asks = {"refund"}
    other = routine("other", FIND, NOTE)
    tools = [*desk.tools, *toolkit(HELP, other).get_tools()]
    both = ask_tools(("help_user", {"email": "a@b"}), ("other", {"email": "c@d"}))
    agent = new_agent(kind, model_of(both, "ok"), tools, checkpointer=InMemorySaver())
    agent.invoke(ask(), THREAD)
    messages = tool_messages(agent.invoke(Command(resume="yes"), THREAD))
    told = [json.loads(message.content) for message in messages]
    assert [each["steps"][0]["args"]["email"] for each in told] == ["a@b", "c@d"]
    assert sorted(desk.calls("note")) == [("note", "7:hello"), ("note", "7:hello")]
    assert len(desk.calls("find_user")) == 2


@pytest.mark.parametrize("how", ["sync", "async"])
def test_two_meta_tools_that_both_ask_each_get_their_own_answer(desk: Any, toolkit: Any, how: str) -> None:
    desk.asks = {"refund"}
    names = ("first", "second")
    both = [
        routine(name, FIND, NOTE, step("refund", args={"order_id": Constant(value=name)})) for name in names
    ]
    tools = [*desk.tools, *toolkit(*both).get_tools()]
    calls = ask_tools(*((name, {"email": f"{name}@b"}) for name in names))
    agent = new_agent("create_agent", model_of(calls, "ok"), tools, checkpointer=InMemorySaver())

    def run(given: Any) -> Any:
        return agent.invoke(given, THREAD) if how == "sync" else asyncio.run(agent.ainvoke(given, THREAD))

    questions = run(ask())["__interrupt__"]
    assert sorted(each.value["args"] for each in questions) == ["first", "second"]
    run(Command(resume={each.id: f"yes to {each.value['args']}" for each in questions}))
    assert sorted(args for _, args in desk.calls("refund")) == ["first:yes to first", "second:yes to second"]
    assert len(desk.calls("note")) == 2


def test_the_same_call_in_a_later_turn_is_a_new_run(kind: str, desk: Any, toolkit: Any) -> None:
    tools = [*desk.tools, *toolkit(routine("help_user", FIND, NOTE)).get_tools()]
    again = call("help_user", email="a@b")
    again.tool_calls[0]["id"] = "call_0"  # some providers count from zero in every message
    agent = new_agent(kind, model_of(again, "ok", again, "ok"), tools, checkpointer=InMemorySaver())
    agent.invoke(ask(), THREAD)
    agent.invoke(ask("once more"), THREAD)
    assert len(desk.calls("note")) == 2


def test_tool_retry_middleware_does_not_repeat_completed_steps(desk: Any, toolkit: Any) -> None:
    from langchain.agents import create_agent

    failures = [ConnectionError("the answer got lost")]

    @wrap_tool_call
    def lossy(request: Any, handler: Any) -> Any:
        answer = handler(request)
        if failures:
            raise failures.pop()
        return answer

    tools = [*desk.tools, *toolkit(routine("help_user", FIND, NOTE)).get_tools()]
    retry = ToolRetryMiddleware(max_retries=2, initial_delay=0, jitter=False)
    agent = create_agent(model_of(call("help_user", email="a@b"), "ok"), tools, middleware=[retry, lossy])
    (message,) = tool_messages(agent.invoke(ask()))
    assert json.loads(message.content)["status"] == "completed"
    assert failures == []
    assert desk.calls() == [("find_user", "a@b"), ("note", "7:hello")]


def test_a_retry_policy_does_not_repeat_completed_steps(desk: Any, toolkit: Any) -> None:
    failures = [ConnectionError("the node died")]
    (lowered,) = toolkit(routine("help_user", FIND, NOTE)).get_tools()

    def lossy(request: Any, handler: Any) -> Any:
        answer = handler(request)
        if failures:
            raise failures.pop()
        return answer

    node = ToolNode([lowered], wrap_tool_call=lossy, handle_tool_errors=False)
    graph = StateGraph(MessagesState)
    graph.add_node("tools", node, retry_policy=RetryPolicy(max_attempts=3, initial_interval=0.001))
    graph.add_edge(START, "tools")
    message = call("help_user", email="a@b")
    message.tool_calls[0]["id"] = "c1"
    graph.compile().invoke({"messages": [message]})
    assert failures == []
    assert desk.calls() == [("find_user", "a@b"), ("note", "7:hello")]


def test_the_resume_token_continues_where_it_stopped(kind: str, desk: Any, toolkit: Any) -> None:
    desk.broken["refund"] = 1
    tools = [*desk.tools, *toolkit(HELP).get_tools()]

    def again(messages: Any, tools: Any) -> Any:
        if messages[-1].type != "tool":
            return call("help_user", email="a@b")
        told = json.loads(messages[-1].content)
        if told["status"] == "completed":
            return "done"
        return call("help_user", email="a@b", resume_token=told["resume_token"])

    from langchain_awo.testing import ScriptedChatModel

    agent = new_agent(kind, ScriptedChatModel(policy=again), tools)
    first, second = tool_messages(agent.invoke(ask()))
    assert json.loads(first.content)["failed"]["tool"] == "refund"
    assert [each["step"] for each in json.loads(second.content)["steps"]] == [1, 2, 3, 4]
    assert sorted(name for name, _ in desk.calls()) == [
        "find_user",
        "get_order",
        "get_order",
        "note",
        "refund",
    ]


def test_an_unknown_or_foreign_resume_token_runs_nothing(desk: Any, toolkit: Any) -> None:
    desk.broken["refund"] = 1
    first, other = toolkit(HELP, routine("other", FIND, NOTE)).get_tools()
    token = json.loads(first.invoke({"email": "a@b"}))["resume_token"]
    made = desk.calls()
    for tool_, used in ((first, "0" * 16), (other, token)):
        told = json.loads(tool_.invoke({"email": "a@b", "resume_token": used}))
        assert told["failed"]
    assert desk.calls() == made


def test_a_token_of_another_thread_is_unknown(kind: str, desk: Any, toolkit: Any) -> None:
    desk.broken["refund"] = 1
    tools = [*desk.tools, *toolkit(HELP).get_tools()]
    saver = InMemorySaver()
    agent = new_agent(kind, model_of(call("help_user", email="a@b"), "ok"), tools, checkpointer=saver)
    (message,) = tool_messages(agent.invoke(ask(), THREAD))
    token = json.loads(message.content)["resume_token"]
    stolen = call("help_user", email="a@b", resume_token=token)
    agent = new_agent(kind, model_of(stolen, "ok"), tools, checkpointer=saver)
    (message,) = tool_messages(agent.invoke(ask(), {"configurable": {"thread_id": "t.2"}}))
    assert "nothing is known" in json.loads(message.content)["failed"]["error"]
    assert desk.calls("refund") == []


def test_resuming_with_other_arguments_does_not_repeat_a_write(desk: Any, toolkit: Any) -> None:
    desk.broken["refund"] = 1
    note = step("note", args={"user": Constant(value=1), "text": FIND.args["email"]})
    refund = step("refund", args={"order_id": Constant(value="A")})
    (lowered,) = toolkit(routine("help_user", note, refund)).get_tools()
    token = json.loads(lowered.invoke({"email": "a@b"}))["resume_token"]
    told = json.loads(lowered.invoke({"email": "c@d", "resume_token": token}))
    assert "already done" in told["failed"]["error"]
    assert desk.calls() == [("note", "1:a@b")]


def test_a_mapped_write_goes_on_with_the_items_that_are_left(desk: Any, toolkit: Any) -> None:
    each = step("refund", args={"order_id": Item()}, over=Map(source=Output(step=1, path="/orders/*")))
    (lowered,) = toolkit(routine("help_user", FIND, each)).get_tools()
    desk.broken["refund B"] = 1
    told = json.loads(lowered.invoke({"email": "a@b"}))
    assert told["failed"]["args"] == {"order_id": "B"}
    lowered.invoke({"email": "a@b", "resume_token": told["resume_token"]})
    assert desk.calls("refund") == [("refund", "A"), ("refund", "B")]


@pytest.mark.parametrize("stage", ["waiting", "crashed"])
def test_another_process_does_not_repeat_what_this_one_did(kind: str, stage: str, tmp_path: Any) -> None:
    """Another process has neither the tools' objects nor the memory: only checkpoints and the store."""
    desk = Desk(str(tmp_path / "desk.db"))
    if stage == "waiting":
        desk.asks = {"refund"}

    def process(*script: Any, **command: Any) -> Any:
        with (
            SqliteSaver.from_conn_string(str(tmp_path / "checkpoints.db")) as saver,
            SqliteStore.from_conn_string(str(tmp_path / "store.db")) as store,
        ):
            store.setup()
            toolkit = MetaToolkit(plan=plan_of(desk.tools, HELP), tools=desk.tools, memory=RunMemory())
            tools = [*desk.tools, *toolkit.get_tools()]
            agent = new_agent(kind, model_of(*script), tools, checkpointer=saver, store=store)
            return agent.invoke(command["input"], THREAD)

    if stage == "crashed":
        desk.killed = {"refund"}
        with pytest.raises(KeyboardInterrupt):
            process(call("help_user", email="a@b"), input=ask())
        state = process("ok", input=None)
    else:
        process(call("help_user", email="a@b"), input=ask())
        state = process("ok", input=Command(resume="yes"))
    (message,) = tool_messages(state)
    told = json.loads(message.content)
    names = [name for name, _ in desk.calls()]
    if stage == "waiting":
        assert told["status"] == "completed"
        assert sorted(names) == ["find_user", "get_order", "get_order", "note", "refund"]
    else:  # the write was begun and its end not seen: it is reported, not repeated
        assert "nobody saw it end" in told["failed"]["error"]
        assert sorted(names) == ["find_user", "get_order", "get_order", "note"]


async def test_an_async_store_is_used_asynchronously(kind: str, desk: Any) -> None:
    desk.asks = {"refund"}
    store, saver = InMemoryStore(), InMemorySaver()

    def process(*script: Any) -> Any:
        toolkit = MetaToolkit(plan=plan_of(desk.tools, HELP), tools=desk.tools, memory=RunMemory())
        tools = [*desk.tools, *toolkit.get_tools()]
        return new_agent(kind, model_of(*script), tools, checkpointer=saver, store=store)

    await process(call("help_user", email="a@b")).ainvoke(ask(), THREAD)
    (message,) = tool_messages(await process("ok").ainvoke(Command(resume="yes"), THREAD))
    assert json.loads(message.content)["status"] == "completed"
    assert len(desk.calls()) == 5


def test_a_store_that_fails_keeps_writes_from_being_made(desk: Any, toolkit: Any) -> None:
    class Full(InMemoryStore):
        def put(self, *args: Any, **known: Any) -> None:
            if args[1] != "run":
                raise OSError("disk full")
            super().put(*args, **known)

    tools = [*desk.tools, *toolkit(routine("help_user", FIND, NOTE)).get_tools()]
    model = model_of(call("help_user", email="a@b"), "ok")
    agent = new_agent("create_agent", model, tools, checkpointer=InMemorySaver(), store=Full())
    (message,) = tool_messages(agent.invoke(ask(), THREAD))
    assert "disk full" in json.loads(message.content)["failed"]["error"]
    assert desk.calls("note") == []


def test_a_routine_that_changed_while_it_waited_is_not_resumed(kind: str, desk: Any) -> None:
    desk.asks = {"refund"}
    store, saver = InMemoryStore(), InMemorySaver()

    def process(meta_tool: Any, *script: Any) -> Any:
        toolkit = MetaToolkit(plan=plan_of(desk.tools, meta_tool), tools=desk.tools, memory=RunMemory())
        tools = [*desk.tools, *toolkit.get_tools()]
        return new_agent(kind, model_of(*script), tools, checkpointer=saver, store=store)

    process(HELP, call("help_user", email="a@b")).invoke(ask(), THREAD)
    changed = routine("help_user", FIND, NOTE, ORDERS, REFUND)
    state = process(changed, "ok").invoke(Command(resume="yes"), THREAD)
    (message,) = tool_messages(state)
    assert "compiled anew" in json.loads(message.content)["failed"]["error"]
    assert len(desk.calls("note")) == 1
