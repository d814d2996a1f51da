"""Tasks for the back office: a few routines asked for all day, others now and then, some that lead nowhere."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from langchain_awo.demo.backoffice.phrasebook import PHRASES, list_fields
from langchain_awo.demo.backoffice.seeding import CITIES, FIRST_NAMES, STREETS
from langchain_awo.demo.backoffice.world import Snapshot, World

FAMILY_WEIGHTS: Final[Mapping[str, int]] = {
    "where_is_order": 20,
    "latest_order": 13,
    "open_orders": 13,
    "order_history": 8,
    "refund_damaged": 13,
    "reopen_ticket": 8,
    "stock_check": 7,
    "move_orders": 6,
    "cancel_order": 4,
    "goodwill": 4,
    "unknown_customer": 3,
    "small_talk": 3,
}
"""How often each kind of task comes in."""

UNKNOWN_CUSTOMER: Final = "unknown_customer"
"""Any task that names its customer by e-mail, with an address nobody has."""

REASONS: Final[Mapping[str, tuple[str, ...]]] = {
    "refund_damaged": (
        "the screen is cracked",
        "the box was soaked",
        "one leg is missing",
        "the zip is torn",
    ),
    "cancel_order": (
        "found it cheaper",
        "ordered the wrong size",
        "no longer needed",
        "a gift nobody wanted",
    ),
    "goodwill": (
        "three late deliveries",
        "a rude courier",
        "a long wait on the phone",
        "ten years of loyalty",
    ),
}
NOTES: Final = (
    "customer called back, still unsolved", "photo received by mail", "promised an answer by Friday",
    "second reminder", "customer asks for a supervisor", "voucher code sent again",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing somebody wants done.

    Attributes:
        task_id: unique for each task.
        family: a key of `FAMILY_WEIGHTS`.
        instruction: what the agent is told, with every value it needs.
    """

    task_id: str
    family: str
    instruction: str


def generate_tasks(world: World, count: int, *, seed: int = 11) -> list[Task]:
    """Tasks about what is in a world, the same for the same world, count and seed."""
    chance = random.Random(seed)  # noqa: S311  # made-up data, not a secret
    contents = world.snapshot()
    families = chance.choices(list(FAMILY_WEIGHTS), list(FAMILY_WEIGHTS.values()), k=count)
    return [
        Task(
            task_id=f"task-{number:04}",
            family=family,
            instruction=_write_instruction(family, contents, chance),
        )
        for number, family in enumerate(families, start=1)
    ]


def _write_instruction(family: str, contents: Snapshot, chance: random.Random) -> str:
    values = _draw_values(family, contents, chance)
    asked_as = family
    if family == UNKNOWN_CUSTOMER:
        asked_as = chance.choice(("latest_order", "open_orders", "reopen_ticket"))
        values["email"] = f"nobody{chance.randrange(1000, 10000)}@example.org"
    said = {name: values[name] for name in list_fields(asked_as)}
    return chance.choice(PHRASES[asked_as]).format(**said)


def _draw_values(family: str, contents: Snapshot, chance: random.Random) -> dict[str, Any]:
    """One value for everything that can be said; the order belongs to the customer."""
    order = chance.choice(contents.tables["orders"])
    (owner,) = (row for row in contents.tables["customers"] if row["customer_id"] == order["customer_id"])
    return {
        "order_id": order["order_id"],
        "email": owner["email"],
        "amount": chance.choice((5, 7.5, 10, 15, 20, 25)),
        "reason": chance.choice(REASONS.get(family, ("",))),
        "note": chance.choice(NOTES),
        "address": f"{chance.randrange(1, 90)} {chance.choice(STREETS)}, {chance.choice(CITIES)}",
        "name": chance.choice(FIRST_NAMES),
    }
