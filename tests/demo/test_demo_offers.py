"""A tool the agent has never seen is used when its description fits what it wants, and only then."""

import json
from contextlib import suppress

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import StructuredTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_awo.demo.agent import build_agent, run_tasks, scripted_model
from langchain_awo.demo.phrasebook import PHRASES
from langchain_awo.demo.policy import back_office_policy
from langchain_awo.demo.tasks import Task, generate_tasks
from langchain_awo.demo.tools import back_office_tools
from langchain_awo.model.encoding import decode

EMAIL = {"email": {"type": "string", "description": "E-mail address of the customer"}}
ORDER_ID = {"order_id": {"type": "string", "description": "Id of the order"}}


class Routine:
    """A meta-tool written by hand: runs calls over the original tools and reports them as the real ones do."""

    def __init__(self, tools, body):
        self.tools, self.body, self.steps, self.failed = tools, body, [], None

    def run(self, **args):
        self.steps, self.failed = [], None
        with suppress(StopIteration):
            self.body(self.call, **args)
        if self.failed:
            return {"status": "stopped", "steps": self.steps, "failed": self.failed, "remaining": []}
        return {"status": "completed", "steps": self.steps}

    def call(self, step, name, **args):
        asked = {"name": name, "args": args, "id": f"inner-{len(self.steps)}", "type": "tool_call"}
        message = self.tools[name].invoke(asked)
        if message.status == "error":
            self.failed = {"step": step, "tool": name, "args": args, "error": message.content}
            raise StopIteration
        output = decode(message.content)
        self.steps.append({"step": step, "tool": name, "args": args, "output": output})
        return output


def offer(tools, name, runs, properties, body=None):
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return StructuredTool(
        name=name,
        description=f"Several steps in one.\nRuns: {runs}.",
        args_schema=schema,
        func=Routine(tools, body or (lambda call, **args: None)).run,
    )


def history_body(call, email):
    customer = call(1, "find_customer", email=email)
    orders = call(2, "list_orders", customer_id=customer["customer_id"])
    for order in orders["orders"]:
        call(3, "get_order", order_id=order["order_id"])


def reopen_body(call, email, text):
    customer = call(1, "find_customer", email=email)
    found = call(2, "search_tickets", customer_id=customer["customer_id"], status="closed")
    if not found["tickets"]:
        return
    ticket_id = found["tickets"][0]["ticket_id"]
    call(3, "update_ticket_status", ticket_id=ticket_id, status="open")
    call(4, "add_ticket_note", ticket_id=ticket_id, text=text)


def settle_body(call, order_id, reason, subject, **mail):
    order = call(1, "get_order", order_id=order_id)
    if order["status"] != "delivered":
        return
    call(2, "issue_refund", order_id=order_id, amount=order["total"], reason=reason)
    call(3, "create_ticket", customer_id=order["customer_id"], subject=subject, order_id=order_id)
    call(4, "send_email", to=mail["to"], subject=mail["send_email_subject"], body=mail["body"])


def delivery_body(call, order_id):
    order = call(1, "get_order", order_id=order_id)
    if order["shipment_id"]:
        call(2, "get_shipment", shipment_id=order["shipment_id"])


def stock_body(call, sku):
    for each in sku:
        call(1, "get_product", sku=each)


def text(*names):
    return {name: {"type": "string"} for name in names}


def good_offers(tools):
    settle = text("order_id", "reason", "subject", "to", "send_email_subject", "body")
    skus = {"sku": {"type": "array", "items": {"type": "string"}}}
    return [
        offer(
            tools, "history", "find_customer, then list_orders, then get_order for each", EMAIL, history_body
        ),
        offer(
            tools,
            "reopen",
            'find_customer, then search_tickets (status "closed"), then update_ticket_status (status "open"), then add_ticket_note',
            EMAIL | text("text"),
            reopen_body,
        ),
        offer(
            tools,
            "settle",
            "get_order, then issue_refund if the status is delivered, then create_ticket if delivered, then send_email if delivered",
            settle,
            settle_body,
        ),
        offer(tools, "delivery", "get_order, then get_shipment", ORDER_ID, delivery_body),
        offer(tools, "stock", "get_product for each", skus, stock_body),
    ]


def test_with_tools_that_fit_it_reaches_the_same_state_with_fewer_model_calls(world, tools, first_morning):
    tasks = generate_tasks(first_morning, 90, seed=21)
    with first_morning.copy() as other:
        plain = run_tasks(build_agent(scripted_model(), list(tools.values())), tasks)
        originals = back_office_tools(other)
        offers = good_offers({tool.name: tool for tool in originals})
        helped = run_tasks(build_agent(scripted_model(), [*originals, *offers]), tasks)
        assert world.snapshot() == other.snapshot()
    assert [work.answer for work in plain] == [work.answer for work in helped]
    used = {name for work in helped for name in work.tool_calls}
    assert {"history", "reopen", "settle", "delivery", "stock"} <= used
    assert sum(work.model_calls for work in helped) < 0.75 * sum(work.model_calls for work in plain)


