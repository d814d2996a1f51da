"""Nothing runs twice whatever ids a model server gives: empty, equal, repeated; and whatever becomes of the messages."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import langchain.agents.middleware
import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.runtime.journal.journal import RunMemory
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from langchain_awo.testing import ScriptedChatModel
from tests.runtime.desk import (
    FIND,
    NOTE,
    ORDERS,
    REFUND,
    Desk,
    ask,
    model_of,
    new_agent,
    plan_of,
    routine,
    tool_messages,
)

ToolErrorMiddleware = getattr(langchain.agents.middleware, "ToolErrorMiddleware", None)
if ToolErrorMiddleware is None:
    pytest.skip("this release of langchain has no ToolErrorMiddleware", allow_module_level=True)

THREAD = {"configurable": {"thread_id": "t.1"}}
HELP = routine("help_user", FIND, ORDERS, NOTE, REFUND)
IDS = ("", "call_0")


def calls(*emails: str, call_id: str, name: str = "help_user", **more: Any) -> AIMessage:
    """One message whose calls all have the same id."""
    asked = [
        {"name": name, "args": {"email": each, **more}, "id": call_id, "type": "tool_call"} for each in emails
    ]
    return AIMessage("", tool_calls=asked)


def agent_of(kind: str, desk: Desk, toolkit: MetaToolkit, *script: Any, **known: Any) -> Any:
    if kind == "middleware":
        return create_agent(model_of(*script), desk.tools, middleware=[MetaToolMiddleware(toolkit)], **known)
    return new_agent(kind, model_of(*script), [*desk.tools, *toolkit.get_tools()], **known)


KINDS = pytest.mark.parametrize("kind", ["create_agent", "state_graph", "middleware"])


@KINDS
@pytest.mark.parametrize("call_id", IDS)
@pytest.mark.parametrize("thread", [None, THREAD])
def test_a_stopped_routine_that_is_called_again_goes_on(
    kind: str, call_id: str, thread: Any, desk: Desk, toolkit: Any
) -> None:
    desk.broken["refund"] = 1
    again = calls("a@b", call_id=call_id)
    state = agent_of(kind, desk, toolkit(HELP), again, again, "ok").invoke(ask(), thread)
    told = [json.loads(message.content) for message in tool_messages(state)]
    assert [each["status"] for each in told] == ["stopped", "completed"]
    assert "not repeated: note" in told[1]["notes"][0]
    assert (len(desk.calls("note")), len(desk.calls("refund"))) == (1, 1)


@KINDS
def test_it_goes_on_after_the_user_said_try_again_and_reads_anew(kind: str, desk: Desk, toolkit: Any) -> None:
    desk.broken["refund"] = 1
    again = calls("a@b", call_id="")
    agent = agent_of(kind, desk, toolkit(HELP), again, "sorry", again, "ok", checkpointer=InMemorySaver())
    agent.invoke(ask(), THREAD)
    agent.invoke(ask("try again"), THREAD)
    assert len(desk.calls("note")) == len(desk.calls("refund")) == 1
    assert len(desk.calls("find_user")) == 2  # what it saw may have changed since


@KINDS
@pytest.mark.parametrize("call_id", IDS)
@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_person_is_answered_and_nothing_is_done_twice(
    kind: str, call_id: str, how: str, desk: Desk, toolkit: Any
) -> None:
    desk.asks = {"note", "refund"}
    one = calls("a@b", call_id=call_id)
    agent = agent_of(kind, desk, toolkit(HELP), one, "ok", checkpointer=InMemorySaver())

    def run(given: Any) -> Any:
        return agent.invoke(given, THREAD) if how == "sync" else asyncio.run(agent.ainvoke(given, THREAD))

    run(ask())
    run(Command(resume="yes to the note"))
    (message,) = tool_messages(run(Command(resume="yes to the refund")))
    assert json.loads(message.content)["status"] == "completed"
    assert desk.calls("note") == [("note", "7:hello:yes to the note")]
    assert desk.calls("refund") == [("refund", "A:yes to the refund")]


@KINDS
@pytest.mark.parametrize("call_id", IDS)
def test_calls_side_by_side_with_one_id_are_each_made(
    kind: str, call_id: str, desk: Desk, toolkit: Any
) -> None:
    both = calls("a@b", "c@d", "a@b", call_id=call_id)
    agent_of(kind, desk, toolkit(routine("help_user", FIND, NOTE)), both, "ok").invoke(ask())
    assert sorted(args for _, args in desk.calls("find_user")) == ["a@b", "a@b", "c@d"]
    assert len(desk.calls("note")) == 3


@KINDS
def test_of_equal_calls_that_stopped_each_goes_on(kind: str, desk: Desk, toolkit: Any) -> None:
    desk.broken["refund"] = 2
    twice = calls("a@b", "a@b", call_id="")
    agent_of(kind, desk, toolkit(HELP), twice, twice, "ok").invoke(ask())
    assert len(desk.calls("note")) == len(desk.calls("refund")) == 2


@KINDS
def test_a_complete_routine_that_is_called_again_is_run_again(kind: str, desk: Desk, toolkit: Any) -> None:
    one = calls("a@b", call_id="")
    agent_of(kind, desk, toolkit(HELP), one, one, "ok").invoke(ask(), THREAD)
    assert len(desk.calls("note")) == len(desk.calls("refund")) == 2


def test_another_process_goes_on_with_what_is_unfinished_without_a_token(desk: Desk) -> None:
    desk.broken["refund"] = 1
    saver, store = InMemorySaver(), InMemoryStore()
    for _ in range(2):
        built = MetaToolkit(plan=plan_of(desk.tools, HELP), tools=desk.tools, memory=RunMemory())
        one = calls("a@b", call_id="")
        agent_of("create_agent", desk, built, one, "ok", checkpointer=saver, store=store).invoke(
            ask(), THREAD
        )
    assert len(desk.calls("note")) == len(desk.calls("refund")) == 1


@pytest.mark.parametrize("thread", ["t.1", "t.2"])
@pytest.mark.parametrize("user", ["ann", "bob"])
def test_what_is_unfinished_belongs_to_its_thread_and_user(
    thread: str, user: str, desk: Desk, toolkit: Any
) -> None:
    desk.broken["refund"] = 1
    built = toolkit(HELP)
    for name, whose in (("t.1", "ann"), (thread, user)):
        agent = agent_of(
            "create_agent", desk, built, calls("a@b", call_id=""), "ok", checkpointer=InMemorySaver()
        )
        agent.invoke(ask(), {"configurable": {"thread_id": name, "user_id": whose}})
    assert len(desk.calls("note")) == (1 if (thread, user) == ("t.1", "ann") else 2)


def test_two_conversations_without_a_thread_have_nothing_in_common(desk: Desk, toolkit: Any) -> None:
    desk.broken["refund"] = 1
    built = toolkit(HELP)
    for _ in range(2):
        agent_of("create_agent", desk, built, calls("a@b", call_id=""), "ok").invoke(ask())
    assert len(desk.calls("note")) == 2


@pytest.mark.parametrize("thread", [None, THREAD])
def test_a_summary_that_drops_the_hand_back_changes_nothing(desk: Desk, toolkit: Any, thread: Any) -> None:
    desk.broken["refund"] = 1
    look = [calls(f"{each}@x", call_id=each, name="find_user") for each in "pqr"]
    script = [calls("a@b", call_id="1"), *look, calls("a@b", call_id="2"), "ok"]
    summary = SummarizationMiddleware(
        model=model_of(*["It was tried."] * 9), trigger=("messages", 4), keep=("messages", 2)
    )
    installed = MetaToolMiddleware(toolkit(HELP))
    agent = create_agent(model_of(*script), desk.tools, middleware=[installed, summary])
    state = agent.invoke(ask(), thread)
    assert "resume_token" not in "".join(message.text for message in state["messages"])
    assert len(desk.calls("note")) == len(desk.calls("refund")) == 1


def test_a_result_is_never_taken_for_that_of_another_call(desk: Desk, toolkit: Any) -> None:
    desk.broken["get_order B"] = 1
    both = [
        {"name": "get_order", "args": {"order_id": each}, "id": "", "type": "tool_call"}
        for each in ("A", "B")
    ]
    eager = routine("help_user", FIND, replace(ORDERS, eager=True), mode="continue")
    script = [AIMessage("", tool_calls=both), calls("a@b", call_id="", name="find_user"), "ok"]
    tell = ToolErrorMiddleware(lambda error, request: f"failed: {error}")
    agent = create_agent(model_of(*script), desk.tools, middleware=[MetaToolMiddleware(toolkit(eager)), tell])
    last = tool_messages(agent.invoke(ask()))[-1]
    fetched = json.loads(last.content.partition("\n\n")[2])["steps"]
    assert [each["output"]["id"] for each in fetched[0]["calls"]] == ["B"]  # A was read, B was not
    assert desk.calls("get_order") == [("get_order", "A"), ("get_order", "B")]


def test_a_model_that_answers_every_hand_back_with_the_same_call_makes_nothing_twice(
    desk: Desk, toolkit: Any
) -> None:
    desk.broken = {"note": 2, "refund": 2}

    def policy(messages: Any, offered: Any) -> Any:
        told = [message for message in messages if message.type == "tool"]
        return (
            "ok"
            if told and json.loads(told[-1].content)["status"] == "completed"
            else calls("a@b", call_id="")
        )

    tools = [*desk.tools, *toolkit(HELP).get_tools()]
    create_agent(ScriptedChatModel(policy=policy), tools).invoke(ask())
    assert len(desk.calls("note")) == len(desk.calls("refund")) == 1
