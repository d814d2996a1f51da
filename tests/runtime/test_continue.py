"""Continue mode: the model makes the first call, and what always follows comes with it."""

import asyncio
import itertools
import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import wrap_tool_call
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.model.ir.binding import Constant, Item, Output, Parameter, Template
from langchain_awo.model.ir.metatool import Guard, Map, MetaTool
from langchain_awo.runtime.outcome import Limits
from langchain_awo.testing import ask_tools
from tests.runtime.desk import FIND, NOTE, ORDERS, ask, call, model_of, routine, step, tool_messages

GO = routine("help_user", FIND, replace(ORDERS, eager=True), NOTE, mode="continue")
FETCHED = [
    {"args": {"order_id": "A"}, "output": {"id": "A", "total": 1}},
    {"args": {"order_id": "B"}, "output": {"id": "B", "total": 1}},
]
THREAD = {"configurable": {"thread_id": "t"}}


def _agent(desk: Any, toolkit: Any, model: Any, meta_tool: MetaTool = GO, *more: Any, **known: Any) -> Any:
    installed = MetaToolMiddleware(toolkit(meta_tool), **known)
    agent = create_agent(model, desk.tools, middleware=[installed, *more], checkpointer=InMemorySaver())
    return agent, installed


def _parts(message: ToolMessage) -> tuple[Any, list[Any]]:
    """The anchor's own answer and the calls of the one mapped step that came with it."""
    own, _, fetched = message.content.partition("\n\n")
    if not fetched:
        return json.loads(own), []
    (told,) = json.loads(fetched)["steps"]
    assert (told["step"], told["tool"]) == (2, "get_order")
    return json.loads(own), told["calls"]


def test_the_eager_reads_come_with_the_answer_to_the_models_own_call(desk: Any, toolkit: Any) -> None:
    model = model_of(call("find_user", email="a@b"), "done")
    agent, installed = _agent(desk, toolkit, model)
    state = agent.invoke(ask(), THREAD)
    own, fetched = _parts(tool_messages(state)[0])
    assert own == {"id": 7, "orders": ["A", "B"]}
    assert fetched == FETCHED
    assert len(state["messages"]) == 4  # the answer stays one message for one call
    assert desk.calls("note") == []
    assert "help_user" not in model.calls[0].tools
    assert installed.usage == {("help_user", "continued"): 1}


async def test_it_works_asynchronously(desk: Any, toolkit: Any) -> None:
    agent, _ = _agent(desk, toolkit, model_of(call("find_user", email="a@b"), "done"))
    state = await agent.ainvoke(ask(), THREAD)
    assert _parts(tool_messages(state)[0])[1] == FETCHED


def test_it_works_streaming(desk: Any, toolkit: Any) -> None:
    agent, _ = _agent(desk, toolkit, model_of(call("find_user", email="a@b"), "done"))
    updates = list(agent.stream(ask(), THREAD, stream_mode="updates"))
    (message,) = next(update["tools"]["messages"] for update in updates if "tools" in update)
    assert _parts(message)[1] == FETCHED


def test_a_call_that_was_fetched_is_served_once_and_then_made_again(desk: Any, toolkit: Any) -> None:
    again = call("get_order", order_id="A")
    model = model_of(call("find_user", email="a@b"), again, again, "done")
    agent, installed = _agent(desk, toolkit, model)
    state = agent.invoke(ask(), THREAD)
    assert [json.loads(message.content)["id"] for message in tool_messages(state)[1:]] == ["A", "A"]
    assert desk.calls("get_order").count(("get_order", "A")) == 2
    assert installed.usage["get_order", "served"] == 1


async def test_it_is_served_asynchronously_too(desk: Any, toolkit: Any) -> None:
    model = model_of(call("find_user", email="a@b"), call("get_order", order_id="A"), "done")
    agent, installed = _agent(desk, toolkit, model)
    await agent.ainvoke(ask(), THREAD)
    assert len(desk.calls("get_order")) == 2
    assert installed.usage["get_order", "served"] == 1


@pytest.mark.parametrize("between", ["write", "user"])
def test_what_was_fetched_is_not_served_after_a_write_or_a_word_of_the_user(
    desk: Any, toolkit: Any, between: str
) -> None:
    look = call("get_order", order_id="A")
    middle = [call("note", user=1, text="x")] if between == "write" else ["done"]
    agent, _ = _agent(desk, toolkit, model_of(call("find_user", email="a@b"), *middle, look, "done"))
    agent.invoke(ask(), THREAD)
    if between == "user":
        agent.invoke(ask("and now"), THREAD)
    assert desk.calls("get_order").count(("get_order", "A")) == 2


