"""The agent of the back office: how it understands an instruction, and its habits."""

from __future__ import annotations

import hashlib
import random
from typing import Final

from langchain_awo.demo.agent.policy import Assignment, Habits, build_policy
from langchain_awo.demo.agent.recipes import OFFICE, choose_recipe
from langchain_awo.demo.agent.wants import Recipe
from langchain_awo.demo.backoffice.phrasebook import understand

_AT_A_LOSS: Final = Recipe(
    lambda _: "I can look after orders, deliveries, refunds and tickets. What do you need?"
)


def assign(instruction: str) -> Assignment:
    """What the agent makes of an instruction."""
    request = understand(instruction)
    if request is None:
        return Assignment(_AT_A_LOSS)
    swapped, habits = habits_of(instruction)
    return Assignment(choose_recipe(request, swapped=swapped), request.said, habits)


def habits_of(instruction: str) -> tuple[bool, Habits]:
    """Whether independent reads are done in the other order, and the habits; fixed, so that runs can be repeated."""
    chance = random.Random(hashlib.sha256(instruction.encode()).digest())  # noqa: S311  # not a secret
    swapped = chance.random() < 0.5  # noqa: PLR2004  # even odds
    return swapped, Habits(
        parallel=chance.random() < 0.15,  # noqa: PLR2004  # mostly one call a turn, as ReAct agents do
        slips=chance.random() < 0.04,  # noqa: PLR2004  # rare
        rereads=chance.random() < 0.08,  # noqa: PLR2004  # rare
        style=chance.randrange(1000),
    )


back_office_policy: Final = build_policy(assign, OFFICE)
"""The next turn of the agent, from the messages and the tools."""
