"""The tables of the back office."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

metadata: Final = MetaData()

customers: Final = Table(
    "customers",
    metadata,
    Column("customer_id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("email", String, nullable=False, unique=True),
    Column("city", String, nullable=False),
    Column("tier", String, nullable=False),
)

products: Final = Table(
    "products",
    metadata,
    Column("sku", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("price_cents", Integer, nullable=False),
    Column("stock", Integer, nullable=False),
)

orders: Final = Table(
    "orders",
    metadata,
    Column("order_id", String, primary_key=True),
    Column("customer_id", ForeignKey("customers.customer_id"), nullable=False, index=True),
    Column("status", String, nullable=False),
    Column("ordered_on", String, nullable=False),
    Column("total_cents", Integer, nullable=False),
    Column("refunded_cents", Integer, nullable=False, default=0),
    Column("address", String, nullable=False),
    Column("cancel_reason", String),
)

order_lines: Final = Table(
    "order_lines",
    metadata,
    Column("order_id", ForeignKey("orders.order_id"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("sku", ForeignKey("products.sku"), nullable=False),
    Column("quantity", Integer, nullable=False),
)

shipments: Final = Table(
    "shipments",
    metadata,
    Column("shipment_id", String, primary_key=True),
    Column("order_id", ForeignKey("orders.order_id"), nullable=False, unique=True),
    Column("carrier", String, nullable=False),
    Column("tracking", String, nullable=False),
    Column("status", String, nullable=False),
    Column("expected_on", String, nullable=False),
)

tickets: Final = Table(
    "tickets",
    metadata,
    Column("ticket_id", String, primary_key=True),
    Column("customer_id", ForeignKey("customers.customer_id"), nullable=False, index=True),
    Column("order_id", ForeignKey("orders.order_id")),
    Column("subject", String, nullable=False),
    Column("status", String, nullable=False),
    Column("opened_at", String, nullable=False),
)

ticket_notes: Final = Table(
    "ticket_notes",
    metadata,
    Column("note_id", String, primary_key=True),
    Column("ticket_id", ForeignKey("tickets.ticket_id"), nullable=False, index=True),
    Column("text", String, nullable=False),
    Column("at", String, nullable=False),
)

refunds: Final = Table(
    "refunds",
    metadata,
    Column("refund_id", String, primary_key=True),
    Column("order_id", ForeignKey("orders.order_id"), nullable=False, index=True),
    Column("amount_cents", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("at", String, nullable=False),
)

credit_notes: Final = Table(
    "credit_notes",
    metadata,
    Column("credit_note_id", String, primary_key=True),
    Column("customer_id", ForeignKey("customers.customer_id"), nullable=False, index=True),
    Column("amount_cents", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("at", String, nullable=False),
)

emails: Final = Table(
    "emails",
    metadata,
    Column("email_id", String, primary_key=True),
    Column("to", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("body", String, nullable=False),
    Column("at", String, nullable=False),
)

counters: Final = Table(
    "counters",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Integer, nullable=False),
)
"""The last number given out of each kind of id, and under `clock` the minutes since opening."""
