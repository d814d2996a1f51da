"""A tool the agent has never seen is used when its description fits what it wants, and only then."""

import json
from contextlib import suppress

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import StructuredTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_awo.demo.agent.agent import build_agent, run_tasks, scripted_model
from langchain_awo.demo.agent.office import back_office_policy
from langchain_awo.demo.backoffice.phrasebook import PHRASES
from langchain_awo.demo.backoffice.tasks import Task, generate_tasks
from langchain_awo.demo.backoffice.tools import back_office_tools
from langchain_awo.model.text.encoding import decode

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


def offer(tools, name, description, properties, body=None):
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    run = Routine(tools, body or (lambda call, **args: None)).run
    return StructuredTool(name=name, description=description, args_schema=schema, func=run)


def history_body(call, email):
    customer = call(1, "find_customer", email=email)
    orders = call(2, "list_orders", customer_id=customer["customer_id"])
    for order in orders["orders"]:
        call(3, "get_order", order_id=order["order_id"])


def refund_body(call, order_id, reason):
    order = call(1, "get_order", order_id=order_id)
    if order["status"] == "delivered":
        call(2, "issue_refund", order_id=order_id, amount=order["total"], reason=reason)


def delivery_body(call, order_id):
    order = call(1, "get_order", order_id=order_id)
    if order["shipment_id"]:
        call(2, "get_shipment", shipment_id=order["shipment_id"])


def text(*names):
    return {name: {"type": "string"} for name in names}


HISTORY = "Returns customer with orders in one call. It only reads data."
DELIVERY = (
    "Returns order with shipment in one call. It only reads data. If you only need order, call get_order."
)
REFUND = 'Calls issue_refund if the status is "delivered", after reading order. Changes data; otherwise it says why.'


def good_offers(tools):
    return {
        "get_customer_history": offer(tools, "get_customer_history", HISTORY, EMAIL, history_body),
        "get_order_shipment": offer(tools, "get_order_shipment", DELIVERY, ORDER_ID, delivery_body),
        "refund_delivered_order": offer(
            tools, "refund_delivered_order", REFUND, ORDER_ID | text("reason"), refund_body
        ),
    }


def test_with_tools_that_fit_it_reaches_the_same_state_with_fewer_model_calls(world, tools, first_morning):
    tasks = generate_tasks(first_morning, 60, seed=21)
    with first_morning.copy() as other:
        plain = run_tasks(build_agent(scripted_model(), list(tools.values())), tasks)
        originals = back_office_tools(other)
        offers = good_offers({tool.name: tool for tool in originals})
        helped = run_tasks(build_agent(scripted_model(), [*originals, *offers.values()]), tasks)
        assert world.snapshot() == other.snapshot()
    assert [work.answer for work in plain] == [work.answer for work in helped]
    assert offers.keys() <= {name for work in helped for name in work.tool_calls}
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


def about_order(world, family, status, **said):
    tables = world.snapshot().tables
    order = next(order for order in tables["orders"] if order["status"] == status)
    owner = next(row for row in tables["customers"] if row["customer_id"] == order["customer_id"])
    return ask(family, order_id=order["order_id"], email=owner["email"], **said)


def refund(world, status="delivered"):
    return about_order(world, "refund_damaged", status, reason="the zip is torn")