def run_with(world, tools, task, *offers):
    before = world.snapshot()
    agent = build_agent(scripted_model(), [*tools.values(), *offers])
    (work,) = run_tasks(agent, [task])
    changed = world.snapshot().changed(before)
    changed.pop("counters", None)
    return work, changed


def ask(family, phrase=0, **said):
    return Task(task_id="t", family=family, instruction=PHRASES[family][phrase].format(**said))


def delivered(world):
    tables = world.snapshot().tables
    order = next(order for order in tables["orders"] if order["status"] == "delivered")
    owner = next(row for row in tables["customers"] if row["customer_id"] == order["customer_id"])
    return ask("refund_damaged", order_id=order["order_id"], email=owner["email"], reason="the zip is torn")


def closed_ticket(world):
    tables = world.snapshot().tables
    ticket = next(row for row in tables["tickets"] if row["status"] == "closed")
    owner = next(row for row in tables["customers"] if row["customer_id"] == ticket["customer_id"])
    return ask("reopen_ticket", email=owner["email"], note="called back")


MISFITS = {
    "it does not say what it runs": ("all you need for refunds", ORDER_ID),
    "it begins with something else": ("list_orders, then get_order, then issue_refund", ORDER_ID),
    "it writes something that nobody wants": (
        "get_order, then cancel_order, then issue_refund",
        ORDER_ID | text("reason"),
    ),
    "it writes whatever the status is": (
        "get_order, then issue_refund, then create_ticket",
        ORDER_ID | text("reason", "subject"),
    ),
    "it wants something that is not known": (
        "get_order, then issue_refund if delivered",
        ORDER_ID | text("reason", "approval_code"),
    ),
    "it does not let the reason be chosen": ("get_order, then issue_refund if delivered", ORDER_ID),
    "it writes in another order": (
        "get_order, then send_email if delivered, then issue_refund if delivered",
        ORDER_ID | text("reason", "to", "subject", "body"),
    ),
    "it writes more often than wanted": (
        "get_order, then issue_refund for each if delivered",
        ORDER_ID | text("reason"),
    ),
    "it mostly reads what nobody wants": (
        "get_order, then get_ticket, then search_tickets, then list_orders",
        ORDER_ID,
    ),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_a_tool_that_does_not_fit_is_left_alone(world, tools, misfit):
    runs, properties = MISFITS[misfit]
    work, changed = run_with(world, tools, delivered(world), offer(tools, "tempting", runs, properties))
    assert "tempting" not in work.tool_calls
    assert len(changed["refunds"]) == 1


def test_reading_everything_to_get_one_thing_is_worth_it_if_further_calls_are_served(world, tools):
    history = good_offers(tools)[0]
    listing = offer(tools, "listing", "list_orders for each, then get_order for each", text("customer_id"))
    email = world.snapshot().tables["customers"][0]["email"]
    work, _ = run_with(world, tools, ask("latest_order", email=email), history, listing)
    assert "history" in work.tool_calls
    assert "listing" not in work.tool_calls


def test_a_constant_that_is_written_has_to_be_stated(world, tools):
    runs = 'find_customer, then search_tickets (status "closed"), then update_ticket_status, then add_ticket_note'
    silent = offer(tools, "reopen", runs, EMAIL | text("text"), reopen_body)
    work, changed = run_with(world, tools, closed_ticket(world), silent)
    assert "reopen" not in work.tool_calls
    assert len(changed["ticket_notes"]) == 1


def test_a_routine_that_stops_is_taken_up_where_it_stopped(world, tools):
    def breaks_off(call, email, text):
        customer = call(1, "find_customer", email=email)
        found = call(2, "search_tickets", customer_id=customer["customer_id"], status="closed")
        call(3, "update_ticket_status", ticket_id=found["tickets"][0]["ticket_id"], status="open")
        call(4, "add_ticket_note", ticket_id="T-0", text=text)

    reopen = next(tool for tool in good_offers(tools) if tool.name == "reopen")
    reopen.func = Routine(tools, breaks_off).run
    work, changed = run_with(world, tools, closed_ticket(world), reopen)
    assert work.tool_calls == (
        "reopen",
        "find_customer",
        "search_tickets",
        "update_ticket_status",
        "add_ticket_note",
        "add_ticket_note",
    )
    assert len(changed["ticket_notes"]) == 1


def test_an_unknown_customer_is_not_looked_for_again(world, tools):
    history = good_offers(tools)[0]
    work, _ = run_with(world, tools, ask("order_history", email="nobody@example.org"), history)
    assert work.tool_calls == ("history", "find_customer")
    assert "No customer has" in work.answer


def test_a_tool_that_fails_altogether_is_tried_once(world, tools):
    def explode(**args):
        return "Internal error"

    history = good_offers(tools)[0]
    history.func = explode
    email = world.snapshot().tables["customers"][0]["email"]
    work, _ = run_with(world, tools, ask("order_history", email=email), history)
    assert work.tool_calls[:3] == ("history", "find_customer", "list_orders")
    assert "history" not in work.tool_calls[1:]


def test_what_was_cut_out_of_a_result_is_read_again(world, tools):
    def terse(call, email):
        call(1, "find_customer", email=email)["name"] = "someone"

    class Cut(Routine):
        def run(self, **args):
            result = super().run(**args)
            result["steps"][0]["output"] = {"name": "someone"}
            return result

    history = good_offers(tools)[0]
    history.func = Cut(tools, terse).run
    tables = world.snapshot().tables
    owner = next(
        row for row in tables["customers"] if row["customer_id"] == tables["orders"][0]["customer_id"]
    )
    work, _ = run_with(world, tools, ask("order_history", email=owner["email"]), history)
    assert work.tool_calls[:4] == ("history", "find_customer", "find_customer", "list_orders")
    assert tables["orders"][0]["order_id"] in work.answer


def test_when_its_own_tools_are_hidden_it_makes_do_with_what_there_is(world, tools):
    agent = build_agent(scripted_model(), [good_offers(tools)[0]])
    email = world.snapshot().tables["customers"][0]["email"]
    (work,) = run_tasks(agent, [ask("latest_order", email=email)])
    assert work.tool_calls[0] == "history"
    assert work.model_calls == 2


def turn_after(tools, *messages, family="where_is_order"):
    schemas = [convert_to_openai_tool(tool) for tool in tools.values()]
    instruction = HumanMessage(ask(family, order_id="O-20002").instruction)
    return back_office_policy([instruction, *messages], schemas)


def asked(name, call_id, **args):
    return {"name": name, "args": args, "id": call_id, "type": "tool_call"}


ORDER_OUTPUT = json.dumps({"order_id": "O-20002", "status": "shipped", "shipment_id": "S-1"})
SHIPMENT_OUTPUT = "shipment_id: S-1\ncarrier: Blue Van\nexpected_on: 2025-03-05"
STEPS = {
    "status": "completed",
    "steps": [
        {"step": 1, "tool": "get_order", "args": {"order_id": "O-20002"}, "output": json.loads(ORDER_OUTPUT)},
        {
            "step": 2,
            "tool": "get_shipment",
            "args": {"shipment_id": "S-1"},
            "output": decode(SHIPMENT_OUTPUT),
        },
    ],
}
REST = {"status": "completed", "steps": STEPS["steps"][1:]}
CONTINUED = {
    "as further messages": [
        AIMessage("", tool_calls=[asked("get_order", "c1", order_id="O-20002")]),
        ToolMessage(ORDER_OUTPUT, tool_call_id="c1"),
        AIMessage("", tool_calls=[asked("get_shipment", "c2", shipment_id="S-1")]),
        ToolMessage(SHIPMENT_OUTPUT, tool_call_id="c2"),
    ],
    "as a call it did not make in the same turn": [
        AIMessage(
            "",
            tool_calls=[
                asked("get_order", "c1", order_id="O-20002"),
                asked("get_shipment", "c2", shipment_id="S-1"),
            ],
        ),
        ToolMessage(ORDER_OUTPUT, tool_call_id="c1"),
        ToolMessage(SHIPMENT_OUTPUT, tool_call_id="c2"),
    ],
    "as further text below the result": [
        AIMessage("", tool_calls=[asked("get_order", "c1", order_id="O-20002")]),
        ToolMessage(f"{ORDER_OUTPUT}\n\nAlso looked up:\n\n{json.dumps(REST)}", tool_call_id="c1"),
    ],
    "as a further block below the result": [
        AIMessage("", tool_calls=[asked("get_order", "c1", order_id="O-20002")]),
        ToolMessage(
            [{"type": "text", "text": ORDER_OUTPUT}, {"type": "text", "text": json.dumps(REST)}],
            tool_call_id="c1",
        ),
    ],
    "in the system prompt": [
        SystemMessage(f"Be kind.\n\nKnown from the start (order_status): {json.dumps(STEPS)}")
    ],
    "in the place of the result": [
        AIMessage("", tool_calls=[asked("get_order", "c1", order_id="O-20002")]),
        ToolMessage(json.dumps(STEPS), tool_call_id="c1"),
    ],
}


@pytest.mark.parametrize("how", CONTINUED)
def test_results_that_were_handed_over_unasked_are_used(tools, how):
    turn = turn_after(tools, *CONTINUED[how])
    assert turn.tool_calls == []
    assert turn.text == "Order O-20002 is shipped. It travels with Blue Van, expected on 2025-03-05."


def test_a_result_that_stands_alone_leaves_the_rest_to_do(tools):
    turn = turn_after(tools, *CONTINUED["as further messages"][:2])
    assert [(call["name"], call["args"]) for call in turn.tool_calls] == [
        ("get_shipment", {"shipment_id": "S-1"})
    ]
