"""What happens when a step fails: a hand-back that a model can act on, and no crash."""

import asyncio
import json
import threading
from typing import Any

import pytest
from langchain_core.tools import tool

from langchain_awo.model.ir.binding import Constant, Output, Template
from langchain_awo.model.ir.metatool import Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.outcome import Limits
from langchain_awo.runtime.tool.lowering import lower
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
    step,
    tool_messages,
)

REQUEST = {"name": "help_user", "args": {"email": "a@b"}, "id": "c1", "type": "tool_call"}


def _check_hand_back(message: Any) -> None:
    told = json.loads(message.content)
    assert message.status == "error"
    assert told["status"] == "stopped"
    assert [each["tool"] for each in told["steps"]] == ["find_user", "get_order", "get_order"]
    assert told["failed"] == {
        "step": 3,
        "tool": "note",
        "args": {"user": 7, "text": "hello"},
        "error": "RuntimeError: note is down",
    }
    assert told["remaining"] == [{"step": 4, "tool": "refund", "args": {"order_id": "A", "reason": "late"}}]
    assert told["resume_token"]
    assert message.artifact["steps"] == told["steps"]


def test_a_failing_step_hands_back_what_was_done_what_failed_and_what_remains(
    kind: str, desk: Any, toolkit: Any
) -> None:
    desk.broken["note"] = 1
    tools = [*desk.tools, *toolkit(routine("help_user", FIND, ORDERS, NOTE, REFUND)).get_tools()]
    agent = new_agent(kind, model_of(call("help_user", email="a@b"), "sorry"), tools)
    state = agent.invoke(ask())
    _check_hand_back(tool_messages(state)[0])
    assert state["messages"][-1].content == "sorry"


async def test_it_does_so_asynchronously_too(kind: str, desk: Any, toolkit: Any) -> None:
    desk.broken["note"] = 1
    tools = [*desk.tools, *toolkit(routine("help_user", FIND, ORDERS, NOTE, REFUND)).get_tools()]
    agent = new_agent(kind, model_of(call("help_user", email="a@b"), "sorry"), tools)
    _check_hand_back(tool_messages(await agent.ainvoke(ask()))[0])


def test_outside_a_graph_a_failure_is_an_error_message_too(desk: Any, toolkit: Any) -> None:
    desk.broken["note"] = 1
    (lowered,) = toolkit(routine("help_user", FIND, NOTE)).get_tools()
    message = lowered.invoke(REQUEST)
    assert (message.status, message.tool_call_id) == ("error", "c1")
    assert json.loads(message.content)["failed"]["tool"] == "note"


def test_wrong_arguments_of_an_inner_tool_are_not_blamed_on_the_meta_tool(
    kind: str, desk: Any, toolkit: Any
) -> None:
    wrong = step("note", args={"user": Output(step=1, path="/orders"), "text": Constant(value="x")})
    tools = [*desk.tools, *toolkit(routine("help_user", FIND, wrong)).get_tools()]
    agent = new_agent(kind, model_of(call("help_user", email="a@b"), "sorry"), tools)
    (message,) = tool_messages(agent.invoke(ask()))
    told = json.loads(message.content)
    assert told["failed"]["tool"] == "note"
    assert "ValidationError" in told["failed"]["error"]
    assert "help_user" not in message.content


def test_a_stop_that_is_no_failure_is_not_an_error(desk: Any, toolkit: Any) -> None:
    find = Step(tool="find_user", args=FIND.args, effect=Effect.READ, never_empty=True)
    fixed = step("note", args={"user": Constant(value=1), "text": Constant(value="x")})
    (lowered,) = toolkit(routine("help_user", find, fixed)).get_tools()
    message = lowered.invoke({**REQUEST, "args": {"email": "nobody"}})
    told = json.loads(message.content)
    assert message.status == "success"
    assert told["status"] == "stopped"
    assert "found nothing" in told["reason"]
    assert "failed" not in told
    assert desk.calls("note") == []


def test_a_read_that_raised_is_tried_again_and_a_write_is_not(desk: Any, toolkit: Any) -> None:
    desk.broken |= {"find_user": 1}
    (lowered,) = toolkit(routine("help_user", FIND, NOTE)).get_tools()
    assert lowered.invoke(REQUEST).status == "success"
    desk.broken |= {"note": 1}
    assert lowered.invoke(REQUEST).status == "error"


def test_reads_are_not_tried_again_when_told_so(desk: Any, toolkit: Any) -> None:
    desk.broken |= {"find_user": 1}
    (lowered,) = toolkit(routine("help_user", FIND), limits=Limits(read_retries=0)).get_tools()
    assert lowered.invoke(REQUEST).status == "error"


