"""Runs that are taken up without being told to: by a model that just calls again, and by toolkits loaded anew."""

import asyncio
import json
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from langchain_awo.runtime.journal.journal import RunMemory
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.runtime.desk import (
    FIND,
    HELP,
    NOTE,
    Desk,
    ask,
    call,
    model_of,
    new_agent,
    plan_of,
    routine,
    tool_messages,
)

THREAD = {"configurable": {"thread_id": "t.1"}}


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_call_that_is_just_repeated_goes_on_where_it_stopped(
    kind: str, how: str, desk: Any, toolkit: Any
) -> None:
    desk.broken["refund"] = 2
    tools = [*desk.tools, *toolkit(HELP).get_tools()]
    script = [*[call("help_user", email="a@b")] * 4, "ok"]
    agent = new_agent(kind, model_of(*script), tools)
    state = agent.invoke(ask()) if how == "sync" else asyncio.run(agent.ainvoke(ask()))
    told = [json.loads(message.content) for message in tool_messages(state)]
    assert [each["status"] for each in told] == ["stopped", "stopped", "completed", "completed"]
    assert len(desk.calls("note")) == 2  # one for the run that was taken up twice, one for the run after it
    assert len(desk.calls("refund")) == 2


def test_other_arguments_or_another_wish_of_the_user_begin_anew(kind: str, desk: Any, toolkit: Any) -> None:
    desk.broken["refund"] = 1
    tools = [*desk.tools, *toolkit(HELP).get_tools()]
    script = [call("help_user", email="a@b"), call("help_user", email="c@d"), "ok"]
    agent = new_agent(kind, model_of(*script, *script[:1], "ok"), tools, checkpointer=InMemorySaver())
    agent.invoke(ask(), THREAD)
    agent.invoke(ask("once more"), THREAD)
    assert [args for _, args in desk.calls("find_user")] == ["a@b", "c@d", "a@b"]


def test_a_routine_that_changed_nothing_yet_begins_anew(kind: str, desk: Any, toolkit: Any) -> None:
    desk.broken["note"] = 1
    tools = [*desk.tools, *toolkit(routine("help_user", FIND, NOTE)).get_tools()]
    agent = new_agent(kind, model_of(*[call("help_user", email="a@b")] * 2, "ok"), tools)
    agent.invoke(ask())
    assert len(desk.calls("find_user")) == 2  # it may have been the world that was not ready


def test_a_toolkit_that_is_loaded_anew_goes_on_with_the_runs_of_the_one_before(kind: str, desk: Desk) -> None:
    desk.asks = {"refund"}
    saver = InMemorySaver()

    def request(given: Any, *script: Any) -> Any:
        """Web applications build their agents anew for every request."""
        built = MetaToolkit(plan=plan_of(desk.tools, HELP), tools=desk.tools)
        tools = [*desk.tools, *built.get_tools()]
        return new_agent(kind, model_of(*script), tools, checkpointer=saver).invoke(given, THREAD)

    request(ask(), call("help_user", email="a@b"))
    (message,) = tool_messages(request(Command(resume="yes"), "ok"))
    assert json.loads(message.content)["status"] == "completed"
    assert len(desk.calls()) == 5


def test_a_run_that_nobody_remembers_is_not_taken_up_and_nothing_is_done(kind: str, desk: Desk) -> None:
    desk.broken["refund"] = 1
    saver = InMemorySaver()

    def process(given: Any, *script: Any) -> Any:
        built = MetaToolkit(plan=plan_of(desk.tools, HELP), tools=desk.tools, memory=RunMemory())
        tools = [*desk.tools, *built.get_tools()]
        return new_agent(
            kind, model_of(*script), tools, checkpointer=saver, interrupt_after=["tools"]
        ).invoke(given, THREAD)

    process(ask(), call("help_user", email="a@b"))
    state = process(None, call("help_user", email="a@b"))
    told = json.loads(tool_messages(state)[-1].content)
    assert "nothing was run" in told["failed"]["error"]
    assert len(desk.calls("note")) == 1
