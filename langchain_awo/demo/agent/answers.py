"""What the agent says when a request is done; every place it reads may be missing, which raises `GapError`."""

from __future__ import annotations

from langchain_awo.demo.agent.wants import AgentView


def tell_delivery(reader: AgentView) -> str:
    """How far an order is."""
    order_id, status = reader.found("get_order", "/order_id"), reader.found("get_order", "/status")
    if reader.found("get_order", "/shipment_id") is None:
        return f"Order {order_id} is {status}; nothing has been sent."
    carrier, expected = reader.found("get_shipment", "/carrier"), reader.found("get_shipment", "/expected_on")
    return f"Order {order_id} is {status}. It travels with {carrier}, expected on {expected}."


def tell_orders(reader: AgentView) -> str:
    """Which orders there are."""
    ids, totals = reader.found_each("get_order", "/order_id"), reader.found_each("get_order", "/total")
    listed = ", ".join(f"{order_id} ({total} euros)" for order_id, total in zip(ids, totals, strict=True))
    return f"{len(ids)} orders: {listed}." if ids else "There are no such orders."


def tell_refund(reader: AgentView) -> str:
    """Whether it was refunded."""
    status = reader.found("get_order", "/status")
    return (
        "Refunded, with a ticket and an e-mail."
        if status == "delivered"
        else f"Not refunded: it is {status}."
    )


def tell_ticket(reader: AgentView) -> str:
    """Which ticket is open again."""
    return f"Ticket {reader.found('search_tickets', '/tickets/0/ticket_id')} is open again, with your note."


def tell_stock(reader: AgentView) -> str:
    """What is missing."""
    names, stock = reader.found_each("get_product", "/name"), reader.found_each("get_product", "/stock")
    missing = [name for name, left in zip(names, stock, strict=True) if not left]
    return f"Out of stock: {', '.join(missing)}." if missing else "Everything is in stock."


def tell_moved(reader: AgentView) -> str:
    """How many orders have a new address."""
    moved = reader.found("list_orders", "/orders/*/order_id")
    return f"{len(moved)} orders now go to {reader.said['address']}."


def tell_cancelled(reader: AgentView) -> str:
    """Whether it was cancelled."""
    status = reader.found("get_order", "/status")
    return "Cancelled, and the customer knows." if status == "processing" else f"Too late: it is {status}."


def tell_credit(reader: AgentView) -> str:
    """What they got."""
    return f"They have {reader.said['amount']} euros of credit and an e-mail about it."


def tell_hello(reader: AgentView) -> str:
    """A greeting."""
    return f"Hello {reader.said['name']}, I can look after orders, deliveries, refunds and tickets."
