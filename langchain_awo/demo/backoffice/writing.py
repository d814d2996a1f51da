"""The tools that change things. Each is one transaction that checks before it writes.

Annotations are real objects here because LangChain reads them: no `from __future__ import annotations`.
"""

from typing import Annotated, Any, Literal

from langchain_core.tools import ToolException
from sqlalchemy import Table, insert, select, update

from langchain_awo.demo.backoffice import schema
from langchain_awo.demo.backoffice.reading import CustomerId, OrderId
from langchain_awo.demo.backoffice.world import World, Writing

TicketId = Annotated[str, "Id of the ticket, such as T-4001"]
Amount = Annotated[float, "Amount in euros, such as 49.9"]


class Clerk:
    """Everything that can be changed in a back office."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create_ticket(
        self,
        customer_id: CustomerId,
        subject: Annotated[str, "What the ticket is about, in one line"],
        order_id: Annotated[str | None, "Id of the order it is about, if any"] = None,
    ) -> dict[str, Any]:
        """Open a support ticket for a customer."""
        with self._world.writing() as w:
            _find_one(w, schema.customers, customer_id, f"No customer has the id {customer_id!r}.")
            row = {
                "ticket_id": w.next_id("T"),
                "customer_id": customer_id,
                "order_id": order_id,
                "subject": subject,
                "status": "open",
                "opened_at": w.now(),
            }
            w.run(insert(schema.tickets).values(row))
        return row

    def update_ticket_status(
        self, ticket_id: TicketId, status: Annotated[Literal["open", "closed"], "The new status"]
    ) -> dict[str, Any]:
        """Open or close a support ticket; doing it twice changes nothing more."""
        with self._world.writing() as w:
            _find_one(w, schema.tickets, ticket_id, f"No ticket has the id {ticket_id!r}.")
            w.run(update(schema.tickets).where(schema.tickets.c.ticket_id == ticket_id).values(status=status))
        return {"ticket_id": ticket_id, "status": status}

    def add_ticket_note(self, ticket_id: TicketId, text: Annotated[str, "The note"]) -> dict[str, Any]:
        """Add an internal note to a support ticket."""
        with self._world.writing() as w:
            _find_one(w, schema.tickets, ticket_id, f"No ticket has the id {ticket_id!r}.")
            row = {"note_id": w.next_id("N"), "ticket_id": ticket_id, "text": text, "at": w.now()}
            w.run(insert(schema.ticket_notes).values(row))
        return {"note_id": row["note_id"], "ticket_id": ticket_id}

    def issue_refund(
        self, order_id: OrderId, amount: Amount, reason: Annotated[str, "Why, in a few words"]
    ) -> dict[str, Any]:
        """Pay money back for a delivered order, at most what was paid and not refunded yet."""
        cents = round(amount * 100)
        with self._world.writing() as w:
            order = _find_one(w, schema.orders, order_id, f"No order has the id {order_id!r}.")
            if order["status"] != "delivered":
                raise ToolException(
                    f"Order {order_id} is {order['status']}; only delivered orders are refunded."
                )
            if not 0 < cents <= order["total_cents"] - order["refunded_cents"]:
                raise ToolException(f"Order {order_id} has less than {amount} left to refund.")
            row = {
                "refund_id": w.next_id("RF"),
                "order_id": order_id,
                "amount_cents": cents,
                "reason": reason,
                "at": w.now(),
            }
            w.run(insert(schema.refunds).values(row))
            refunded = order["refunded_cents"] + cents
            w.run(
                update(schema.orders)
                .where(schema.orders.c.order_id == order_id)
                .values(refunded_cents=refunded)
            )
        return {"refund_id": row["refund_id"], "order_id": order_id, "amount": cents / 100}

    def issue_credit_note(
        self, customer_id: CustomerId, amount: Amount, reason: Annotated[str, "Why, in a few words"]
    ) -> dict[str, Any]:
        """Give a customer credit for their next purchase, at most 50 euros."""
        if not 0 < amount <= 50:  # noqa: PLR2004  # the rule of the house, stated in the tool's description
            raise ToolException(f"Credit notes are for at most 50 euros, not {amount}.")
        with self._world.writing() as w:
            _find_one(w, schema.customers, customer_id, f"No customer has the id {customer_id!r}.")
            row = {
                "credit_note_id": w.next_id("CN"),
                "customer_id": customer_id,
                "amount_cents": round(amount * 100),
                "reason": reason,
                "at": w.now(),
            }
            w.run(insert(schema.credit_notes).values(row))
        return {"credit_note_id": row["credit_note_id"], "customer_id": customer_id, "amount": amount}

    def send_email(
        self,
        to: Annotated[str, "E-mail address of the recipient"],
        subject: Annotated[str, "Subject line"],
        body: Annotated[str, "The message"],
    ) -> dict[str, Any]:
        """Send an e-mail to a customer."""
        with self._world.writing() as w:
            row = {"email_id": w.next_id("E"), "to": to, "subject": subject, "body": body, "at": w.now()}
            w.run(insert(schema.emails).values(row))
        return {"email_id": row["email_id"], "sent_at": row["at"]}

    def update_address(
        self, order_id: OrderId, address: Annotated[str, "Street with number, and city"]
    ) -> dict[str, Any]:
        """Change where an order that is still being processed will be delivered."""
        with self._world.writing() as w:
            _check_processing(w, order_id)
            w.run(update(schema.orders).where(schema.orders.c.order_id == order_id).values(address=address))
        return {"order_id": order_id, "address": address}

    def cancel_order(
        self, order_id: OrderId, reason: Annotated[str, "Why, in a few words"]
    ) -> dict[str, Any]:
        """Cancel an order that is still being processed. This cannot be undone."""
        with self._world.writing() as w:
            _check_processing(w, order_id)
            w.run(
                update(schema.orders)
                .where(schema.orders.c.order_id == order_id)
                .values(status="cancelled", cancel_reason=reason)
            )
        return {"order_id": order_id, "status": "cancelled"}


def _check_processing(w: Writing, order_id: str) -> None:
    order = _find_one(w, schema.orders, order_id, f"No order has the id {order_id!r}.")
    if order["status"] != "processing":
        raise ToolException(
            f"Order {order_id} is {order['status']}; only orders in processing can be changed."
        )


def _find_one(w: Writing, table: Table, key: str, otherwise: str) -> dict[str, Any]:
    (column,) = table.primary_key.columns
    found = w.rows(select(table).where(column == key))
    if not found:
        raise ToolException(otherwise)
    return found[0]
