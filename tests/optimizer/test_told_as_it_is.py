"""What a meta-tool says of itself is what its steps do: of one position, of a named item, under a condition, or of all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from langchain_awo.model.ir.binding import Argument, Item, Output, Parameter
from langchain_awo.model.ir.metatool import Filter, Guard, Map, MetaTool, ParameterSpec, Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.optimizer.selection.descriptions import describe
from langchain_awo.optimizer.selection.titles import propose_names


def read(tool, source):
    """A read of one place, of each item of a list (a place with a star), or by a parameter."""
    if "*" in source:
        listed, _, path = source.rpartition("*")
        over = Map(source=place(f"{listed}*"))
        return Step(tool=tool, args={"id": Item(path=path)}, over=over, effect=Effect.READ)
    return Step(tool=tool, args={"id": place(source)}, effect=Effect.READ)


def place(text):
    if text.startswith("$"):
        return Parameter(name=text[1:])
    step, _, path = text.partition("/")
    number, _, args = step[1:].partition(".")
    kind = Argument if args else Output
    return kind(step=int(number), path=f"/{path}" if path else "")


def kept(step, path, **how):
    return replace(step, over=replace(step.over, filter=Filter(path=path, **how)))


def only(limit, step):
    return replace(step, over=replace(step.over, limit=limit))


def told(*steps):
    """The name, and the description without what is told of every read."""
    names = [leaf.name for step in steps for leaf in step.bindings if isinstance(leaf, Parameter)]
    routine = MetaTool(
        name="r", description="", steps=steps, parameters=(*map(_parameter, dict.fromkeys(names)),)
    )
    return f"{next(propose_names(routine))}: {describe(routine).partition(' It only reads data.')[0]}"


def _parameter(name):
    return ParameterSpec(name=name)


CUSTOMER, ORDERS = read("find_customer", "$email"), read("get_order", "#1/orders/*/id")
SEARCH = read("search_mail", "$words")
OPEN = Guard(source=Output(step=1, path="/state"), test="equals", value="open")
REFUND = """get_order_refund: Returns an order with its refund, looked up by id. The refund is read only if the order's state is "open"."""
NAMED = {"named": Parameter(name="product_name")}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            (CUSTOMER, ORDERS, read("get_shipment", "#2/0/shipment")),
            "get_customer_orders_and_shipment: Returns a customer with their orders and the shipment of the first order",
        ),
        ((CUSTOMER, read("get_order", "#1/orders/0/id")), "get_customer_first_order: Returns a customer and the first order"),
        ((CUSTOMER, read("get_order", "#1/orders/-1")), "get_customer_last_order: Returns a customer and the last order"),
        ((CUSTOMER, read("get_order", "#1/orders/7")), "get_customer_8th_order: Returns a customer and the 8th order"),
        (
            (CUSTOMER, ORDERS, read("get_product", "#2/*/lines/0/sku")),
            "get_customer_orders_and_products: Returns a customer with their orders and the products of the first line",
        ),
        (
            (SEARCH, read("read_mail", "#1/mails/0/id"), read("get_sender", "#2/sender")),
            "get_first_mail_sender: Returns mails and the first mail in full (with its sender)",
        ),
        (
            (CUSTOMER, only(1, read("get_details", "#1/lines/*")), only(1, read("get_usage", "#2/*/line"))),
            "get_customer_line_and_usage: Returns a customer and the first line (with its usage)",
        ),
        (
            (CUSTOMER, only(2, ORDERS)),
            "get_customer_orders: Returns a customer with their orders, looked up by email. Only the first 2 orders.",
        ),
        ((SEARCH, read("read_mail", "#1/mails/-1/id")), "get_last_mail: Returns the full details of the last mail"),
        (
            (SEARCH, read("read_mail", "#1/mails/*/id"), read("get_sender", "#1/mails/*/sender")),
            "get_mail_senders: Returns mails with their details and senders",
        ),
        (
            (CUSTOMER, ORDERS, kept(read("get_product", "#2/*/lines/*/sku"), "/name", **NAMED)),
            "get_customer_orders_and_product: Returns a customer with their orders and the product with the given product_name",
        ),
        (
            (read("list_products", "$shop"), kept(read("get_product", "#1/*/sku"), "/name", **NAMED)),
            "get_product_by_name: Returns the full details of the product with the given product_name, looked up by shop.",
        ),
        (
            (read("search_flight", "$day"), read("search_flight", "#1/*/to")),
            "get_linked_flights: Returns flights and the flights that each of them leads to, looked up by day.",
        ),
        (
            (CUSTOMER, kept(ORDERS, "/state", values=("open", "new"))),
            "get_customer_orders: Returns a customer with their orders, looked up by email. Only orders whose state is open or new.",
        ),
        (
            (read("get_order", "$id"), replace(read("get_refund", "#1/refund"), guard=OPEN)),
            REFUND,
        ),
        (
            (read("list_cars", "$city"), read("get_price", "#1/*"), read("list_hotels", "#1.args/city")),
            "get_car_prices_and_hotels: Returns cars with their prices and the hotels for the same city",
        ),
        (
            (read("get_order", "$order_id"), read("get_refund", "#1.args/order_id"), read("get_user", "#1/user")),
            "get_order_refund_and_user: Returns an order with its refund and user",
        ),
        (
            (read("find_email", "$name"), read("list_tasks", "#1/0")),
            "get_tasks_by_id: Returns tasks, looked up by name. It looks up the email itself, taking the first one found.",
        ),
    ],
    ids=lambda value: value.partition(":")[0] if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_returned_is_told(steps, expected):
    assert told(*steps).startswith(expected)


def test_a_search_that_is_widened_says_so():
    first = Step(tool="search_tasks", args={"who": place("$who"), "due": place("$due")}, effect=Effect.READ)
    again = Guard(source=Output(step=1, path=""), test="empty")
    wider = Step(tool="search_tasks", args={"who": place("#1.args/who")}, guard=again, effect=Effect.READ)
    assert told(first, wider) == (
        "search_tasks_with_fallback: Returns tasks, looked up by who and due. If nothing is found, it searches again without due."
    )


def asked(tool, **args):
    given = {name: place(source) for name, source in args.items()}
    return Step(tool=tool, args=given, effect=Effect.READ)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            (asked("get_kind_for_hotels", hotel_names="$hotel_names"), read("get_hotel_prices", "#1/*/id")),
            "get_hotel_kind_and_prices: Returns hotels with their kind and prices, looked up by hotel_names.",
        ),
        (
            (asked("get_user_reservations", user_id="$user_id"), read("get_booking", "#1/ids/*")),
            "get_user_reservation_bookings: Returns a user's reservations with their bookings, looked up by user_id.",
        ),
        (
            (asked("find_user_id", mail="$mail"), asked("list_fees", of="#1/id", kind="$kind")),
            "get_user_fees: Returns a user with their fees, looked up by mail; the fees also by kind.",
        ),
        (
            (asked("list_all_products"), kept(read("get_product", "#1/*/sku"), "/name", **NAMED)),
            "get_product_by_name: Returns the full details of the product with the given product_name",
        ),
        (
            (asked("list_kinds"), kept(read("get_product", "#1/*/sku"), "/name", **NAMED)),
            "get_product_by_name: Returns the product with the given product_name.",
        ),
    ],
    ids=lambda value: value.partition(":")[0] if isinstance(value, str) else "",
)
def test_whose_a_thing_is_and_by_what_it_is_looked_up_is_told(steps, expected):
    assert told(*steps).startswith(expected)
