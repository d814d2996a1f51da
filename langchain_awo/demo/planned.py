"""A stand-in for an LLM that knows which calls a task takes, and makes them one by one.

Every turn is decided from the messages alone: what was done, whoever did it, what came of it, and what is left to do. Tools it does
not know it judges by their descriptions; see `langchain_awo.demo.planned_offers`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from langchain_awo.demo.memory import Call, Done, Memory, read_memory
from langchain_awo.demo.planned_offers import best_offer
from langchain_awo.model.pointer import MISSING, expand, lookup
from langchain_awo.testing import ask_tools
from langchain_awo.testing.scripted import Policy


@dataclass(frozen=True, slots=True)
class From:
    """A place in what an earlier intent brought; with `*` in the path it stands for every such place.

    Attributes:
        of: number of the intent, counted from the start of the plan or, if negative, back from the intent that asks.
    """

    of: int
    path: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the agent picks out of what the intents so far brought; `MISSING` while it cannot tell."""

    pick: Callable[[Sequence[Any]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A call that a task takes, or one call for each place that an argument stands for.

    Attributes:
        action: what descriptions of tools may call it besides the tool's name.
        optional: it only looks around; left out once something later was done.
        reads: it changes nothing, so that others may be done before it.
    """

    tool: str
    args: Mapping[str, Any] = field(default_factory=dict)
    action: str = ""
    optional: bool = False
    reads: bool = False

    @property
    def names(self) -> frozenset[str]:
        """What a description may call it."""
        return frozenset({self.tool, self.action or self.tool})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a task takes, and what to say in the end, made of what the intents brought."""

    intents: Sequence[Intent]
    answer: Callable[[Sequence[Any]], str]


Planner: TypeAlias = Callable[[str], Plan]
"""From the user's words to a plan."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an intent has come.

    Attributes:
        left: the calls it still takes; `None` while its arguments are not known.
        brought: its output, a list of them for an intent of several calls, `MISSING` as long as it is not done.
    """

    intent: Intent
    left: tuple[Call, ...] | None
    brought: Any = MISSING

    def known(self, argument: str) -> list[Any]:
        """The values of an argument in the calls that are left, as far as they are known."""
        if self.left is not None:
            return [call.args[argument] for call in self.left if argument in call.args]
        value = self.intent.args.get(argument, MISSING)
        return [] if value is MISSING or isinstance(value, From | Chosen) else [value]


def planned_policy(planner: Planner, tools: Sequence[str], *, reading: Container[str] = ()) -> Policy:
    """The policy of an agent.

    Args:
        planner: what it knows of its tasks.
        tools: names of its own tools.
        reading: names of those that only read.
    """
    own = frozenset(tools)

    def policy(messages: Sequence[BaseMessage], offered: Sequence[dict[str, Any]]) -> AIMessage:
        words = next(message.text for message in messages if isinstance(message, HumanMessage))
        plan, memory = planner(words), read_memory(messages, own)
        progress = progress_of(plan, memory)
        left = left_to_do(progress)
        if not left:
            return AIMessage(plan.answer([each.brought for each in progress]))
        unknown = [tool["function"] for tool in offered if tool["function"]["name"] not in own]
        call = best_offer(left, unknown, memory, reading) or (left[0].left or ())[0]
        if failed := memory.failure(call):
            return AIMessage(f"That could not be done. {failed}")
        return ask_tools((call.tool, dict(call.args)))

    return policy


def progress_of(plan: Plan, memory: Memory) -> list[Progress]:
    """How far each intent has come; of equal calls each one counts for one intent only."""
    progress: list[Progress] = []
    used: list[Done] = []
    for intent in plan.intents:
        calls = calls_of(intent, [each.brought for each in progress])
        found = [_first_unused(call, memory, used) for call in calls or ()]
        done = [past for past in found if past is not None]
        used += done
        left = (
            None if calls is None else tuple(c for c, past in zip(calls, found, strict=True) if past is None)
        )
        outputs = [past.output for past in done]
        brought = MISSING if left is None or left else outputs if is_several(intent) else outputs[0]
        progress.append(Progress(intent, left, brought))
    return progress


def _first_unused(call: Call, memory: Memory, used: Sequence[Done]) -> Done | None:
    return next((past for past in memory.outputs(call) if not any(past is other for other in used)), None)


def left_to_do(progress: Sequence[Progress]) -> list[Progress]:
    """The intents that are not done, in order, without looks around that were passed by."""
    last = max((number for number, each in enumerate(progress) if each.brought is not MISSING), default=-1)
    return [
        each
        for number, each in enumerate(progress)
        if each.brought is MISSING and not (each.intent.optional and number < last)
    ]


def calls_of(intent: Intent, brought: Sequence[Any]) -> list[Call] | None:
    """The calls an intent takes, given what those before it brought; `None` while that is not known."""
    values = {name: _value(argument, brought) for name, argument in intent.args.items()}
    if any(value is MISSING for value in values.values()):
        return None
    if not is_several(intent):
        return [Call(intent.tool, values)]
    several = next(name for name, argument in intent.args.items() if _is_list(argument))
    return [Call(intent.tool, {**values, several: each}) for each in values[several]]


def is_several(intent: Intent) -> bool:
    """Whether it is done once for each of several places."""
    return any(_is_list(argument) for argument in intent.args.values())


def _is_list(argument: Any) -> bool:
    return isinstance(argument, From) and "*" in argument.path


def _value(argument: Any, brought: Sequence[Any]) -> Any:
    if isinstance(argument, Chosen):
        return argument.pick(brought)
    if not isinstance(argument, From):
        return argument
    number = argument.of if argument.of >= 0 else len(brought) + argument.of
    output = brought[number] if 0 <= number < len(brought) else MISSING
    if output is MISSING:
        return MISSING
    return expand(output, argument.path) if "*" in argument.path else lookup(output, argument.path)
