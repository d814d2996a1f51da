"""The tools that look things up. Their results come in the forms that real tools use, tidy or not.

Annotations are real objects here because LangChain reads them: no `from __future__ import annotations`.
"""

import json
from typing import Annotated, Any, Literal

from langchain_core.tools import ToolException
from sqlalchemy import Table, select

from langchain_awo.demo.backoffice import schema
from langchain_awo.demo.backoffice.world import World

CustomerId = Annotated[str, "Id of the customer, such as C-1001"]
OrderId = Annotated[str, "Id of the order, such as O-20001"]


class LookupDesk:
    """Everything that can be looked up in a back office."""

    def __init__(self, world: World) -> None:
        self._world = world

    def find_customer(self, email: Annotated[str, "E-mail address of the customer"]) -> dict[str, Any]:
        """Find a customer by e-mail address: their id, name, city and tier."""
        return self._one(schema.customers, "email", email, f"No customer has the e-mail address {email!r}.")

    def list_orders(
        self,
        customer_id: CustomerId,
        status: Annotated[
            Literal["processing", "shipped", "delivered", "cancelled"] | None,
            "Only orders in this status; leave out for all",
        ] = None,
    ) -> dict[str, Any]:
        """List the orders of a customer, newest first, with status, date and total."""
        self._one(schema.customers, "customer_id", customer_id, f"No customer has the id {customer_id!r}.")
        orders = schema.orders.c
        query = select(schema.orders).where(orders.customer_id == customer_id)
        if status:
            query = query.where(orders.status == status)
        found = self._world.rows(query.order_by(orders.ordered_on.desc(), orders.order_id.desc()))
        return {
            "customer_id": customer_id,
            "orders": [
                {
                    "order_id": order["order_id"],
                    "status": order["status"],
                    "ordered_on": order["ordered_on"],
                    "total": order["total_cents"] / 100,
                }
                for order in found
            ],
        }

    def get_order(self, order_id: OrderId) -> dict[str, Any]:
        """Get one order: customer, status, total, what was already refunded, address, shipment id and lines."""
        order = self._one(
            schema.orders, "order_id", order_id, f"No order has the id {order_id!r}; ids look like O-20001."
        )
        lines = schema.order_lines
        shipments = self._where(schema.shipments, "order_id", order_id)
        return {
            "order_id": order_id,
            "customer_id": order["customer_id"],
            "status": order["status"],
            "ordered_on": order["ordered_on"],
            "total": order["total_cents"] / 100,
            "refunded": order["refunded_cents"] / 100,
            "address": order["address"],
            "shipment_id": shipments[0]["shipment_id"] if shipments else None,
            "lines": self._world.rows(
                select(lines.c.line, lines.c.sku, lines.c.quantity)
                .where(lines.c.order_id == order_id)
                .order_by(lines.c.line)
            ),
        }

    def get_shipment(
        self, shipment_id: Annotated[str, "Id of the shipment, such as S-30001; get_order tells it"]
    ) -> str:
        """Get the carrier, tracking code, status and expected day of a shipment."""
        shipment = self._one(
            schema.shipments, "shipment_id", shipment_id, f"No shipment has the id {shipment_id!r}."
        )
        return "\n".join(f"{key}: {value}" for key, value in shipment.items())

    def get_product(self, sku: Annotated[str, "Stock keeping unit of the product, such as P-104"]) -> str:
        """Get the name, price and number in stock of a product, as JSON text."""
        product = self._one(schema.products, "sku", sku, f"No product has the sku {sku!r}.")
        price = product.pop("price_cents") / 100
        return json.dumps({**product, "price": price})

    def search_tickets(
        self,
        customer_id: CustomerId,
        status: Annotated[
            Literal["open", "closed"] | None, "Only tickets in this status; leave out for all"
        ] = None,
    ) -> dict[str, Any]:
        """Search the support tickets of a customer, oldest first. Notes are not included; see get_ticket."""
        found = self._where(schema.tickets, "customer_id", customer_id)
        kept = [ticket for ticket in found if status in (None, ticket["status"])]
        return {"customer_id": customer_id, "tickets": kept}

    def get_ticket(self, ticket_id: Annotated[str, "Id of the ticket, such as T-4001"]) -> str:
        """Get one support ticket with its notes."""
        ticket = self._one(schema.tickets, "ticket_id", ticket_id, f"No ticket has the id {ticket_id!r}.")
        notes = self._where(schema.ticket_notes, "ticket_id", ticket_id)
        return str({**ticket, "notes": [note["text"] for note in notes]})

    def _where(self, table: Table, column: str, value: str) -> list[dict[str, Any]]:
        return self._world.rows(
            select(table).where(table.c[column] == value).order_by(*table.primary_key.columns)
        )

    def _one(self, table: Table, column: str, value: str, otherwise: str) -> dict[str, Any]:
        found = self._where(table, column, value)
        if not found:
            raise ToolException(otherwise)
        return found[0]