def test_a_sync_step_that_takes_too_long_is_handed_back() -> None:
    release = threading.Event()

    @tool
    def slow(user: int) -> str:
        """Waits."""
        release.wait(timeout=5)
        return "late"

    meta_tool = routine("help_user", step("slow", Effect.READ, args={"user": Constant(value=1)}))
    told = json.loads(lower(meta_tool, [slow], limits=Limits(timeout=0.05)).invoke(REQUEST).content)
    release.set()
    assert "TimeoutError" in told["failed"]["error"]


async def test_an_async_step_that_takes_too_long_is_handed_back_and_not_made_again() -> None:
    @tool
    async def slow(user: int) -> str:
        """Waits."""
        await asyncio.sleep(30)
        return "late"

    meta_tool = routine("help_user", step("slow", args={"user": Constant(value=1)}))
    lowered = lower(meta_tool, [slow], limits=Limits(timeout=0.05))
    told = json.loads((await lowered.ainvoke(REQUEST)).content)
    assert "TimeoutError" in told["failed"]["error"]
    again = {**REQUEST, "args": {"email": "a@b", "resume_token": told["resume_token"]}}
    assert "its result is unknown" in json.loads((await lowered.ainvoke(again)).content)["failed"]["error"]


async def test_cancellation_passes_through_and_cancels_the_inner_call() -> None:
    seen: list[str] = []

    @tool
    async def slow(user: int) -> str:
        """Waits."""
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        return "late"

    lowered = lower(routine("m", step("slow", Effect.READ, args={"user": Constant(value=1)})), [slow])
    task = asyncio.create_task(lowered.ainvoke({"email": "x"}))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled"]


def test_a_parent_command_passes_through(desk: Any) -> None:
    from langgraph.errors import ParentCommand
    from langgraph.types import Command

    @tool
    def leave(user: int) -> str:
        """Leaves for the parent graph."""
        raise ParentCommand(Command(graph=Command.PARENT, goto="other"))

    lowered = lower(routine("m", step("leave", Effect.READ, args={"user": Constant(value=1)})), [leave])
    with pytest.raises(ParentCommand):
        lowered.invoke({"email": "x"})


def test_parallel_reads_that_fail_still_report_those_that_did_not(desk: Any, toolkit: Any) -> None:
    @tool
    def get_order(order_id: str) -> dict:
        """Reads an order."""
        if order_id == "A":
            raise ValueError("A is locked")
        return {"id": order_id}

    tools = [desk.tools[0], get_order]
    told = json.loads(lower(routine("help_user", FIND, ORDERS), tools).invoke(REQUEST).content)
    assert told["failed"]["args"] == {"order_id": "A"}
    assert told["steps"][1]["args"] == {"order_id": "B"}


def test_an_error_that_cannot_be_shown_is_handed_back_too(kind: str) -> None:
    class UnshowableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not readable")

    @tool
    def find_user(email: str) -> dict:
        """Finds nobody."""
        raise UnshowableError

    lowered = lower(routine("help_user", FIND), [find_user])
    agent = new_agent(kind, model_of(call("help_user", email="a@b"), "sorry"), [lowered])
    (message,) = tool_messages(agent.invoke(ask()))
    assert json.loads(message.content)["failed"]["error"] == "UnshowableError"


def test_a_hand_back_is_bounded_whatever_is_long_in_it(kind: str) -> None:
    @tool
    def find_user(email: str) -> dict:
        """Says much."""
        return {"id": 7, "text": "x" * 100_000}

    @tool
    def note(user: int, text: str) -> dict:
        """Complains at length."""
        raise RuntimeError("y" * 100_000)

    text = Output(step=1, path="/text")
    steps = [
        FIND,
        step("note", args={"user": Output(step=1, path="/id"), "text": text}),
        step("note", args={"user": Constant(value=1), "text": Template(prefix="again ", source=text)}),
    ]
    lowered = lower(routine("help_user", *steps), [find_user, note], limits=Limits(output_chars=1_000))
    agent = new_agent(kind, model_of(call("help_user", email="a@b"), "sorry"), [lowered])
    (message,) = tool_messages(agent.invoke(ask()))
    told = json.loads(message.content)
    assert len(message.content) < 6_000
    assert told["failed"]["args"] == {"user": 7, "text": "x" * 1_000}
    assert told["failed"]["error"].startswith("RuntimeError: yyy")
    assert told["failed"]["note"] == "cut: the first 1,000 of 100,014 characters"
    assert told["remaining"][0]["note"] == "cut: the first 1,000 of 100,006 characters"
    assert message.artifact["failed"]["args"]["text"] == "x" * 100_000
