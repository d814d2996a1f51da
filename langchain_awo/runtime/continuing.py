"""Continue mode: after the model's own anchor call, the eager steps of a routine are run unasked.

An eager step is a read that is bound to what exists by then. Nothing else is run: no write, no protected tool,
nothing that asks a person, nothing that the conversation already holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from langchain_awo.model.binding import Constant, Item, Parameter, Template, leaves
from langchain_awo.model.effect import Effect
from langchain_awo.model.encoding import dumps, to_json
from langchain_awo.model.metatool import Map, MetaTool, Step
from langchain_awo.model.trace import JSONValue
from langchain_awo.runtime.conversation import FETCHED, Held

NOTE: Final = "Fetched along with it, complete and up to date; there is no need to call these again."
"""What the model is told of results it did not ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A continuation that applies to a call.

    Attributes:
        meta_tool: the anchor, with the arguments it was called with, and the eager steps.
        parameters: those that the anchor's arguments tell.
    """

    meta_tool: MetaTool
    parameters: dict[str, JSONValue]


def eager_part(meta_tool: MetaTool, forbidden: frozenset[str] = frozenset()) -> MetaTool | None:
    """The anchor and the steps to run after it, or `None` if there are none.

    Args:
        meta_tool: the whole routine.
        forbidden: tools that are never run unasked; steps that depend on them are left out too.
    """
    anchor = meta_tool.steps[0]
    if not anchor.effect.is_read:
        return None
    kept = {1}
    for number, step in enumerate(meta_tool.steps[1:], start=2):
        allowed = step.eager and step.effect.is_read and step.tool not in forbidden
        if allowed and step.depends_on <= kept:
            kept.add(number)
    if len(kept) == 1:
        return None
    numbers = {old: new for new, old in enumerate(sorted(kept), start=1)}
    steps = tuple(meta_tool.steps[old - 1].renumbered(numbers) for old in sorted(kept))
    return replace(meta_tool, steps=steps)


def start_of(eager: MetaTool, tool: str, args: Mapping[str, JSONValue]) -> Start | None:
    """How a routine goes on after a call, or `None` if the call is not one that it begins with."""
    anchor = eager.steps[0]
    if anchor.tool != tool or not _fits(anchor, args):
        return None
    fixed: dict[str, Any] = {name: Constant(value=value) for name, value in args.items()}
    over = Map(source=Constant(value=[None])) if anchor.over else None
    first = Step(tool=tool, args=fixed, over=over, effect=Effect.READ)
    return Start(
        meta_tool=replace(eager, steps=(first, *eager.steps[1:])), parameters=_parameters(anchor, args)
    )


def with_fetched(content: Any, fetched: list[Held], *, characters: int) -> Any:
    """The anchor's answer with what was fetched below it, as far as there is room; the same kind of content.

    It stays one answer to one call: providers refuse tool results without a call of the model's own, and some
    refuse calls that the model did not sign.
    """
    steps: list[dict[str, JSONValue]] = []
    for number, each in enumerate(fetched, start=2):
        step = {"step": number, "tool": each.tool, "args": each.args, "output": each.output}
        characters -= len(dumps(step))
        if characters < 0:
            break
        steps.append(step)
    if not steps:
        return content
    text = dumps({"note": NOTE, "steps": steps})
    return f"{content}\n\n{text}" if isinstance(content, str) else [*content, {"type": "text", "text": text}]


def fetched_data(fetched: list[Held]) -> dict[str, JSONValue]:
    """What a message keeps of them, so that the model is served from it if it asks anyway."""
    return {
        FETCHED: [
            {
                "tool": each.tool,
                "args": each.args,
                "content": to_json(each.content),
                "artifact": to_json(each.artifact),
            }
            for each in fetched
        ]
    }


def _fits(anchor: Step, args: Mapping[str, JSONValue]) -> bool:
    if not args.keys() <= anchor.args.keys():
        return False
    for name, binding in anchor.args.items():
        if name not in args:
            if name not in anchor.optional:
                return False
        elif (isinstance(binding, Constant) and dumps(binding.value) != dumps(args[name])) or (
            isinstance(binding, Template) and not _inside(binding, args[name])
        ):
            return False
    return True


def _inside(binding: Template, value: JSONValue) -> bool:
    long_enough = isinstance(value, str) and len(value) > len(binding.prefix) + len(binding.suffix)
    return long_enough and value.startswith(binding.prefix) and value.endswith(binding.suffix)


def _parameters(anchor: Step, args: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    """The parameters that can be read off the arguments."""
    known: dict[str, JSONValue] = {}
    for name, binding in anchor.args.items():
        if name not in args or any(isinstance(leaf, Item) for leaf in leaves(binding)):
            continue
        match binding:
            case Parameter(name=parameter, path=""):
                known[parameter] = args[name]
            case Template(prefix=prefix, source=Parameter(name=parameter, path=""), suffix=suffix):
                known[parameter] = args[name].removeprefix(prefix).removesuffix(suffix)
    return known
