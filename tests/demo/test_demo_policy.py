"""The stand-in for an LLM does every kind of task, and the database shows it."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_awo.demo.agent.agent import build_agent, run_tasks, scripted_model
from langchain_awo.demo.agent.office import assign, back_office_policy
from langchain_awo.demo.agent.recipes import OFFICE
from langchain_awo.demo.backoffice.phrasebook import PHRASES
from langchain_awo.demo.backoffice.tasks import Task, generate_tasks


@pytest.fixture
def agent(tools):
    return build_agent(scripted_model(), list(tools.values()))


def ask(family, phrase=0, **said):
    instruction = PHRASES[family][phrase].format(**said)
    return Task(task_id="t", family=family, instruction=instruction)


def do(agent, world, task):
    """What the agent did, and what that changed besides the counters."""
    before = world.snapshot()
    (work,) = run_tasks(agent, [task])
    changed = world.snapshot().changed(before)
    changed.pop("counters", None)
    return work, changed


def customer_with(world, fits):
    """A customer and their orders, newest first, such that the orders fit."""
    tables = world.snapshot().tables
    for customer in tables["customers"]:
        orders = [order for order in tables["orders"] if order["customer_id"] == customer["customer_id"]]
        orders.sort(key=lambda order: (order["ordered_on"], order["order_id"]), reverse=True)
        if fits(orders):
            return customer, orders
    raise AssertionError("the world has no such customer")


def order_with(world, status):
    customer, orders = customer_with(world, lambda orders: any(order["status"] == status for order in orders))
    return customer["email"], next(order for order in orders if order["status"] == status)


def distinct(names):
    return list(dict.fromkeys(names))


def test_it_finds_a_parcel(agent, world):
    _, order = order_with(world, "shipped")
    work, changed = do(agent, world, ask("where_is_order", order_id=order["order_id"]))
    assert distinct(work.tool_calls) == ["get_order", "get_shipment"]
    assert "It travels with" in work.answer
    assert changed == {}


def test_it_does_not_look_for_a_parcel_that_was_never_sent(agent, world):
    _, order = order_with(world, "processing")
    work, changed = do(agent, world, ask("where_is_order", order_id=order["order_id"]))
    assert distinct(work.tool_calls) == ["get_order"]
    assert work.answer.endswith("nothing has been sent.")
    assert changed == {}


def test_it_finds_the_latest_order(agent, world):
    customer, orders = customer_with(world, lambda orders: orders and orders[0]["status"] == "shipped")
    work, changed = do(agent, world, ask("latest_order", email=customer["email"]))
    assert distinct(work.tool_calls) == ["find_customer", "list_orders", "get_order", "get_shipment"]
    assert orders[0]["order_id"] in work.answer
    assert changed == {}


def test_it_looks_at_every_open_order_and_no_other(agent, world):
    def mixed(orders):
        return {"processing", "shipped", "delivered"} <= {order["status"] for order in orders}

    customer, orders = customer_with(world, mixed)
    work, changed = do(agent, world, ask("open_orders", email=customer["email"]))
    unfinished = [order for order in orders if order["status"] in ("processing", "shipped")]
    assert all((order["order_id"] in work.answer) == (order in unfinished) for order in orders)
    assert changed == {}


def test_it_tells_the_whole_history(agent, world):
    customer, orders = customer_with(world, lambda orders: len(orders) == 6)
    work, changed = do(agent, world, ask("order_history", email=customer["email"]))
    assert work.tool_calls.count("get_order") >= 6
    assert all(order["order_id"] in work.answer for order in orders)
    assert changed == {}


def test_it_refunds_what_was_delivered(agent, world):
    email, order = order_with(world, "delivered")
    task = ask("refund_damaged", order_id=order["order_id"], email=email, reason="the box was soaked")
    _, changed = do(agent, world, task)
    (refund,), (ticket,), (mail,) = changed["refunds"], changed["tickets"], changed["emails"]
    assert (refund["order_id"], refund["amount_cents"]) == (order["order_id"], order["total_cents"])
    assert refund["reason"] == "the box was soaked"
    assert (ticket["order_id"], ticket["customer_id"]) == (order["order_id"], order["customer_id"])
    assert mail["to"] == email
    assert changed["orders"] == [{**order, "refunded_cents": order["total_cents"]}]


def test_it_does_not_refund_what_was_not_delivered(agent, world):
    email, order = order_with(world, "shipped")
    task = ask("refund_damaged", 1, order_id=order["order_id"], email=email, reason="the box was soaked")
    work, changed = do(agent, world, task)
    assert work.answer == "Not refunded: it is shipped."
    assert changed == {}


def test_it_stops_when_a_write_is_refused(agent, world):
    email, order = order_with(world, "delivered")
    said = {"order_id": order["order_id"], "email": email, "reason": "the box was soaked"}
    do(agent, world, ask("refund_damaged", **said))
    work, changed = do(agent, world, ask("refund_damaged", **said))
    assert work.answer.startswith("That could not be done.")
    assert changed == {}


def test_it_reopens_the_oldest_closed_ticket(agent, world):
    tables = world.snapshot().tables
    ticket = next(row for row in tables["tickets"] if row["status"] == "closed")
    customer = next(row for row in tables["customers"] if row["customer_id"] == ticket["customer_id"])
    _, changed = do(agent, world, ask("reopen_ticket", email=customer["email"], note="called back"))
    assert changed["tickets"] == [{**ticket, "status": "open"}]
    assert [(row["ticket_id"], row["text"]) for row in changed["ticket_notes"]] == [
        (ticket["ticket_id"], "called back")
    ]


def test_an_empty_search_ends_the_task(agent, world):
    tables = world.snapshot().tables
    with_tickets = {row["customer_id"] for row in tables["tickets"]}
    customer = next(row for row in tables["customers"] if row["customer_id"] not in with_tickets)
    work, changed = do(agent, world, ask("reopen_ticket", email=customer["email"], note="called back"))
    assert distinct(work.tool_calls) == ["find_customer", "search_tickets"]
    assert changed == {}


def test_it_checks_the_stock_of_each_line(agent, world):
    tables = world.snapshot().tables
    lines = [row for row in tables["order_lines"] if row["order_id"] == "O-20001"]
    work, changed = do(agent, world, ask("stock_check", order_id="O-20001"))
    assert work.tool_calls.count("get_product") == len(lines)
    assert changed == {}


def test_it_moves_only_the_orders_in_processing(agent, world):
    def mixed(orders):
        return [order["status"] for order in orders].count("processing") > 1 and len(orders) > 2

    customer, orders = customer_with(world, mixed)
    address = "1 Mill Lane, Lyon"
    _, changed = do(agent, world, ask("move_orders", email=customer["email"], address=address))
    moved = [{**order, "address": address} for order in orders if order["status"] == "processing"]
    assert sorted(changed["orders"], key=str) == sorted(moved, key=str)
    assert [mail["to"] for mail in changed["emails"]] == [customer["email"]]


@pytest.mark.parametrize(("status", "cancelled"), [("processing", True), ("shipped", False)])
def test_it_cancels_only_what_is_in_processing(agent, world, status, cancelled):
    email, order = order_with(world, status)
    task = ask("cancel_order", order_id=order["order_id"], email=email, reason="no longer needed")
    _, changed = do(agent, world, task)
    expected = [{**order, "status": "cancelled", "cancel_reason": "no longer needed"}] if cancelled else []
    assert changed.get("orders", []) == expected
    assert len(changed.get("emails", [])) == len(expected)


def test_it_gives_credit(agent, world):
    email, order = order_with(world, "delivered")
    task = ask("goodwill", email=email, amount=7.5, reason="a rude courier")
    work, changed = do(agent, world, task)
    (note,) = changed["credit_notes"]
    assert (note["customer_id"], note["amount_cents"]) == (order["customer_id"], 750)
    assert {"list_orders", "search_tickets"} <= set(work.tool_calls)
    assert len(changed["emails"]) == 1


def test_an_unknown_customer_ends_the_task(agent, world):
    work, changed = do(agent, world, ask("latest_order", email="nobody@example.org"))
    assert work.tool_calls == ("find_customer",)
    assert "No customer has the e-mail address" in work.answer
    assert changed == {}


@pytest.mark.parametrize("instruction", [PHRASES["small_talk"][0].format(name="Ada"), "Water the plants."])
def test_small_talk_needs_no_tool(agent, world, instruction):
    work, changed = do(agent, world, Task(task_id="t", family="small_talk", instruction=instruction))
    assert (work.model_calls, work.tool_calls, changed) == (1, (), {})


def test_the_same_tasks_leave_equal_worlds(world, tools, first_morning):
    from langchain_awo.demo.backoffice.tools import back_office_tools

    tasks = generate_tasks(first_morning, 40, seed=5)
    with first_morning.copy() as other:
        run_tasks(build_agent(scripted_model(), list(tools.values())), tasks)
        run_tasks(build_agent(scripted_model(), back_office_tools(other)), tasks)
        assert world.snapshot() == other.snapshot()
    assert world.snapshot() != first_morning.snapshot()


def with_habit(world, family, habit):
    tasks = generate_tasks(world, 1500, seed=2)
    return next(task for task in tasks if task.family == family and habit(assign(task.instruction)))


def test_a_slip_is_repaired(agent, world):
    task = with_habit(world, "where_is_order", lambda task: task.habits.slips)
    work, _ = do(agent, world, task)
    assert work.tool_calls[:2] == ("get_order", "get_order")
    assert work.answer.startswith("Order O-")


def test_reads_may_be_asked_for_all_at_once(agent, world):
    task = with_habit(world, "order_history", lambda task: task.habits.parallel)
    work, _ = do(agent, world, task)
    assert work.tool_calls.count("get_order") > 1
    assert work.model_calls == 4


def test_a_read_may_be_repeated_before_a_write(agent, world):
    task = with_habit(world, "goodwill", lambda task: task.habits.rereads)
    work, changed = do(agent, world, task)
    assert work.tool_calls[2] == work.tool_calls[3]
    assert len(changed["credit_notes"]) == 1


def test_independent_reads_come_in_either_order(agent, world):
    tasks = [
        task
        for task in generate_tasks(world, 300, seed=2)
        if task.family == "goodwill" and not assign(task.instruction).habits.rereads
    ]
    orders = {work.tool_calls[1:3] for work in run_tasks(agent, tasks[:8])}
    assert orders == {("list_orders", "search_tickets"), ("search_tickets", "list_orders")}


def test_it_makes_one_call_a_turn_when_it_writes(agent, world):
    tasks = [
        task for task in generate_tasks(world, 60, seed=9) if task.family in ("refund_damaged", "move_orders")
    ]
    for work in run_tasks(agent, tasks):
        writes = sum(name in OFFICE.writes for name in work.tool_calls)
        assert work.model_calls > writes


def test_a_later_request_in_the_same_conversation_uses_what_is_known(tools):
    schemas = [convert_to_openai_tool(tool) for tool in tools.values()]
    first, second = ask("latest_order", email="a@example.com"), ask("open_orders", email="a@example.com")
    asked = {"name": "find_customer", "args": {"email": "a@example.com"}, "id": "c1", "type": "tool_call"}
    messages = [
        HumanMessage(first.instruction),
        AIMessage("", tool_calls=[asked]),
        ToolMessage('{"customer_id": "C-1"}', tool_call_id="c1"),
        AIMessage("never mind"),
        HumanMessage(second.instruction),
    ]
    (call,) = back_office_policy(messages, schemas).tool_calls
    assert (call["name"], call["args"]) == ("list_orders", {"customer_id": "C-1"})


def test_without_the_tool_for_the_next_step_it_says_so():
    turn = back_office_policy([HumanMessage(ask("stock_check", order_id="O-20001").instruction)], [])
    assert turn.tool_calls == []
    assert "no tool" in turn.text
