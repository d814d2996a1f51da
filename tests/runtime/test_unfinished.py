"""A model that is handed an error often calls again just as before: nothing that was changed is changed again."""

import asyncio
import json
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from tests.runtime.desk import (
    FIND,
    NOTE,
    ORDERS,
    REFUND,
    ask,
    call,
    model_of,
    new_agent,
    routine,
    tool_messages,
)

THREAD = {"configurable": {"thread_id": "t.1"}}
HELP = routine("help_user", FIND, ORDERS, NOTE, REFUND)


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
