"""How people ask the back office for things, and how an agent understands them.

One table serves both sides: tasks are written from it, and the stand-in for an LLM reads them with it.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    "where_is_order": (
        "Where is order {order_id}, and when will it arrive?",
        "A customer is on the phone and asks for the whereabouts of {order_id}.",
        "Please check the delivery of order {order_id}.",
    ),
    "latest_order": (
        "{email} asks what became of their latest order.",
        "Look up the most recent order of {email} and tell me how far it is.",
    ),
    "open_orders": (
        "Give me the status of all open orders of {email}.",
        "Which orders of {email} are not finished yet? I need the details of each.",
    ),
    "order_history": (
        "I need the complete order history of {email}, with what was in each order.",
        "List everything {email} ever ordered, with all lines.",
    ),
    "refund_damaged": (
        'Order {order_id} of {email} arrived in bad shape: "{reason}". If it was delivered, refund it in full, open a ticket and write to the customer.',
        'Please refund {order_id} ({email}) if it has been delivered, with a ticket and an e-mail. The customer says: "{reason}".',
    ),
    "reopen_ticket": (
        'Reopen the oldest closed ticket of {email} and note in it: "{note}".',
        '{email} called again about their closed ticket. Open it again (the oldest one) and add the note "{note}".',
    ),
    "stock_check": (
        "Do we have everything that is in order {order_id} in stock?",
        "Check the stock of each product in {order_id}.",
    ),
    "move_orders": (
        'Customer {email} has moved to "{address}". Send every order that is still in processing there and confirm by e-mail.',
        'New address for {email}: "{address}". Change the orders in processing and let them know by e-mail.',
    ),
    "cancel_order": (
        'Cancel order {order_id} if it is still in processing, and tell {email}. Reason: "{reason}".',
        '{email} wants to get rid of {order_id} because of "{reason}". If it is in processing, cancel it and write to them.',
    ),
    "goodwill": (
        'Have a look at the orders and tickets of {email}, then give them {amount} euros of credit for "{reason}" and write to them.',
    ),
    "small_talk": (
        "Hello, are you there? This is {name}.",
        "Thank you, that was all for today. Regards, {name}",
        "What can you help me with? {name} here.",
    ),
}
"""By family, the ways to ask; what is in braces is what the person says."""

FIELDS: Final[Mapping[str, str]] = {
    "email": r"[\w.+-]+@[\w.-]+\w",
    "order_id": r"O-\d+",
    "amount": r"\d+(?:\.\d+)?",
    "reason": r"[^\"]+",
    "note": r"[^\"]+",
    "address": r"[^\"]+",
    "name": r"\w+",
}


@dataclass(frozen=True, slots=True)
class UserRequest:
    """What a person wants.

    Attributes:
        family: a key of `PHRASES`.
        said: the values in the instruction, by field.
    """

    family: str
    said: Mapping[str, Any]


def list_fields(family: str) -> tuple[str, ...]:
    """What a person has to say in a request of this family, in alphabetical order."""
    names = {name for phrase in PHRASES[family] for _, name, _, _ in string.Formatter().parse(phrase) if name}
    return tuple(sorted(names))


def understand(instruction: str) -> UserRequest | None:
    """What an instruction asks for, or `None` if it is nothing the back office does.

    >>> understand("Check the stock of each product in O-20001.")
    UserRequest(family='stock_check', said={'order_id': 'O-20001'})
    """
    for family, pattern in _compile_patterns():
        if found := pattern.fullmatch(instruction.strip()):
            said = found.groupdict()
            return UserRequest(family, {name: _parse_value(name, text) for name, text in said.items()})
    return None


def _parse_value(name: str, text: str) -> Any:
    return json.loads(text) if name == "amount" else text


@cache
def _compile_patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(family, _compile_pattern(phrase)) for family, phrases in PHRASES.items() for phrase in phrases]


def _compile_pattern(phrase: str) -> re.Pattern[str]:
    parts = (
        re.escape(text) + (f"(?P<{name}>{FIELDS[name]})" if name else "")
        for text, name, _, _ in string.Formatter().parse(phrase)
    )
    return re.compile("".join(parts))
