"""Two meta-tools in one task of a hand-written graph that both ask a person.

LangGraph would give the answer to whichever asks first when the task is run again, whoever was answered.
"""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command

from langchain_awo.model.ir.binding import Constant
from langchain_awo.runtime.journal.journal import PROCESS, RunMemory
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from langchain_awo.testing import ScriptedChatModel, ask_tools
from tests.runtime.desk import FIND, NOTE, Desk, ask, plan_of, routine, state_graph, step

THREAD = {"configurable": {"thread_id": "t"}}
NAMES = ("first", "second", "third")
ROUTINES = [
    routine(name, FIND, NOTE, step("refund", args={"order_id": Constant(value=name)})) for name in NAMES
]


def _policy(messages: Any, tools: Any) -> Any:
    """Calls all at once, then again by itself each one that was handed back."""
    told = {message.name: json.loads(message.content) for message in messages if message.type == "tool"}
    if not told:
        return ask_tools(*((name, {"email": "a@b"}) for name in NAMES))
    for name, each in told.items():
        if each["status"] == "stopped":
            return ask_tools((name, {"email": "a@b", "resume_token": each["resume_token"]}))
    return "done"


@pytest.mark.parametrize(("how", "forgets"), [("sync", False), ("sync", True), ("async", False)])
def test_every_question_gets_its_own_answer_and_nothing_is_done_twice(
    desk: Desk,
    how: str,
    forgets: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    desk.asks = {"refund"}
    saver, store = InMemorySaver(), InMemoryStore()

    async def resume(given: Any) -> Any:
        """One request, in a process that may know nothing of those before."""
        memory = RunMemory() if forgets else PROCESS
        built = MetaToolkit(plan=plan_of(desk.tools, *ROUTINES), tools=desk.tools, memory=memory)
        agent = state_graph(
            ScriptedChatModel(policy=_policy),
            [*desk.tools, *built.get_tools()],
            checkpointer=saver,
            store=store,
        )
        return agent.invoke(given, THREAD) if how == "sync" else await agent.ainvoke(given, THREAD)

    async def talk() -> None:
        """Answers every question that reaches the user, in one event loop as a server has."""
        state = await resume(ask())
        for _ in NAMES:
            questions = state["__interrupt__"]
            state = await resume(Command(resume=f"yes to {questions[0].value['args']}"))

    asyncio.run(talk())
    assert sorted(args for _, args in desk.calls("refund")) == [
        "first:yes to first",
        "second:yes to second",
        "third:yes to third",
    ]
    assert Counter(desk.calls("note")) == {("note", "7:hello"): 3}
