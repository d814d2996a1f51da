"""What is in the back office on its first morning: the same for the same seed."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any, Final

Rows = dict[str, list[dict[str, Any]]]

CUSTOMERS: Final = 300
OPENING: Final = dt.datetime(2025, 3, 3, 8, 0, tzinfo=dt.UTC)
"""The logical clock starts here."""

FIRST_NAMES: Final = (
    "Ada", "Bruno", "Carla", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Katya", "Liam",
    "Mina", "Noor", "Oskar", "Priya", "Quinn", "Rosa", "Samir", "Tove",
)  # fmt: skip
LAST_NAMES: Final = (
    "Almeida", "Berg", "Costa", "Duran", "Ekman", "Fischer", "Garcia", "Haddad", "Ivanov", "Jansen", "Kaya",
    "Lopez", "Moreau", "Nakamura", "Okafor", "Petrov",
)  # fmt: skip
CITIES: Final = ("Lisbon", "Hamburg", "Lyon", "Gdansk", "Porto", "Turin", "Utrecht", "Malmo")
STREETS: Final = ("Harbour Street", "Mill Lane", "Station Road", "Garden Walk", "Old Market", "Bridge Street")
GOODS: Final = (
    "lamp",
    "kettle",
    "desk",
    "chair",
    "headset",
    "keyboard",
    "backpack",
    "blanket",
    "clock",
    "mug",
)
COLOURS: Final = ("red", "blue", "green", "black", "white", "sand")
CARRIERS: Final = ("Northwind", "Parcelhawk", "Blue Van")
SUBJECTS: Final = (
    "Parcel left with a neighbour", "Question about the invoice", "Wrong colour delivered", "Voucher not accepted",
    "Missing manual", "Change of phone number",
)  # fmt: skip
STATUSES: Final = ("processing", "shipped", "delivered", "cancelled")
STATUS_WEIGHTS: Final = (30, 20, 45, 5)


def seed_rows(seed: int) -> Rows:
    """The rows of every table that is not empty at the start."""
    chance = random.Random(seed)  # noqa: S311  # made-up data, not a secret
    rows: Rows = {
        name: [] for name in ("customers", "products", "orders", "order_lines", "shipments", "tickets")
    }
    rows["products"] = _generate_products(chance)
    for number in range(1, CUSTOMERS + 1):
        _add_customer(rows, number, chance)
    rows["counters"] = [
        {"name": "clock", "value": 0},
        {"name": "T", "value": 4000 + len(rows["tickets"])},
        *({"name": name, "value": start} for name, start in (("N", 0), ("RF", 500), ("CN", 700), ("E", 0))),
    ]
    return rows


def _generate_products(chance: random.Random) -> list[dict[str, Any]]:
    pairs = [(colour, good) for good in GOODS for colour in COLOURS]
    return [
        {
            "sku": f"P-{number}",
            "name": f"{colour} {good}",
            "price_cents": chance.randrange(490, 19990, 10),
            "stock": chance.choice((0, 0, 1, 3, 8, 20, 75)),
        }
        for number, (colour, good) in enumerate(pairs, start=100)
    ]


def _add_customer(rows: Rows, number: int, chance: random.Random) -> None:
    first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
    customer = {
        "customer_id": f"C-{1000 + number}",
        "name": f"{first} {last}",
        "email": f"{first}.{last}{number}@example.com".lower(),
        "city": chance.choice(CITIES),
        "tier": chance.choices(("standard", "silver", "gold"), (70, 20, 10))[0],
    }
    rows["customers"].append(customer)
    ordered = sorted(
        chance.randrange(1, 120) for _ in range(chance.choices((0, 1, 2, 3, 4, 6), (1, 4, 6, 5, 3, 1))[0])
    )
    for days_ago in reversed(ordered):
        _add_order(rows, customer, days_ago, chance)
    for _ in range(chance.choices((0, 1, 2), (5, 4, 1))[0]):
        _add_ticket(rows, customer, chance)


def _add_order(rows: Rows, customer: dict[str, Any], days_ago: int, chance: random.Random) -> None:
    order_id = f"O-{20001 + len(rows['orders'])}"
    lines = [
        {"order_id": order_id, "line": line, "sku": product["sku"], "quantity": chance.randrange(1, 4)}
        for line, product in enumerate(chance.sample(rows["products"], chance.randrange(1, 5)), start=1)
    ]
    prices = {product["sku"]: product["price_cents"] for product in rows["products"]}
    status = chance.choices(STATUSES, STATUS_WEIGHTS)[0]
    day = (OPENING - dt.timedelta(days=days_ago)).date()
    rows["orders"].append(
        {
            "order_id": order_id,
            "customer_id": customer["customer_id"],
            "status": status,
            "ordered_on": day.isoformat(),
            "total_cents": sum(prices[line["sku"]] * line["quantity"] for line in lines),
            "refunded_cents": 0,
            "address": f"{chance.randrange(1, 90)} {chance.choice(STREETS)}, {customer['city']}",
            "cancel_reason": "customer changed their mind" if status == "cancelled" else None,
        }
    )
    rows["order_lines"].extend(lines)
    if status in ("shipped", "delivered"):
        _add_shipment(rows, order_id, day, status, chance)


def _add_shipment(rows: Rows, order_id: str, day: dt.date, status: str, chance: random.Random) -> None:
    rows["shipments"].append(
        {
            "shipment_id": f"S-{30001 + len(rows['shipments'])}",
            "order_id": order_id,
            "carrier": chance.choice(CARRIERS),
            "tracking": f"{chance.randrange(16**10):010X}",
            "status": "delivered" if status == "delivered" else chance.choice(("in transit", "at the depot")),
            "expected_on": (day + dt.timedelta(days=chance.randrange(2, 9))).isoformat(),
        }
    )


def _add_ticket(rows: Rows, customer: dict[str, Any], chance: random.Random) -> None:
    rows["tickets"].append(
        {
            "ticket_id": f"T-{4001 + len(rows['tickets'])}",
            "customer_id": customer["customer_id"],
            "order_id": None,
            "subject": chance.choice(SUBJECTS),
            "status": chance.choice(("open", "closed", "closed")),
            "opened_at": (OPENING - dt.timedelta(days=chance.randrange(1, 200))).isoformat(),
        }
    )
