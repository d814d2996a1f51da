"""The tools look like those of a real back office: typed, described, untidy in their results, strict in their rules."""

import json

import pytest
from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_awo.model.text.encoding import decode


def call(tools, name, **args):
    return tools[name].invoke({"name": name, "args": args, "id": "c1", "type": "tool_call"})


def row(world, table, **wanted):
    rows = world.snapshot().tables[table]
    return next(row for row in rows if all(row[key] == value for key, value in wanted.items()))


def test_every_tool_and_every_argument_is_described(tools):
    assert len(tools) == 15
    for tool in tools.values():
        function = convert_to_openai_tool(tool)["function"]
        assert function["description"]
        assert all(schema["description"] for schema in function["parameters"]["properties"].values())


def test_some_say_what_they_do_to_the_world_and_some_do_not(tools):
    hints = {name: tool.metadata for name, tool in tools.items()}
    assert hints["find_customer"] == {"readOnlyHint": True}
    assert hints["cancel_order"]["destructiveHint"] is True
    assert hints["update_address"]["idempotentHint"] is True
    assert hints["get_order"] is None
    assert hints["create_ticket"] is None


def test_results_come_as_objects_json_text_python_text_and_lines(world, tools):
    shipment = world.snapshot().tables["shipments"][0]
    assert call(tools, "get_order", order_id="O-20001").content.startswith('{"order_id"')
    assert json.loads(tools["get_product"].invoke({"sku": "P-100"}))["sku"] == "P-100"
    assert tools["get_ticket"].invoke({"ticket_id": "T-4001"}).startswith("{'ticket_id'")
    lines = tools["get_shipment"].invoke({"shipment_id": shipment["shipment_id"]})
    assert lines.startswith("shipment_id: ")
    assert decode(lines) == shipment


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("find_customer", {"email": "nobody@example.org"}),
        ("list_orders", {"customer_id": "C-1"}),
        ("get_order", {"order_id": "20001"}),
        ("get_shipment", {"shipment_id": "S-1"}),
        ("get_product", {"sku": "P-1"}),
        ("get_ticket", {"ticket_id": "T-1"}),
        ("create_ticket", {"customer_id": "C-1", "subject": "?"}),
        ("update_ticket_status", {"ticket_id": "T-1", "status": "open"}),
        ("add_ticket_note", {"ticket_id": "T-1", "text": "?"}),
        ("issue_refund", {"order_id": "O-1", "amount": 1, "reason": "?"}),
        ("issue_credit_note", {"customer_id": "C-1", "amount": 1, "reason": "?"}),
        ("update_address", {"order_id": "O-1", "address": "?"}),
        ("cancel_order", {"order_id": "O-1", "reason": "?"}),
    ],
)
def test_what_does_not_exist_is_said_and_does_not_stop_the_agent(tools, name, args):
    message = call(tools, name, **args)
    assert message.status == "error"
    assert "has the" in message.content


def test_orders_are_listed_newest_first_and_by_status(world, tools):
    customer_id = max(
        world.snapshot().tables["customers"],
        key=lambda customer: len(
            tools["list_orders"].invoke({"customer_id": customer["customer_id"]})["orders"]
        ),
    )["customer_id"]
    listed = tools["list_orders"].invoke({"customer_id": customer_id})["orders"]
    days = [order["ordered_on"] for order in listed]
    assert days == sorted(days, reverse=True)
    delivered = tools["list_orders"].invoke({"customer_id": customer_id, "status": "delivered"})["orders"]
    assert delivered == [order for order in listed if order["status"] == "delivered"]


def test_tickets_are_found_by_status(world, tools):
    closed = row(world, "tickets", status="closed")
    found = tools["search_tickets"].invoke({"customer_id": closed["customer_id"], "status": "closed"})
    none = tools["search_tickets"].invoke({"customer_id": "C-0", "status": "closed"})
    assert closed in found["tickets"]
    assert none["tickets"] == []


def test_only_delivered_orders_are_refunded_and_only_once(world, tools):
    order = row(world, "orders", status="delivered")
    args = {"order_id": order["order_id"], "amount": order["total_cents"] / 100, "reason": "broken"}
    assert call(tools, "issue_refund", **args).status == "success"
    assert row(world, "refunds", order_id=order["order_id"])["amount_cents"] == order["total_cents"]
    assert "less than" in call(tools, "issue_refund", **args).content
    shipped = row(world, "orders", status="shipped")
    assert (
        "only delivered" in call(tools, "issue_refund", **{**args, "order_id": shipped["order_id"]}).content
    )


def test_only_orders_in_processing_change(world, tools):
    order = row(world, "orders", status="processing")["order_id"]
    assert call(tools, "update_address", order_id=order, address="1 Mill Lane, Lyon").status == "success"
    assert call(tools, "cancel_order", order_id=order, reason="late").status == "success"
    assert call(tools, "update_address", order_id=order, address="2 Mill Lane, Lyon").status == "error"
    after = row(world, "orders", order_id=order)
    assert (after["status"], after["address"]) == ("cancelled", "1 Mill Lane, Lyon")


def test_credit_notes_have_a_limit(tools):
    args = {"customer_id": "C-1001", "reason": "sorry"}
    assert call(tools, "issue_credit_note", amount=50, **args).status == "success"
    assert "at most 50" in call(tools, "issue_credit_note", amount=50.01, **args).content


def test_ids_and_times_count_up(tools):
    first = tools["send_email"].invoke({"to": "a@example.com", "subject": "s", "body": "b"})
    second = tools["send_email"].invoke({"to": "a@example.com", "subject": "s", "body": "b"})
    assert (first["email_id"], second["email_id"]) == ("E-1", "E-2")
    assert first["sent_at"] < second["sent_at"]