def test_what_the_conversation_holds_is_not_fetched_again(desk: Any, toolkit: Any) -> None:
    model = model_of(call("get_order", order_id="A"), call("find_user", email="a@b"), "done")
    agent, _ = _agent(desk, toolkit, model)
    state = agent.invoke(ask(), THREAD)
    assert [each["args"] for each in _parts(tool_messages(state)[1])[1]] == [{"order_id": "B"}]
    assert sorted(desk.calls("get_order")) == [("get_order", "A"), ("get_order", "B")]


@pytest.mark.parametrize("how", ["sync", "async"])
def test_parallel_anchors_fetch_what_they_share_once(desk: Any, toolkit: Any, how: str) -> None:
    both = ask_tools(("find_user", {"email": "a@b"}), ("find_user", {"email": "c@d"}))
    agent, _ = _agent(desk, toolkit, model_of(both, "done"))
    state = asyncio.run(agent.ainvoke(ask(), THREAD)) if how == "async" else agent.invoke(ask(), THREAD)
    fetched = [each["args"]["order_id"] for message in tool_messages(state) for each in _parts(message)[1]]
    assert sorted(fetched) == ["A", "B"]
    assert sorted(desk.calls("get_order")) == [("get_order", "A"), ("get_order", "B")]


def test_a_call_the_model_makes_itself_beside_the_anchor_is_made_once(desk: Any, toolkit: Any) -> None:
    both = ask_tools(("find_user", {"email": "a@b"}), ("get_order", {"order_id": "A"}))
    agent, _ = _agent(desk, toolkit, model_of(both, "done"))
    state = agent.invoke(ask(), THREAD)
    assert json.loads(tool_messages(state)[1].content)["id"] == "A"
    assert sorted(desk.calls("get_order")) == [("get_order", "A"), ("get_order", "B")]


def test_a_failing_anchor_and_failing_steps_leave_the_call_as_it_is(desk: Any, toolkit: Any) -> None:
    desk.broken = {"get_order A": 2}
    agent, _ = _agent(desk, toolkit, model_of(call("find_user", email="a@b"), "done"))
    state = agent.invoke(ask(), THREAD)
    own, fetched = _parts(tool_messages(state)[0])
    assert own["id"] == 7
    assert [each["args"] for each in fetched] == [{"order_id": "B"}]
    desk.broken = {"find_user": 1}
    agent, _ = _agent(desk, toolkit, model_of(call("find_user", email="a@b"), "done"))
    with pytest.raises(RuntimeError, match="find_user is down"):
        agent.invoke(ask(), THREAD)


def test_reads_that_ask_a_person_are_not_run_unasked(desk: Any, toolkit: Any) -> None:
    desk.asks = {"get_order"}
    agent, _ = _agent(desk, toolkit, model_of(call("find_user", email="a@b"), "done"))
    state = agent.invoke(ask(), THREAD)
    assert "__interrupt__" not in state
    assert _parts(tool_messages(state)[0])[1] == []


def test_protected_tools_are_not_run_unasked(desk: Any, toolkit: Any) -> None:
    agent, _ = _agent(
        desk, toolkit, model_of(call("find_user", email="a@b"), "done"), protected=["get_order"]
    )
    agent.invoke(ask(), THREAD)
    assert desk.calls("get_order") == []


def test_guards_see_the_calls_that_are_run_unasked(desk: Any, toolkit: Any) -> None:
    seen: list[str] = []

    @wrap_tool_call
    def audit(request: Any, handler: Any) -> Any:
        seen.append(request.tool_call["name"])
        return handler(request)

    model = model_of(call("find_user", email="a@b"), "done")
    agent, _ = _agent(desk, toolkit, model, GO, audit)
    agent.invoke(ask(), THREAD)
    assert sorted(seen) == ["find_user", "get_order", "get_order"]


def test_the_budgets_of_calls_and_characters_are_kept(desk: Any, toolkit: Any) -> None:
    model = model_of(call("find_user", email="a@b"), "done")
    agent, _ = _agent(desk, toolkit, model, continue_limits=Limits(calls=2))
    agent.invoke(ask(), THREAD)
    assert desk.calls("get_order") == []
    model = model_of(call("find_user", email="a@b"), call("get_order", order_id="B"), "done")
    agent, installed = _agent(desk, toolkit, model, continue_limits=Limits(output_chars=150))
    state = agent.invoke(ask(), THREAD)
    assert [each["args"] for each in _parts(tool_messages(state)[0])[1]] == [{"order_id": "A"}]
    assert installed.usage["get_order", "served"] == 1  # fetched, though there was no room to show it


