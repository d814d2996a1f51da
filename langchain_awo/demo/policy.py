"""The stand-in for an LLM: a function from the messages and the tools it is shown to the next turn.

It knows how to do the tasks with the original tools, one call at a time, and takes every next step from the
messages alone. Tools it does not know it judges by their descriptions; see `langchain_awo.demo.offers`.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from langchain_awo.demo.agenda import GapError, Todo, View
from langchain_awo.demo.memory import Call, read_memory
from langchain_awo.demo.offers import best_offer
from langchain_awo.demo.phrasebook import understand
from langchain_awo.demo.recipes import KNOWN_TOOLS, READING_TOOLS, WRITING_TOOLS, recipe_for
from langchain_awo.testing import ask_tools

AT_ONCE = 5
"""At most this many calls in one turn."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What varies from run to run with an LLM, here fixed by the instruction so that runs can be repeated.

    Attributes:
        swapped: does independent reads in the other order.
        parallel: asks for several reads in one turn.
        slips: leaves the letter off an order number at first.
        rereads: looks again before it writes.
        style: chooses between wordings.
    """

    swapped: bool
    parallel: bool
    slips: bool
    rereads: bool
    style: int

    @classmethod
    def of(cls, instruction: str) -> Self:
        """The habits of the run that an instruction starts."""
        chance = random.Random(hashlib.sha256(instruction.encode()).digest())  # noqa: S311  # not a secret
        return cls(
            swapped=chance.random() < 0.5,  # noqa: PLR2004  # even odds
            parallel=chance.random() < 0.15,  # noqa: PLR2004  # mostly one call a turn, as ReAct agents do
            slips=chance.random() < 0.04,  # noqa: PLR2004  # rare
            rereads=chance.random() < 0.08,  # noqa: PLR2004  # rare
            style=chance.randrange(1000),
        )


def back_office_policy(messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]) -> AIMessage:
    """The next turn of the agent."""
    instruction = next(
        (message.text for message in reversed(messages) if isinstance(message, HumanMessage)), ""
    )
    request = understand(instruction)
    if request is None:
        return AIMessage("I can look after orders, deliveries, refunds and tickets. What do you need?")
    habits = Habits.of(instruction)
    recipe = recipe_for(request, swapped=habits.swapped)
    view = View(recipe, request.said, read_memory(messages, KNOWN_TOOLS), habits.style)
    agenda = view.agenda()
    return _act(agenda, view, habits, tools) if agenda else AIMessage(_answer(view))


def _act(agenda: Sequence[Todo], view: View, habits: Habits, tools: Sequence[Mapping[str, Any]]) -> AIMessage:
    names = {tool["function"]["name"] for tool in tools}
    unknown = [tool for tool in tools if tool["function"]["name"] not in KNOWN_TOOLS]
    has_own = agenda[0].want.tool in names
    offer = best_offer(agenda, unknown, view, needed=not has_own)
    if offer:
        return _ask([offer.call])
    if not has_own:
        return AIMessage(f"I have no tool for the next step, {agenda[0].want.tool}.")
    return _ask(_own_calls(agenda[0], view, habits))


def _own_calls(todo: Todo, view: View, habits: Habits) -> list[Call]:
    calls = list(todo.calls or ())
    reads = todo.want.tool in READING_TOOLS
    if habits.slips and reads and (slip := _slip(calls[0])) and not view.memory.of(slip):
        return [slip]
    if habits.rereads and not reads and (again := _read_once(view)):
        return [again]
    return calls[:AT_ONCE] if habits.parallel and reads else calls[:1]


def _slip(call: Call) -> Call | None:
    """The same call with an order number as people write it, which the tool does not accept."""
    order_id = call.args.get("order_id")
    return Call(call.tool, {**call.args, "order_id": order_id.removeprefix("O-")}) if order_id else None


def _read_once(view: View) -> Call | None:
    """The last read, if nothing was written since and the agent made it itself, once."""
    past = view.memory.done[-1] if view.memory.done else None
    if past is None or not past.native or past.error or past.call.tool in WRITING_TOOLS:
        return None
    return past.call if len(view.memory.of(past.call)) == 1 and past.call.tool in READING_TOOLS else None


def _answer(view: View) -> str:
    failure = view.failure()
    if failure:
        return f"That could not be done. {failure}"
    try:
        return view.recipe.answer(view)
    except GapError:
        return "There is nothing there that this could be done with."


def _ask(calls: Sequence[Call]) -> AIMessage:
    return ask_tools(*((call.tool, dict(call.args)) for call in calls))
