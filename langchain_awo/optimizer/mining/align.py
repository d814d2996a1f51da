"""Which recorded calls a step makes, parameters given as the recorded agent would have given them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from langchain_awo.model.ir.binding import Binding, Constant, Frame, Output, Parameter, list_leaves, resolve
from langchain_awo.model.ir.metatool import MetaTool, Step
from langchain_awo.model.text.encoding import same
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.dataflow.unify import fit_args, solve_map
from langchain_awo.optimizer.mining.occurrences import Occurrence, predict_calls

_INDEX: Final = re.compile(r"/-?\d+(?=/|$)")

LOOKED_AT: Final = 40
"""Places that are needed to judge whether two steps ask the same."""


def align(step: Step, each: Occurrence) -> dict[str, dict[str, JSONValue]]:
    """Keys and arguments of the calls a step would make in an occurrence.

    A step with parameters makes no call where the recorded agent never gave them: nobody else could.
    """
    if not has_parameters(step):
        return predict_calls(step, each.frame)
    calls = (call for call in each.followers if call.tool == step.tool)
    if step.over:
        found = solve_map(step, calls, each.frame, each.knows)
    else:
        fitting = (fit_args(step, call.args, each.frame) for call in calls)
        found = next(
            (each_ for each_ in fitting if each_ is not None and all(map(each.knows, each_.values()))), None
        )
    if found is None:
        return {}
    return predict_calls(step, replace(each.frame, parameters={**each.frame.parameters, **found}))


def advance(number: int, step: Step, each: Occurrence) -> None:
    """Takes a step as done: puts its recorded outputs into the frame and takes what it explains off the followers."""
    made = align(step, each)
    hits = {call.key: call for call in each.followers if call.key in made}
    outputs = [hits[key].output for key in made if key in hits]
    if outputs:
        each.frame.outputs[number] = outputs if step.over else outputs[0]
    if not step.over and hits:
        each.frame.arguments[number] = next(iter(hits.values())).args
    if not step.effect.is_read and hits:
        each.look_ahead([*each.done, *hits])
        return
    each.done |= hits.keys()
    each.followers = [call for call in each.followers if call.key not in hits]


def asks_again(step: Step, routine: MetaTool, occurrences: Sequence[Occurrence]) -> bool:
    """Whether a step only narrows or repeats what another of the same tool asks for: all orders, and the open ones of them."""
    others = [other for other in routine.steps if other.tool == step.tool]
    if any(other.over and _takes_from(step, other.over.source) for other in others):
        return True
    singles = [other for other in others if not other.over]
    places = [(each.frame, made) for each in occurrences[:LOOKED_AT] if (made := align(step, each))]
    flowing = [name for name, binding in step.args.items() if not isinstance(binding, Constant)]
    again = sum(
        any(_asks_for(other, calls, flowing, frame) for other in singles)
        for frame, made in places
        for calls in [list(made.values())]
    )
    return bool(places) and again * 2 >= len(places)


def _takes_from(step: Step, mapped: Binding) -> bool:
    """Whether a step takes each element of a list that is mapped already, or the one at a position of it."""
    if step.over:
        return step.over.source == mapped
    return any(
        isinstance(leaf, Output)
        and isinstance(mapped, Output)
        and leaf.step == mapped.step
        and _INDEX.sub("/*", leaf.path).startswith(mapped.path)
        and leaf.path != _INDEX.sub("/*", leaf.path)
        for binding in step.args.values()
        for leaf in list_leaves(binding)
    )


def _asks_for(
    other: Step, calls: Sequence[Mapping[str, JSONValue]], names: Sequence[str], frame: Frame
) -> bool:
    """Whether a step has asked what all of some calls ask, as far as their arguments flow."""
    return all(
        name in other.args and same(resolve(other.args[name], frame), call.get(name))
        for call in calls
        for name in names
    )


def has_parameters(step: Step) -> bool:
    """Whether a caller must give something for the step."""
    return any(isinstance(leaf, Parameter) for binding in step.args.values() for leaf in list_leaves(binding))
