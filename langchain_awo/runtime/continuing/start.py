"""Continue mode: after the model's own anchor call, the eager steps of a routine are run unasked.

An eager step is a read that is bound to what exists by then. Nothing else is run: no write, no protected tool,
nothing that asks a person, nothing that was read already and is still true, and nothing beside a call that may change something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_awo.model.ir.binding import Constant, Item, Parameter, Template, list_leaves
from langchain_awo.model.ir.metatool import Map, MetaTool, Step
from langchain_awo.model.ir.telling import fit_steps
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.handback import Entry, tell_fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A continuation that applies to a call.

    Attributes:
        meta_tool: the anchor, with the arguments it was called with, and the eager steps.
        parameters: those that the anchor's arguments tell.
    """

    meta_tool: MetaTool
    parameters: dict[str, JSONValue]


def start_of(eager: MetaTool, tool: str, args: Mapping[str, JSONValue]) -> Start | None:
    """How a routine goes on after a call, or `None` if the call is not one that it begins with."""
    anchor = eager.steps[0]
    if anchor.tool != tool or not _fits(anchor, args):
        return None
    fixed: dict[str, Any] = {name: Constant(value=value) for name, value in args.items()}
    over = Map(source=Constant(value=[dict(args)])) if anchor.over else None
    first = Step(tool=tool, args=fixed, over=over, effect=Effect.READ)
    return Start(
        meta_tool=replace(eager, steps=(first, *eager.steps[1:])), parameters=_infer_parameters(anchor, args)
    )


def with_fetched(content: Any, entries: Sequence[Entry], *, characters: int) -> Any:
    """The anchor's answer with what was fetched below it, as far as there is room; the same kind of content.

    It stays one answer to one call: providers refuse tool results without a call of the model's own, and some
    refuse calls that the model did not sign.
    """
    steps = fit_steps(entries, characters=characters)
    if not steps:
        return content
    text = tell_fetched(steps)
    return f"{content}\n\n{text}" if isinstance(content, str) else [*content, {"type": "text", "text": text}]


def _fits(anchor: Step, args: Mapping[str, JSONValue]) -> bool:
    if not args.keys() <= anchor.args.keys():
        return False
    for name, binding in anchor.args.items():
        if name not in args:
            if name not in anchor.optional:
                return False
        elif (isinstance(binding, Constant) and dumps(binding.value) != dumps(args[name])) or (
            isinstance(binding, Template) and not _is_inside(binding, args[name])
        ):
            return False
    return True


def _is_inside(binding: Template, value: JSONValue) -> bool:
    long_enough = isinstance(value, str) and len(value) > len(binding.prefix) + len(binding.suffix)
    return long_enough and value.startswith(binding.prefix) and value.endswith(binding.suffix)


def _infer_parameters(anchor: Step, args: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    """The parameters that can be read off the arguments."""
    parameters: dict[str, JSONValue] = {}
    for name, binding in anchor.args.items():
        if name not in args or any(isinstance(leaf, Item) for leaf in list_leaves(binding)):
            continue
        match binding:
            case Parameter(name=parameter, path=""):
                parameters[parameter] = args[name]
            case Template(prefix=prefix, source=Parameter(name=parameter, path=""), suffix=suffix):
                parameters[parameter] = args[name].removeprefix(prefix).removesuffix(suffix)
    return parameters
