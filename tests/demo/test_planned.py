"""The stand-in that follows a plan uses a tool it has never seen if its description says that it does what is meant."""

from __future__ import annotations

import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from langchain_awo.demo.planned import From, Intent, Plan, planned_policy
from langchain_awo.demo.planned_offers import Said, steps_said

OWN = ("find_user", "get_order", "send_note")

PLAN = Plan(
    intents=[
        Intent(tool="find_user", args={"email": "a@b"}, reads=True),
        Intent(tool="get_order", args={"order_id": From(0, "/orders/*")}, reads=True),
        Intent(tool="send_note", args={"user_id": From(0, "/id"), "text": "hello"}),
    ],
    answer=lambda brought: f"noted {brought[2]}",
)

ORDERS = {"id": 7, "orders": ["x", "y"]}


def turn(*done, offered=()):
    """What the agent does after these calls and their outputs."""
    messages = [HumanMessage("note it")]
    for number, (tool, args, output) in enumerate(done):
        call = {"name": tool, "args": args, "id": str(number), "type": "tool_call"}
        messages += [
            AIMessage("", tool_calls=[call]),
            ToolMessage(json.dumps(output), tool_call_id=str(number)),
        ]
    answer = planned_policy(lambda _: PLAN, OWN)(messages, [{"function": each} for each in offered])
    return (answer.tool_calls[0]["name"], answer.tool_calls[0]["args"]) if answer.tool_calls else answer.text


def tool(description, *required, **properties):
    """A tool the agent has never seen; its parameters by name with their descriptions."""
    schemas = {
        name: {"type": "boolean" if text.startswith("Also") else "string", "description": text}
        for name, text in properties.items()
    }
    return {
        "name": "meta",
        "description": description,
        "parameters": {"properties": schemas, "required": list(required)},
    }


FOUND = ("find_user", {"email": "a@b"}, ORDERS)
GOT = [("get_order", {"order_id": each}, {}) for each in "xy"]


def test_it_makes_one_call_after_the_other_with_what_the_earlier_ones_brought():
    assert turn() == ("find_user", {"email": "a@b"})
    assert turn(FOUND) == ("get_order", {"order_id": "x"})
    assert turn(FOUND, GOT[0]) == ("get_order", {"order_id": "y"})
    assert turn(FOUND, *GOT) == ("send_note", {"user_id": 7, "text": "hello"})
    assert turn(FOUND, *GOT, ("send_note", {"user_id": 7, "text": "hello"}, 3)) == "noted 3"


def test_it_takes_a_tool_that_serves_two_intents_and_whose_parameters_are_known():
    offered = [tool("Runs: find_user, then get_order for each.", "email", email="The email of find_user.")]
    assert turn(offered=offered) == ("meta", {"email": "a@b"})


def test_what_a_meta_tool_did_counts_as_done():
    steps = [{"step": 1, "tool": "find_user", "args": {"email": "a@b"}, "output": ORDERS}]
    assert turn(("meta", {"email": "a@b"}, {"status": "completed", "steps": steps}))[0] == "get_order"


@pytest.mark.parametrize(
    "offer",
    [
        tool("Runs: get_order, then send_note.", "order_id", order_id="The order_id of get_order."),
        tool("Runs: find_user, then drop_user.", "email", email="The email of find_user."),
        tool("Runs: find_user, then get_order for each.", "code", code="The code of find_user."),
        tool('Runs: find_user, then get_order for each.\nfind_user is called with email "c@d".'),
        tool("Does everything."),
    ],
    ids=[
        "begins elsewhere",
        "does what is not meant",
        "wants the unknown",
        "another constant",
        "says nothing",
    ],
)
def test_it_does_not_take_a_tool_that(offer):
    assert turn(offered=[offer])[0] == "find_user"


def test_it_asks_for_a_step_that_has_to_be_asked_for_only_if_it_is_meant():
    description = (
        "Runs: find_user, then get_order for each, then send_note.\n"
        "send_note is only run if text is given.\nget_order is only run if with_orders is true."
    )
    flags = {"with_orders": "Also run get_order."}
    texts = {"email": "The email of find_user.", "text": "What to say (text of send_note)."}
    assert turn(offered=[tool(description, "email", **texts, **flags)]) == (
        "meta",
        {"email": "a@b", "text": "hello", "with_orders": True},
    )


def test_conditions_and_constants_are_read_from_the_description():
    description = 'Runs: a, then b for each.\nb is only run if x is given.\nb is called with k "v", n 1.'
    assert steps_said(description) == [Said("a"), Said("b", True, "x", {"k": "v", "n": 1})]
