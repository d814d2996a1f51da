"""The stand-in for an LLM: a function from the messages and the tools it is shown to the next turn.

It knows which calls a task takes and makes them one by one; every next step is taken from the messages alone: what was done, whoever did it,
what came of it, and what is left. Tools it does not know it judges by their descriptions; see `langchain_awo.demo.agent.offers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from langchain_awo.demo.agent.agenda import GapError, Todo, View
from langchain_awo.demo.agent.memory import AgentCall, read_memory
from langchain_awo.demo.agent.offers import Toolbox, choose_offer
from langchain_awo.demo.agent.wants import Recipe
from langchain_awo.testing import ask_tools
from langchain_awo.testing.scripted import Policy

AT_ONCE: Final = 5
"""At most this many calls in one turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What varies from run to run with an LLM.

    Attributes:
        parallel: asks for several reads in one turn.
        slips: leaves the letter off an order number at first.
        rereads: looks again before it writes.
        style: chooses between wordings.
    """

    parallel: bool = False
    slips: bool = False
    rereads: bool = False
    style: int = 0


@dataclass(frozen=True, slots=True)
class Assignment:
    """What an agent makes of an instruction.

    Attributes:
        said: the values in it, by name.
    """

    recipe: Recipe
    said: Mapping[str, Any] = field(default_factory=dict)
    habits: Habits = field(default_factory=Habits)


Planner: TypeAlias = Callable[[str], Assignment]
"""From the user's words to what they take."""


def build_policy(planner: Planner, own: Toolbox) -> Policy:
    """The policy of an agent.

    Args:
        planner: how it goes about its tasks.
        own: the tools it knows.
    """

    def policy(messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]) -> AIMessage:
        told = next((each.text for each in reversed(messages) if isinstance(each, HumanMessage)), "")
        task = planner(told)
        view = View(task.recipe, task.said, read_memory(messages, own.names), task.habits.style)
        agenda = view.agenda()
        return _act(agenda, view, task.habits, tools, own) if agenda else AIMessage(_write_answer(view))

    return policy


def _act(
    agenda: Sequence[Todo],
    view: View,
    habits: Habits,
    tools: Sequence[Mapping[str, Any]],
    own: Toolbox,
) -> AIMessage:
    names = {tool["function"]["name"] for tool in tools}
    unknown = [tool for tool in tools if tool["function"]["name"] not in own.names]
    if offer := choose_offer(agenda, unknown, view, own):
        return _ask([offer])
    if agenda[0].want.tool not in names:
        return AIMessage(f"I have no tool for the next step, {agenda[0].want.tool}.")
    return _ask(_choose_own_calls(agenda[0], view, habits, own))


def _choose_own_calls(todo: Todo, view: View, habits: Habits, own: Toolbox) -> list[AgentCall]:
    calls = list(todo.calls or ())
    reads = todo.want.tool in own.reads
    if habits.slips and reads and (slip := _make_slip(calls[0])) and not view.memory.of(slip):
        return [slip]
    if habits.rereads and not reads and (again := _read_once(view, own)):
        return [again]
    return calls[:AT_ONCE] if habits.parallel and reads else calls[:1]


def _make_slip(call: AgentCall) -> AgentCall | None:
    """The same call with an order number as people write it, which the tool does not accept."""
    order_id = call.args.get("order_id")
    return AgentCall(call.tool, {**call.args, "order_id": order_id.removeprefix("O-")}) if order_id else None


def _read_once(view: View, own: Toolbox) -> AgentCall | None:
    """The last read, if nothing was written since and the agent made it itself, once."""
    past = view.memory.done[-1] if view.memory.done else None
    if past is None or not past.native or past.error or past.call.tool in own.writes:
        return None
    return past.call if len(view.memory.of(past.call)) == 1 and past.call.tool in own.reads else None


def _write_answer(view: View) -> str:
    failure = view.failure()
    if failure:
        return f"That could not be done. {failure}"
    try:
        return view.recipe.answer(view)
    except GapError:
        return "There is nothing there that this could be done with."


def _ask(calls: Sequence[AgentCall]) -> AIMessage:
    return ask_tools(*((call.tool, dict(call.args)) for call in calls))
