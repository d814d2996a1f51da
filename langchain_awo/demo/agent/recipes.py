"""How the agent goes about each kind of request, with the original tools."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from langchain_awo.demo.agent import answers
from langchain_awo.demo.agent.offers import Toolbox
from langchain_awo.demo.agent.wants import (
    AgentView,
    ConstantValue,
    Each,
    ItemPlace,
    OutputPlace,
    OwnWords,
    Recipe,
    RequestValue,
    Source,
    Want,
    When,
)
from langchain_awo.demo.backoffice.phrasebook import UserRequest

OFFICE: Final = Toolbox(
    reads=frozenset(
        {
            "find_customer",
            "list_orders",
            "get_order",
            "get_shipment",
            "get_product",
            "search_tickets",
            "get_ticket",
        }
    ),
    writes=frozenset(
        {
            "create_ticket",
            "update_ticket_status",
            "add_ticket_note",
            "issue_refund",
            "issue_credit_note",
            "send_email",
            "update_address",
            "cancel_order",
        }
    ),
)
"""The original tools. Whatever else the agent is offered it knows only from its description."""

CUSTOMER = Want("find_customer", {"email": RequestValue("email")})
ORDERS = Want("list_orders", {"customer_id": OutputPlace("find_customer", "/customer_id")})
ORDER = Want("get_order", {"order_id": RequestValue("order_id")})
SHIPMENT = Want(
    "get_shipment",
    {"shipment_id": OutputPlace("get_order", "/shipment_id")},
    when=When("get_order", "/shipment_id"),
)


def choose_recipe(request: UserRequest, *, swapped: bool = False) -> Recipe:
    """The steps for a request.

    Args:
        request: what is wanted.
        swapped: whether to do reads that do not depend on each other in the other order.
    """
    recipe = _RECIPES[request.family]()
    if not (swapped and recipe.either_order):
        return recipe
    first, second = (next(w for w in recipe.wants if w.tool == tool) for tool in recipe.either_order)
    other = {first.tool: second, second.tool: first}
    return replace(recipe, wants=tuple(other.get(want.tool, want) for want in recipe.wants))


def _build_where_is_order() -> Recipe:
    return Recipe(answers.tell_delivery, (ORDER, SHIPMENT))


def _build_latest_order() -> Recipe:
    latest = Want("get_order", {"order_id": OutputPlace("list_orders", "/orders/0/order_id")})
    return Recipe(answers.tell_delivery, (CUSTOMER, ORDERS, latest, SHIPMENT))


def _build_open_orders() -> Recipe:
    unfinished = Each(
        OutputPlace("list_orders", "/orders/*"), where="/status", values=("processing", "shipped")
    )
    return Recipe(
        answers.tell_orders,
        (CUSTOMER, ORDERS, Want("get_order", {"order_id": ItemPlace("/order_id")}, each=unfinished)),
    )


def _build_order_history() -> Recipe:
    every = Each(OutputPlace("list_orders", "/orders/*"))
    return Recipe(
        answers.tell_orders,
        (CUSTOMER, ORDERS, Want("get_order", {"order_id": ItemPlace("/order_id")}, each=every)),
    )


def _build_refund_damaged() -> Recipe:
    delivered = When("get_order", "/status", "equals", "delivered")
    refund = Want(
        "issue_refund",
        {
            "order_id": RequestValue("order_id"),
            "amount": OutputPlace("get_order", "/total"),
            "reason": RequestValue("reason"),
        },
        when=delivered,
    )
    ticket = Want(
        "create_ticket",
        {
            "customer_id": OutputPlace("get_order", "/customer_id"),
            "subject": OwnWords(
                _style_text("Refund: {reason}", "Damaged goods: {reason}", "Refunded because {reason}")
            ),
            "order_id": RequestValue("order_id"),
        },
        when=delivered,
    )
    email = _want_email(
        subjects=("Your refund", "About your order {order_id}", "We are sorry"),
        bodies=(
            "Your money for order {order_id} is on its way back.",
            "We have refunded order {order_id} in full. Sorry for the trouble.",
            "Order {order_id} was refunded today; no need to send anything back.",
        ),
        when=delivered,
    )
    return Recipe(answers.tell_refund, (ORDER, refund, ticket, email))


def _build_reopen_ticket() -> Recipe:
    oldest = OutputPlace("search_tickets", "/tickets/0/ticket_id")
    there_is_one = When("search_tickets", "/tickets/0/ticket_id")
    return Recipe(
        answers.tell_ticket,
        (
            CUSTOMER,
            Want(
                "search_tickets",
                {
                    "customer_id": OutputPlace("find_customer", "/customer_id"),
                    "status": ConstantValue("closed"),
                },
            ),
            Want(
                "update_ticket_status",
                {"ticket_id": oldest, "status": ConstantValue("open")},
                when=there_is_one,
            ),
            Want("add_ticket_note", {"ticket_id": oldest, "text": RequestValue("note")}, when=there_is_one),
        ),
    )


def _build_stock_check() -> Recipe:
    lines = Each(OutputPlace("get_order", "/lines/*"))
    return Recipe(answers.tell_stock, (ORDER, Want("get_product", {"sku": ItemPlace("/sku")}, each=lines)))


def _build_move_orders() -> Recipe:
    customer_id = OutputPlace("find_customer", "/customer_id")
    processing = Want("list_orders", {"customer_id": customer_id, "status": ConstantValue("processing")})
    move = Want(
        "update_address",
        {"order_id": ItemPlace("/order_id"), "address": RequestValue("address")},
        each=Each(OutputPlace("list_orders", "/orders/*")),
    )
    email = _want_email(
        subjects=("Your new address", "We have your new address"),
        bodies=(
            "Your orders now go to {address}.",
            "From now on we deliver to {address}. Enjoy your new home.",
        ),
        when=When("list_orders", "/orders/0/order_id"),
    )
    return Recipe(answers.tell_moved, (CUSTOMER, processing, move, email))


def _build_cancel_order() -> Recipe:
    processing = When("get_order", "/status", "equals", "processing")
    cancel = Want(
        "cancel_order",
        {"order_id": RequestValue("order_id"), "reason": RequestValue("reason")},
        when=processing,
    )
    email = _want_email(
        subjects=("Order {order_id} is cancelled", "Your cancellation"),
        bodies=("We have cancelled order {order_id} as you asked.", "Order {order_id} will not be sent."),
        when=processing,
    )
    return Recipe(answers.tell_cancelled, (ORDER, cancel, email))


def _build_goodwill() -> Recipe:
    customer_id = OutputPlace("find_customer", "/customer_id")
    tickets = Want("search_tickets", {"customer_id": customer_id})
    credit = Want(
        "issue_credit_note",
        {"customer_id": customer_id, "amount": RequestValue("amount"), "reason": RequestValue("reason")},
    )
    email = _want_email(
        subjects=("A small thank-you", "Credit for your next order"),
        bodies=("You have {amount} euros to spend with us.", "We owe you one: {amount} euros of credit."),
    )
    return Recipe(
        answers.tell_credit,
        (CUSTOMER, ORDERS, tickets, credit, email),
        either_order=("list_orders", "search_tickets"),
    )


def _build_small_talk() -> Recipe:
    return Recipe(answers.tell_hello)


_RECIPES: Final[Mapping[str, Callable[[], Recipe]]] = {
    "where_is_order": _build_where_is_order,
    "latest_order": _build_latest_order,
    "open_orders": _build_open_orders,
    "order_history": _build_order_history,
    "refund_damaged": _build_refund_damaged,
    "reopen_ticket": _build_reopen_ticket,
    "stock_check": _build_stock_check,
    "move_orders": _build_move_orders,
    "cancel_order": _build_cancel_order,
    "goodwill": _build_goodwill,
    "small_talk": _build_small_talk,
}


def _want_email(*, subjects: tuple[str, ...], bodies: tuple[str, ...], when: When | None = None) -> Want:
    args: dict[str, Source] = {
        "to": RequestValue("email"),
        "subject": OwnWords(_style_text(*subjects)),
        "body": OwnWords(_style_text(*bodies)),
    }
    return Want("send_email", args, when=when)


def _style_text(*phrases: str) -> Callable[[AgentView], str]:
    """One of several wordings, so that texts differ from run to run as they do with an LLM."""
    return lambda reader: phrases[reader.style % len(phrases)].format(**reader.said)