MISFITS = {
    "it does not say that it changes nothing": ("Returns order with shipment and refund.", ORDER_ID),
    "it reads nothing but the next thing": ("Returns order with tickets. It only reads data.", ORDER_ID),
    "it writes something that is not meant": ("Calls cancel_order if delivered.", ORDER_ID | text("reason")),
    "it writes whatever the status is": (
        "Calls issue_refund after reading order.",
        ORDER_ID | text("reason"),
    ),
    "it writes on another condition": ("Calls issue_refund if shipped.", ORDER_ID | text("reason")),
    "it wants something that is not known": (REFUND, ORDER_ID | text("reason", "approval_code")),
    "it does not let the reason be chosen": (REFUND, ORDER_ID),
    "it writes twice": (f"{REFUND} Then calls create_ticket.", ORDER_ID | text("reason", "subject")),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_a_tool_that_does_not_fit_is_left_alone(world, tools, misfit):
    description, properties = MISFITS[misfit]
    work, changed = run_with(world, tools, refund(world), offer(tools, "tempting", description, properties))
    assert "tempting" not in work.tool_calls
    assert len(changed["refunds"]) == 1


def test_a_write_with_the_condition_that_the_agent_would_check_is_left_to_the_tool(world, tools):
    work, changed = run_with(world, tools, refund(world), good_offers(tools)["refund_delivered_order"])
    assert work.tool_calls[:3] == ("refund_delivered_order", "get_order", "issue_refund")
    assert len(changed["refunds"]) == len(changed["tickets"]) == 1


def test_where_the_condition_is_false_nothing_is_written(world, tools):
    task = refund(world, "processing")
    work, changed = run_with(world, tools, task, good_offers(tools)["refund_delivered_order"])
    assert work.tool_calls == ("refund_delivered_order", "get_order")
    assert changed == {}


def test_it_chooses_without_knowing_what_the_reads_will_show(world, tools):
    task = about_order(world, "where_is_order", "processing")
    work, _ = run_with(world, tools, task, good_offers(tools)["get_order_shipment"])
    assert work.tool_calls == ("get_order_shipment", "get_order")
    assert work.answer.endswith("nothing has been sent.")


@pytest.mark.parametrize(
    ("besides", "used"), [("products", True), ("products, tickets and customers", False)]
)
def test_reads_that_nobody_wants_are_put_up_with_up_to_a_point(world, tools, besides, used):
    description = f"Returns order with shipment and {besides}. It only reads data."
    task = about_order(world, "where_is_order", "shipped")
    work, _ = run_with(world, tools, task, offer(tools, "overview", description, ORDER_ID, delivery_body))
    assert ("overview" in work.tool_calls) is used


def test_a_routine_that_stops_is_taken_up_where_it_stopped(world, tools):
    def breaks_off(call, order_id, reason):
        call(1, "get_order", order_id=order_id)
        call(2, "issue_refund", order_id=order_id, amount=0, reason=reason)

    refunding = good_offers(tools)["refund_delivered_order"]
    refunding.func = Routine(tools, breaks_off).run
    work, changed = run_with(world, tools, refund(world), refunding)
    assert work.tool_calls[:4] == ("refund_delivered_order", "get_order", "issue_refund", "issue_refund")
    assert len(changed["refunds"]) == 1


def test_an_unknown_customer_is_not_looked_for_again(world, tools):
    history = good_offers(tools)["get_customer_history"]
    work, _ = run_with(world, tools, ask("order_history", email="nobody@example.org"), history)
    assert work.tool_calls == ("get_customer_history", "find_customer")
    assert "No customer has" in work.answer


def test_a_tool_that_fails_altogether_is_tried_once(world, tools):
    def explode(**args):
        return "Internal error"

    history = good_offers(tools)["get_customer_history"]
    history.func = explode
    email = world.snapshot().tables["customers"][0]["email"]
    work, _ = run_with(world, tools, ask("order_history", email=email), history)
    assert work.tool_calls[:3] == ("get_customer_history", "find_customer", "list_orders")
    assert "get_customer_history" not in work.tool_calls[1:]


def test_what_was_cut_out_of_a_result_is_read_again(world, tools):
    def terse(call, email):
        call(1, "find_customer", email=email)["name"] = "someone"

    class Cut(Routine):
        def run(self, **args):
            result = super().run(**args)
            result["steps"][0]["output"] = {"name": "someone"}
            return result

    history = good_offers(tools)["get_customer_history"]
    history.func = Cut(tools, terse).run
    tables = world.snapshot().tables
    owner = next(
        row for row in tables["customers"] if row["customer_id"] == tables["orders"][0]["customer_id"]
    )
    work, _ = run_with(world, tools, ask("order_history", email=owner["email"]), history)
    assert work.tool_calls[:4] == ("get_customer_history", "find_customer", "find_customer", "list_orders")
    assert tables["orders"][0]["order_id"] in work.answer


def test_when_its_own_tools_are_hidden_it_makes_do_with_what_there_is(world, tools):
    agent = build_agent(scripted_model(), [good_offers(tools)["get_customer_history"]])
    email = world.snapshot().tables["customers"][0]["email"]
    (work,) = run_tasks(agent, [ask("latest_order", email=email)])
    assert work.tool_calls[0] == "get_customer_history"
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
