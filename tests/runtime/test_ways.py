"""What is promised holds in every kind of agent, sync, async and streamed."""

import json
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command

from langchain_awo.model.ir.binding import Constant, Output
from langchain_awo.model.ir.metatool import Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.testing import ScriptedChatModel
from tests.runtime.desk import (
    FIND,
    NOTE,
    ORDERS,
    REFUND,
    ask,
    call,
    model_of,
    routine,
    step,
    tool_messages,
)
from tests.runtime.watching import Watcher, check_children
from tests.runtime.ways import HOWS, KINDS, Way

HELP = routine("help_user", FIND, ORDERS, NOTE, REFUND)
INNER = ["find_user", "get_order", "get_order", "note", "refund"]
THREAD = {"configurable": {"thread_id": "t"}}


@pytest.fixture(params=KINDS)
def any_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=HOWS)
def how(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def way(any_kind: str, how: str) -> Way:
    return Way(any_kind, how, [])


@pytest.fixture(params=KINDS[:3])
def graph_way(request: pytest.FixtureRequest, how: str) -> Way:
    """The ways with a graph around them."""
    return Way(str(request.param), how, [])


async def test_every_step_is_run_and_answered_in_one_message(way: Way, desk: Any, toolkit: Any) -> None:
    agent = way.agent(model_of(call("help_user", email="a@b"), "done"), desk, toolkit(HELP))
    message = await way.message(agent, ask())
    told = json.loads(message.content)
    assert (message.status, told["status"]) == ("success", "completed")
    assert [each["tool"] for each in message.artifact["steps"]] == INNER
    assert sorted(name for name, _ in desk.calls()) == sorted(INNER)
    assert [reply.name for reply in message.artifact["messages"]] == INNER


async def test_inner_calls_are_children_of_the_meta_tools_run_marked_as_replayed(
    way: Way, desk: Any, toolkit: Any
) -> None:
    watcher = Watcher()
    agent = way.agent(model_of(call("help_user", email="a@b"), "done"), desk, toolkit(HELP))
    message = await way.message(agent, ask(), {"callbacks": [watcher]})
    check_children(watcher, INNER)
    inner = [run for run in watcher.runs.values() if run["name"] != "help_user"]
    outer = (
        "call_" if way.kind == "bare_loop" else f"{message.tool_call_id}__"
    )  # only graphs tell a tool its id
    assert all(run["tool_call_id"].startswith(outer) for run in inner)
    assert len({run["tool_call_id"] for run in inner}) == len(inner)


async def test_a_failed_step_is_handed_back_and_the_resume_token_goes_on(
    way: Way, desk: Any, toolkit: Any
) -> None:
    desk.broken["note"] = 1

    def again(messages: Any, tools: Any) -> Any:
        if messages[-1].type != "tool":
            return call("help_user", email="a@b")
        told = json.loads(messages[-1].content)
        token = {"resume_token": told["resume_token"]} if told["status"] == "stopped" else {}
        return call("help_user", email="a@b", **token) if token else "done"

    agent = way.agent(ScriptedChatModel(policy=again), desk, toolkit(HELP))
    stopped, completed = tool_messages(await way.run(agent, ask()))
    told = json.loads(stopped.content)
    assert stopped.status == "error"
    assert told["failed"]["error"] == "RuntimeError: note is down"
    assert [each["tool"] for each in told["remaining"]] == ["refund"]
    assert json.loads(completed.content)["status"] == "completed"
    assert sorted(name for name, _ in desk.calls()) == sorted(INNER)


async def test_a_read_that_found_nothing_ends_it_before_the_write(way: Way, desk: Any, toolkit: Any) -> None:
    find = Step(tool="find_user", args=FIND.args, effect=Effect.READ, never_empty=True)
    fixed = step("note", args={"user": Constant(value=1), "text": Constant(value="x")})
    model = model_of(call("help_user", email="nobody"), "sorry")
    agent = way.agent(model, desk, toolkit(routine("help_user", find, fixed)))
    message = await way.message(agent, ask())
    assert message.status == "success"
    assert "found nothing" in json.loads(message.content)["reason"]
    assert desk.calls("note") == []


SEVEN = {"user": Output(step=1, path="/id")}


async def test_hidden_arguments_are_filled(graph_way: Way, desk: Any, toolkit: Any) -> None:
    store = InMemoryStore()
    store.put(("users",), "7", {"name": "Ada"})
    built = toolkit(routine("help_user", FIND, step("whoami", args=SEVEN), step("remembered", args=SEVEN)))
    agent = graph_way.agent(model_of(call("help_user", email="a@b"), "done"), desk, built, store=store)
    message = await graph_way.message(agent, ask())
    _, who, name = (each["output"] for each in json.loads(message.content)["steps"])
    assert who == {"messages": 2, "call_id": f"{message.tool_call_id}__2", "same": True, "user": 7}
    assert name == "Ada"


async def test_after_interrupts_nothing_is_done_again_and_each_gets_its_answer(
    graph_way: Way, desk: Any, toolkit: Any
) -> None:
    desk.asks = {"note", "refund"}
    model = model_of(call("help_user", email="a@b"), "done")
    agent = graph_way.agent(model, desk, toolkit(HELP), checkpointer=InMemorySaver())
    given: Any = ask()
    for expected in ("note", "refund"):
        state = await graph_way.run(agent, given, THREAD)
        assert state["__interrupt__"][0].value["may I"] == expected
        given = Command(resume=f"yes, {expected}")
    message = await graph_way.message(agent, given, THREAD)
    assert json.loads(message.content)["status"] == "completed"
    assert sorted(desk.calls()) == sorted(
        [
            ("find_user", "a@b"),
            ("get_order", "A"),
            ("get_order", "B"),
            ("note", "7:hello:yes, note"),
            ("refund", "A:yes, refund"),
        ]
    )


async def test_progress_is_streamed_to_those_who_stream(graph_way: Way, desk: Any, toolkit: Any) -> None:
    agent = graph_way.agent(model_of(call("help_user", email="a@b"), "done"), desk, toolkit(HELP))
    await graph_way.message(agent, ask())
    events = [(event["type"], event["meta_tool"], event["status"]) for event in graph_way.told]
    expected = [("awo_step", "help_user", "done")] * len(INNER) if "stream" in graph_way.how else []
    assert events == expected
