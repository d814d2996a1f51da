"""A meta-tool is an ordinary tool of an ordinary agent."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool

from langchain_awo.model.ir.binding import Constant, Item
from langchain_awo.model.ir.metatool import Map
from langchain_awo.runtime.tool.lowering import lower
from tests.runtime.desk import (
    FIND,
    NOTE,
    ORDERS,
    ask,
    call,
    model_of,
    new_agent,
    routine,
    step,
    tool_messages,
)

ANSWERED = {
    "status": "completed",
    "steps": [
        {"step": 1, "tool": "find_user", "args": {"email": "a@b"}, "output": {"id": 7, "orders": ["A", "B"]}},
        {
            "step": 2,
            "tool": "get_order",
            "calls": [
                {"args": {"order_id": "A"}, "output": {"id": "A", "total": 1}},
                {"args": {"order_id": "B"}, "output": {"id": "B", "total": 1}},
            ],
        },
        {"step": 3, "tool": "note", "args": {"user": 7, "text": "hello"}, "output": {"noted": "hello"}},
    ],
}


def test_an_agent_gets_every_output_in_one_message(kind: str, desk: Any, toolkit: Any) -> None:
    tools = [*desk.tools, *toolkit(routine("help_user", FIND, ORDERS, NOTE)).get_tools()]
    agent = new_agent(kind, model_of(call("help_user", email="a@b"), "done"), tools)
    (message,) = tool_messages(agent.invoke(ask()))
    assert json.loads(message.content) == ANSWERED
    assert message.status == "success"
    assert sorted(desk.calls()) == sorted(
        [("find_user", "a@b"), ("get_order", "A"), ("get_order", "B"), ("note", "7:hello")]
    )
    assert desk.calls()[-1] == ("note", "7:hello")


async def test_an_agent_gets_the_same_asynchronously(kind: str, desk: Any, toolkit: Any) -> None:
    tools = [*desk.tools, *toolkit(routine("help_user", FIND, ORDERS, NOTE)).get_tools()]
    agent = new_agent(kind, model_of(call("help_user", email="a@b"), "done"), tools)
    (message,) = tool_messages(await agent.ainvoke(ask()))
    assert json.loads(message.content) == ANSWERED


def test_progress_is_streamed_to_those_who_ask_for_it(kind: str, desk: Any, toolkit: Any) -> None:
    tools = [*desk.tools, *toolkit(routine("help_user", FIND, NOTE)).get_tools()]
    agent = new_agent(kind, model_of(call("help_user", email="a@b"), "done"), tools)
    events: Iterator[Any] = agent.stream(ask(), stream_mode="custom")
    assert [(event["step"], event["tool"], event["status"]) for event in events] == [
        (1, "find_user", "done"),
        (2, "note", "done"),
    ]


async def test_progress_is_streamed_asynchronously_too(kind: str, desk: Any, toolkit: Any) -> None:
    tools = [*desk.tools, *toolkit(routine("help_user", FIND, NOTE)).get_tools()]
    agent = new_agent(kind, model_of(call("help_user", email="a@b"), "done"), tools)
    events: AsyncIterator[Any] = agent.astream(ask(), stream_mode=["custom", "messages"])
    modes = [mode async for mode, _ in events]
    assert modes.count("custom") == 2
    assert "messages" in modes


def test_a_bare_loop_needs_nothing_but_invoke(desk: Any, toolkit: Any) -> None:
    tools = {tool.name: tool for tool in toolkit(routine("help_user", FIND, ORDERS, NOTE)).get_tools()}
    model = model_of(call("help_user", email="a@b"), "done").bind_tools([*desk.tools, *tools.values()])
    messages: list[Any] = [HumanMessage("please")]
    while (answer := model.invoke(messages)).tool_calls:
        messages += [answer, *(tools[each["name"]].invoke(each) for each in answer.tool_calls)]
    assert json.loads(messages[-1].content) == ANSWERED


async def test_a_bare_loop_works_asynchronously(desk: Any, toolkit: Any) -> None:
    (tool,) = toolkit(routine("help_user", FIND, ORDERS, NOTE)).get_tools()
    message = await tool.ainvoke(
        {"name": "help_user", "args": {"email": "a@b"}, "id": "c1", "type": "tool_call"}
    )
    assert json.loads(message.content) == ANSWERED
    assert message.tool_call_id == "c1"


def test_the_model_is_shown_the_parameters_as_the_plan_has_them(desk: Any, toolkit: Any) -> None:
    seen: list[Any] = []

    def policy(messages: Any, tools: Any) -> AIMessage:
        seen.extend(tools)
        return AIMessage("done")

    from langchain_awo.testing import ScriptedChatModel

    tools = toolkit(routine("help_user", FIND, ORDERS)).get_tools()
    create_agent(ScriptedChatModel(policy=policy), tools).invoke(ask())
    assert seen[0]["function"] == {
        "name": "help_user",
        "description": "Helps a user.",
        "parameters": {
            "type": "object",
            "properties": {"email": {"type": "string", "description": "Whose."}},
            "required": ["email"],
        },
    }


def test_wrong_arguments_of_the_meta_tool_itself_are_reported_as_such(
    kind: str, desk: Any, toolkit: Any
) -> None:
    tools = toolkit(routine("help_user", FIND)).get_tools()
    agent = new_agent(kind, model_of(call("help_user", mail="a@b"), "done"), tools)
    (message,) = tool_messages(agent.invoke(ask()))
    assert message.status == "error"
    assert "help_user" in message.content
    assert "email" in message.content
    assert desk.calls() == []


def test_independent_reads_run_at_once_and_answer_in_order(desk: Any, toolkit: Any) -> None:
    import threading

    desk.gate = threading.Barrier(2)  # breaks, and the calls with it, unless both are there together
    (tool,) = toolkit(routine("help_user", FIND, ORDERS)).get_tools()
    told = json.loads(tool.invoke({"email": "a@b"}))
    assert [each["args"] for each in told["steps"][1]["calls"]] == [{"order_id": "A"}, {"order_id": "B"}]


@pytest.mark.parametrize("timeout", [None, 60])
@pytest.mark.parametrize("how", ["sync", "async"])
def test_no_more_reads_run_at_once_than_the_limit_says(how: str, timeout: float | None) -> None:
    import threading

    from langchain_awo.runtime.outcome import Limits

    lock, third = threading.Lock(), threading.Event()
    now = most = 0

    @tool
    def get_order(order_id: str) -> dict:
        """Counts how many are here at once; gives a third one time to come."""
        nonlocal now, most
        with lock:
            now, most = now + 1, max(most, now + 1)
            if most > 2:
                third.set()
        third.wait(0.02)
        with lock:
            now -= 1
        return {"id": order_id}

    items = [str(each) for each in range(10)]
    mapped = step("get_order", args={"order_id": Item()}, over=Map(source=Constant(value=items)))
    limits = Limits(concurrency=2, timeout=timeout)
    lowered = lower(routine("help_user", mapped), [get_order], limits=limits)
    request = {"name": "help_user", "args": {"email": "a@b"}, "id": "c1", "type": "tool_call"}
    message = lowered.invoke(request) if how == "sync" else asyncio.run(lowered.ainvoke(request))
    assert most == 2
    assert [each["output"]["id"] for each in message.artifact["steps"]] == items


def test_a_long_output_is_cut_for_the_model_and_whole_in_the_artifact(desk: Any, toolkit: Any) -> None:
    from langchain_awo.runtime.outcome import Limits

    built = toolkit(routine("help_user", FIND), limits=Limits(output_chars=10))
    message = built.get_tools()[0].invoke(
        {"name": "help_user", "args": {"email": "a@b"}, "id": "c1", "type": "tool_call"}
    )
    (step,) = json.loads(message.content)["steps"]
    assert step["output"] == '{"id":7,"o'
    assert step["note"].startswith("cut: the first 10 of 27 characters")
    assert message.artifact["steps"][0]["output"] == {"id": 7, "orders": ["A", "B"]}
    assert message.artifact["messages"][0].content == '{"id": 7, "orders": ["A", "B"]}'
