"""A routine that ends before a write says what it found and when recorded agents went on."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from langchain.agents import create_agent

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.model.ir.binding import Constant, Frame, Item, Output, Parameter
from langchain_awo.model.ir.metatool import Condition, Guard, GuardEvidence, Map
from langchain_awo.model.stepping.explaining import explain_guard
from tests.runtime.desk import FIND, ORDERS, REFUND, ask, call, model_of, routine, step, tool_messages

SEEN = GuardEvidence(held=31, followed=31, others=12, others_followed=0)
WANTS = Guard(source=Output(step=1, path="/id"), test="equals", value=8, otherwise="stop", evidence=SEEN)


def _run(desk: Any, toolkit: Any, *steps: Any, how: str = "sync") -> dict[str, Any]:
    meta_tool = routine("help_user", *steps)
    installed = MetaToolMiddleware(toolkit(meta_tool), protected=[])
    agent = create_agent(model_of(call("help_user", email="a@b"), "done"), desk.tools, middleware=[installed])
    state = agent.invoke(ask()) if how == "sync" else asyncio.run(agent.ainvoke(ask()))
    return json.loads(tool_messages(state)[0].content)


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_guard_that_does_not_hold_stops_before_the_write_and_says_why(
    desk: Any, toolkit: Any, how: str
) -> None:
    told = _run(desk, toolkit, FIND, ORDERS, replace(REFUND, guard=WANTS), how=how)
    assert told["status"] == "stopped"
    assert told["reason"] == (
        "refund was not called: id is 7; recorded agents continued only where #1/id == 8 (31 of 31; 0 of 12 others)"
    )
    assert desk.calls("refund") == []
    assert [each["tool"] for each in told["remaining"]] == ["refund"]


def test_one_that_holds_lets_it_go_on(desk: Any, toolkit: Any) -> None:
    told = _run(desk, toolkit, FIND, ORDERS, replace(REFUND, guard=replace(WANTS, value=7)))
    assert told["status"] == "completed"
    assert "notes" not in told
    assert len(desk.calls("refund")) == 1


def test_a_step_that_is_skipped_is_named_with_its_reason(desk: Any, toolkit: Any) -> None:
    skipped = replace(REFUND, guard=replace(WANTS, otherwise="skip"))
    told = _run(desk, toolkit, FIND, ORDERS, skipped, step("note", args={
        "user": Output(step=1, path="/id"), "text": Constant(value="seen"),
    }))  # fmt: skip
    assert told["status"] == "completed"
    (note,) = told["notes"]
    assert note.startswith("refund was not called: id is 7; recorded agents continued only where")
    assert [each["tool"] for each in told["steps"]][-1] == "note"


def test_a_guard_nobody_counted_speaks_of_no_recordings(desk: Any, toolkit: Any) -> None:
    told = _run(desk, toolkit, FIND, ORDERS, replace(REFUND, guard=replace(WANTS, evidence=GuardEvidence())))
    assert told["reason"] == "refund was not called: id is 7; it is called only where #1/id == 8"


@pytest.mark.parametrize(
    ("guard", "words"),
    [
        (
            Guard(source=Output(step=1, path="/status"), test="equals", value="delivered"),
            'status is "processing"; it is called only where #1/status == "delivered"',
        ),
        (
            Guard(
                source=Output(step=1, path="/total"), test="at_least", value=10,
                also=(Condition(source=Output(step=1, path="/status"), test="one_of", value=["delivered", "lost"]),),
            ),
            'status is "processing"; it is called only where #1/total >= 10 and #1/status in ["delivered","lost"]',
        ),
        (
            Guard(source=Output(step=1, path="/paid/on"), test="nonempty"),
            "on is not there; it is called only where #1/paid/on is nonempty",
        ),
        (Guard(source=Parameter(name="reason"), test="given"), "reason was not given; it is called only where $reason is given"),
        (
            Guard(source=Output(step=1, path="/items/0"), test="equals", value="x"),
            'items is "a"; it is called only where #1/items/0 == "x"',
        ),
        (
            Guard(source=Output(step=1), test="empty"),
            None,
        ),
    ],
)  # fmt: skip
def test_only_what_fails_is_told_of(guard: Guard, words: str | None) -> None:
    order = {"status": "processing", "total": 20, "items": ["a"], "text": "x" * 500}
    said = explain_guard(guard, REFUND, Frame(outputs={1: order}))
    if words is None:
        assert said.startswith("#1 is {")
        assert len(said) < 200
    else:
        assert said == words


@pytest.mark.parametrize("how", ["sync", "async"])
def test_what_is_continued_is_about_the_one_that_was_asked_for(desk: Any, toolkit: Any, how: str) -> None:
    """An anchor with other arguments, another one beside it, and results from before bring nothing of their own in."""
    go = routine(
        "help_user",
        step("get_order", args={"order_id": Parameter(name="email")}),
        step("find_user", args={"email": Output(step=1, path="/id")}, eager=True),
        step(
            "get_order",
            args={"order_id": Item()},
            over=Map(source=Output(step=2, path="/orders/*")),
            eager=True,
        ),
        mode="continue",
    )
    agent = create_agent(
        model_of(call("get_order", order_id="p@q"), call("get_order", order_id="Z"), "done"),
        desk.tools,
        middleware=[MetaToolMiddleware(toolkit(go), protected=[])],
    )
    state = agent.invoke(ask()) if how == "sync" else asyncio.run(agent.ainvoke(ask()))
    first, second = (json.loads(each.content.partition("\n\n")[2]) for each in tool_messages(state))
    assert first["steps"][0]["args"] == {"email": "p@q"}
    assert [each["args"]["order_id"] for each in first["steps"][1]["calls"]] == ["A", "B"]
    assert [each["args"] for each in second["steps"]] == [{"email": "Z"}]
