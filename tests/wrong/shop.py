"""A shop: three tools, and runs of an agent that looks up orders and their customers."""

from __future__ import annotations

from langchain_core.tools import tool


@tool
def get_order(order_id: str) -> dict:
    """Get an order."""
    return {"customer": f"c{order_id}"}


@tool
def get_customer(customer_id: str) -> str:
    """Get a customer."""
    return f"the customer {customer_id}"


@tool
def refund_order(order_id: str) -> str:
    """Refund an order."""
    return f"refunded {order_id}"


TOOLS = [get_order, get_customer, refund_order]
RUNS = "\n".join(
    f'"order o{n}" get_order(order_id=o{n}) -> {{"customer": "c{n}"}} | get_customer(customer_id=c{n})'
    for n in range(12)
)