def test_only_calls_that_a_routine_begins_with_are_continued(desk: Any, toolkit: Any) -> None:
    anchors = {
        "constant": step("get_order", args={"order_id": Constant(value="Z")}),
        "template": step("get_order", args={"order_id": Template(prefix="O-", source=Parameter(name="n"))}),
    }
    follow = step("find_user", args={"email": Constant(value="x@y")}, eager=True)
    for anchor in anchors.values():
        agent, _ = _agent(
            desk,
            toolkit,
            model_of(call("get_order", order_id="A"), "done"),
            MetaTool(
                name="m",
                description="",
                parameters=(routine("x", FIND).parameters[0], replace(routine("x").parameters[0], name="n")),
                steps=(anchor, follow),
                mode="continue",
            ),
        )
        agent.invoke(ask(), THREAD)
    assert desk.calls("find_user") == []


def test_parameters_are_read_off_the_anchor(desk: Any, toolkit: Any) -> None:
    anchor = step("get_order", args={"order_id": Template(prefix="O-", source=Parameter(name="n"))})
    guard = Guard(source=Parameter(name="n"), test="equals", value="17")
    follow = step("find_user", args={"email": Constant(value="x@y")}, eager=True, guard=guard)
    meta_tool = MetaTool(
        name="m",
        description="",
        parameters=(replace(routine("x").parameters[0], name="n"),),
        steps=(anchor, follow),
        mode="continue",
    )
    for number in ("17", "18"):
        agent, _ = _agent(
            desk, toolkit, model_of(call("get_order", order_id=f"O-{number}"), "done"), meta_tool
        )
        agent.invoke(ask(), THREAD)
    assert desk.calls("find_user") == [("find_user", "x@y")]


@pytest.mark.parametrize("otherwise", ["skip", "stop"])
@pytest.mark.parametrize(("seen", "fetched"), [(7, 2), (8, 0)])
def test_a_guard_decides_at_run_time_whether_this_looks_like_the_recordings(
    desk: Any, toolkit: Any, otherwise: Any, seen: int, fetched: int
) -> None:
    guard = Guard(source=Output(step=1, path="/id"), test="equals", value=seen, otherwise=otherwise)
    guarded = routine("help_user", FIND, replace(ORDERS, eager=True, guard=guard), mode="continue")
    agent, _ = _agent(desk, toolkit, model_of(call("find_user", email="a@b"), "done"), guarded)
    own, along = _parts(tool_messages(agent.invoke(ask(), THREAD))[0])
    assert own == {"id": 7, "orders": ["A", "B"]}
    assert len(along) == len(desk.calls("get_order")) == fetched


def test_a_mapped_anchor_is_continued_from_each_of_its_calls(desk: Any, toolkit: Any) -> None:
    anchor = step("get_order", args={"order_id": Item()}, over=Map(source=Parameter(name="ids")))
    follow = step(
        "find_user", args={"email": Item()}, over=Map(source=Output(step=1, path="/*/id")), eager=True
    )
    meta_tool = MetaTool(
        name="m",
        description="",
        parameters=(replace(routine("x").parameters[0], name="ids"),),
        steps=(anchor, follow),
        mode="continue",
    )
    agent, _ = _agent(desk, toolkit, model_of(call("get_order", order_id="A"), "done"), meta_tool)
    agent.invoke(ask(), THREAD)
    assert desk.calls("find_user") == [("find_user", "A")]


def test_a_step_that_depends_on_one_that_is_not_eager_is_not_run(desk: Any, toolkit: Any) -> None:
    late = step("get_order", args={"order_id": Output(step=2, path="/0/id")}, eager=True)
    meta_tool = routine("help_user", FIND, ORDERS, late, mode="continue")
    agent, _ = _agent(desk, toolkit, model_of(call("find_user", email="a@b"), "done"), meta_tool)
    agent.invoke(ask(), THREAD)
    assert desk.calls("get_order") == []


def test_later_turns_still_pair_every_result_with_a_call_of_the_model(desk: Any, toolkit: Any) -> None:
    model = model_of(call("find_user", email="a@b"), call("get_order", order_id="A"), "done")
    agent, _ = _agent(desk, toolkit, model)
    messages = agent.invoke(ask(), THREAD)["messages"]
    for before, after in itertools.pairwise(messages):
        if isinstance(after, ToolMessage):
            assert isinstance(before, AIMessage)
            assert [each["id"] for each in before.tool_calls] == [after.tool_call_id]


def test_a_continuation_that_breaks_does_not_break_the_call(
    desk: Any, toolkit: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from langchain_awo.runtime.continuing import continuation

    def broken(*args: Any, **known: Any) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(continuation, "drive", broken)
    agent, _ = _agent(desk, toolkit, model_of(call("find_user", email="a@b"), "done"))
    with caplog.at_level(logging.ERROR):
        state = agent.invoke(ask(), THREAD)
    assert _parts(tool_messages(state)[0])[0]["id"] == 7
    assert "could not be continued" in caplog.text
