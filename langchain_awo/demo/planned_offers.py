"""Whether to use a tool one has never seen for what is planned, going by nothing but its description and its parameters.

It is used if it begins with what is to be done next, serves at least two intents, does nothing that is not meant, and if what it wants
to be told is known. Steps that have to be asked for are asked for if they are meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from langchain_awo.demo.memory import Call, Memory

if TYPE_CHECKING:
    from langchain_awo.demo.planned import Progress

_RUNS: Final = re.compile(r"^Runs: (.+)\.$", re.MULTILINE)
_ONLY_IF: Final = re.compile(r"^(\S+) is only run if (\w+) is (true|given)\.$", re.MULTILINE)
_CALLED_WITH: Final = re.compile(r"^(\S+) is called with (.+)\.$", re.MULTILINE)
_ARGUMENT: Final = re.compile(r"\b(\w+) of (?:each call of )?(\S+?)[.)]*$")
_VALUE: Final = re.compile(r",?\s*(\w+) ")


@dataclass(frozen=True, slots=True)
class Said:
    """A step that a description names.

    Attributes:
        each: it is run for each of something.
        asked_by: the parameter without which it is not run, empty if it always is.
        constants: arguments that it always has.
    """

    name: str
    each: bool = False
    asked_by: str = ""
    constants: Mapping[str, Any] = field(default_factory=dict)


Pairs: TypeAlias = list[tuple[Said, "Progress"]]


def best_offer(
    left: Sequence[Progress],
    offered: Sequence[Mapping[str, Any]],
    memory: Memory,
    reading: Container[str] = (),
) -> Call | None:
    """The call of the unknown tool that serves most of what is left to do, if any serves at least two intents.

    Args:
        left: what is left to do, not empty.
        offered: the unknown tools, as OpenAI's functions.
        memory: what was done.
        reading: tools that only read, which an agent puts up with.
    """
    fits = [fit for function in offered if (fit := _fit(function, left, reading))]
    fresh = [(served, call) for served, call in fits if served > 1 and not memory.of(call)]
    return max(fresh, key=lambda fit: (fit[0], fit[1].tool), default=(0, None))[1]


def steps_said(description: str) -> list[Said]:
    r"""The steps that a description says are run, in order.

    >>> steps_said("Runs: login, then get_song for each.\nlogin is called with app \"music\".")[0].constants
    {'app': 'music'}
    """
    line = _RUNS.search(description)
    asked = {name: parameter for name, parameter, _ in _ONLY_IF.findall(description)}
    constants = {name: dict(_values(text)) for name, text in _CALLED_WITH.findall(description)}
    return [
        Said(name, each.endswith(" for each"), asked.get(name, ""), constants.get(name, {}))
        for each in (line[1].split(", then ") if line else [])
        if (name := each.removesuffix(" for each"))
    ]


def _values(text: str) -> Iterator[tuple[str, Any]]:
    while found := _VALUE.match(text):
        try:
            value, end = json.JSONDecoder().raw_decode(text, found.end())
        except ValueError:
            return
        yield found[1], value
        text = text[end:]


def _fit(
    function: Mapping[str, Any], left: Sequence[Progress], reading: Container[str]
) -> tuple[int, Call] | None:
    """How many intents a tool would serve, and how it would be called."""
    steps = steps_said(function.get("description", ""))
    pairs = _matched(steps, left)
    while pairs and pairs[0][0] is steps[0] and pairs[0][1] is left[0]:
        args = _arguments(function, pairs)
        if args is None:
            return None
        meant = _asked_for(pairs, args)
        if len(meant) == len(pairs):
            extra = [step for step in steps if not step.asked_by and all(step is not s for s, _ in pairs)]
            harmless = len(extra) < len(pairs) and all(step.name in reading for step in extra)
            return (len(pairs) - len(extra), Call(function["name"], args)) if harmless else None
        pairs = meant
    return None


def _asked_for(pairs: Pairs, args: Mapping[str, Any]) -> Pairs:
    """The pairs up to the first one whose step would not be run."""
    return list(takewhile(lambda pair: not pair[0].asked_by or pair[0].asked_by in args, pairs))


def _matched(steps: Sequence[Said], left: Sequence[Progress]) -> Pairs:
    """Which step does which intent, in order."""
    pairs: Pairs = []
    position = 0
    for step in steps:
        ahead = _next_of(step, left, position)
        if ahead is not None:
            pairs.append((step, left[ahead]))
            position = ahead + 1
    return pairs


def _next_of(step: Said, left: Sequence[Progress], position: int) -> int | None:
    for ahead in range(position, len(left)):
        intent = left[ahead].intent
        if step.name in intent.names and _fits(step, left[ahead]):
            return ahead
        if not (intent.optional or intent.reads):
            return None
    return None


def _fits(step: Said, progress: Progress) -> bool:
    args = progress.intent.args
    return all(args.get(name) == value for name, value in step.constants.items())


def _arguments(function: Mapping[str, Any], pairs: Pairs) -> dict[str, Any] | None:
    """What to call it with; `None` if something that it must be told is not known."""
    parameters = function.get("parameters", {})
    args: dict[str, Any] = {}
    for name, schema in parameters.get("properties", {}).items():
        values = [*_values_for(name, schema, pairs)]
        if values:
            args[name] = values if schema.get("type") == "array" else values[0]
        elif name in parameters.get("required", ()):
            return None
    return args


def _values_for(parameter: str, schema: Mapping[str, Any], pairs: Pairs) -> Iterator[Any]:
    if schema.get("type") == "boolean" and any(step.asked_by == parameter for step, _ in pairs):
        yield True
        return
    told = _ARGUMENT.search(schema.get("description", ""))
    for step, progress in pairs:
        if told and step.name == told[2]:
            yield from progress.known(told[1])
