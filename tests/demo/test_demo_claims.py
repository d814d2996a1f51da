"""The agent reads a description as a careful model would, and asks for exactly what it wants."""

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_awo.demo.claims import claims_of
from langchain_awo.demo.phrasebook import PHRASES
from langchain_awo.demo.policy import back_office_policy

STRING = {"type": "string"}
FLAG = {"type": "boolean", "default": False}


def said(family, **values):
    values = {
        "email": "ada@example.com",
        "order_id": "O-20001",
        "reason": "torn",
        "note": "again",
        "address": "1 Mill Lane",
    } | values
    return HumanMessage(PHRASES[family][0].format(**values))


def first_turn(tools, family, description, **properties):
    """What the agent does first when it is shown one more tool; required are the parameters without a default."""
    required = [name for name, schema in properties.items() if "default" not in schema]
    schema = {"type": "object", "properties": properties, "required": required}
    more = {"name": "more", "description": description, "parameters": schema}
    shown = [
        *(convert_to_openai_tool(tool) for tool in tools.values()),
        {"type": "function", "function": more},
    ]
    (call,) = back_office_policy([said(family)], shown).tool_calls
    return call["name"], call["args"]


ORDERS = "Runs: find_customer, then list_orders, then get_order for each, then search_tickets."


@pytest.mark.parametrize(
    ("description", "claims"),
    [
        ("Nothing is said.", []),
        ("Runs: get_order.", [("get_order", "")]),
        (
            "First line.\nRuns: list_orders, then get_order for each where status is shipped.\nLast line.",
            [("list_orders", ""), ("get_order", "found")],
        ),
        ("Runs: get_order for each, then send_email.", [("get_order", "found"), ("send_email", "")]),
        ("Several: get_order for each of order_ids.\nRuns: get_order for each.", [("get_order", "given")]),
    ],
)
def test_the_steps_are_read_from_the_description(description, claims):
    assert [(claim.tool, claim.each) for claim in claims_of(description)] == claims


def test_conditions_and_constants_are_read_from_the_description():
    claims = claims_of(
        "Runs: get_order, then get_shipment, then search_tickets.\n"
        "get_shipment is only run if with_get_shipment is true.\nsearch_tickets is only run if status is given.\n"
        'search_tickets is called with status "closed", limit 5, near "a, b".'
    )
    assert [(claim.asked_by, claim.is_flag) for claim in claims] == [
        ("", False),
        ("with_get_shipment", True),
        ("status", False),
    ]
    assert claims[2].constants == {"status": "closed", "limit": 5, "near": "a, b"}


def test_what_is_said_of_a_tool_that_runs_twice_is_not_relied_upon():
    (_, first, second) = claims_of(
        "Runs: get_order, then list_orders, then list_orders.\nlist_orders is called with status 1."
    )
    assert not first.is_clear
    assert not second.is_clear


def test_a_step_that_is_wanted_is_asked_for_by_its_flag(tools):
    description = (
        "Runs: get_order, then get_shipment.\nget_shipment is only run if with_get_shipment is true."
    )
    turn = first_turn(tools, "where_is_order", description, order_id=STRING, with_get_shipment=FLAG)
    assert turn == ("more", {"order_id": "O-20001", "with_get_shipment": True})


def test_a_step_that_is_not_wanted_is_left_out(tools):
    description = (
        "Runs: get_order, then get_shipment, then get_product for each.\n"
        "get_shipment is only run if with_get_shipment is true.\nget_product is only run if with_get_product is true."
    )
    flags = {"with_get_shipment": FLAG, "with_get_product": FLAG}
    turn = first_turn(tools, "stock_check", description, order_id=STRING, **flags)
    assert turn == ("more", {"order_id": "O-20001", "with_get_product": True})


def test_a_step_that_needs_a_value_nobody_said_is_not_counted_on(tools):
    description = f'{ORDERS}\nlist_orders is only run if status is given.\nsearch_tickets is called with status "closed".'
    turn = first_turn(tools, "reopen_ticket", description, email=STRING, status={**STRING, "default": None})
    assert turn == ("more", {"email": "ada@example.com"})
    turn = first_turn(tools, "order_history", description, email=STRING, status={**STRING, "default": None})
    assert turn[1] == {"email": "ada@example.com"}


def test_a_step_with_another_constant_is_not_the_step_that_is_wanted(tools):
    runs = "Runs: find_customer, then search_tickets.\nsearch_tickets is called with status"
    assert first_turn(tools, "reopen_ticket", f'{runs} "closed".', email=STRING)[0] == "more"
    assert first_turn(tools, "reopen_ticket", f'{runs} "open".', email=STRING)[0] == "find_customer"


def test_a_list_takes_every_value_that_is_known(tools):
    description = "Runs: get_order for each, then get_shipment."
    order_ids = {
        "type": "array",
        "items": STRING,
        "description": "Each is the order_id of one call of get_order.",
    }
    turn = first_turn(tools, "where_is_order", description, order_ids=order_ids)
    assert turn == ("more", {"order_ids": ["O-20001"]})


def test_a_list_of_objects_takes_the_arguments_of_each_call(tools):
    description = "Does: get_order for each of calls.\nRuns: get_order for each, then get_shipment."
    item = {"type": "object", "properties": {"order_id": STRING}}
    told = "Each holds the arguments of one call of get_order."
    calls = {"type": "array", "items": item, "description": told}
    turn = first_turn(tools, "where_is_order", description, calls=calls)
    assert turn == ("more", {"calls": [{"order_id": "O-20001"}]})


def test_a_write_that_would_be_asked_for_by_a_shared_parameter_is_not_risked(tools):
    description = "Runs: get_order, then get_shipment, then cancel_order.\ncancel_order is only run if order_id is given."
    assert first_turn(tools, "where_is_order", description, order_id=STRING)[0] == "get_order"


def test_a_write_whose_condition_is_not_yet_known_is_left_out(tools):
    description = (
        "Runs: get_order, then get_shipment, then issue_refund.\nissue_refund is only run if reason is given."
    )
    optional = {"reason": {**STRING, "default": None}}
    name, args = first_turn(tools, "refund_damaged", description, order_id=STRING, **optional)
    assert (name, args) == ("get_order", {"order_id": "O-20001"})


def test_a_write_for_each_item_needs_the_items_to_be_those_that_are_meant(tools):
    runs = "Runs: find_customer, then list_orders, then update_address for each."
    shown = {"email": STRING, "address": STRING}
    assert first_turn(tools, "move_orders", runs, **shown)[0] == "find_customer"
    filtered = f'{runs}\nlist_orders is called with status "processing".'
    assert first_turn(tools, "move_orders", filtered, **shown)[0] == "more"
