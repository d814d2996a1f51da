"""Which recorded calls a step makes, parameters given as the recorded agent would have given them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from langchain_awo.model.ir.binding import Binding, Constant, Frame, Output, Parameter, list_leaves, resolve
from langchain_awo.model.ir.guard import list_conditions
from langchain_awo.model.ir.metatool import MetaTool, Step
from langchain_awo.model.text.encoding import same
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.dataflow.unify import fit_args, solve_map
from langchain_awo.optimizer.log.corpus import Call
from langchain_awo.optimizer.mining.occurrences import Occurrence, predict_calls

_INDEX: Final = re.compile(r"/-?\d+(?=/|$)")

LOOKED_AT: Final = 40
"""Places that are needed to judge whether two steps ask the same."""


def align(step: Step, occurrence: Occurrence) -> dict[str, dict[str, JSONValue]]:
    """Keys and arguments of the calls a step would make in an occurrence.

    A step with parameters makes no call where the recorded agent never gave them: nobody else could.
    """
    if not has_parameters(step):
        return predict_calls(step, occurrence.frame)
    calls = (call for call in list_calls(step, occurrence) if call.tool == step.tool)
    if step.over:
        parameters = solve_map(step, calls, occurrence.frame, occurrence.knows)
    else:
        fitting = (fit_args(step, call.args, occurrence.frame) for call in calls)
        parameters = next(
            (
                fitted
                for fitted in fitting
                if fitted is not None and all(map(occurrence.knows, fitted.values()))
            ),
            None,
        )
    if parameters is None:
        return {}
    return predict_calls(
        step, replace(occurrence.frame, parameters={**occurrence.frame.parameters, **parameters})
    )


def list_calls(step: Step, occurrence: Occurrence) -> list[Call]:
    """The recorded calls that could be those of a step: what follows, and for a lookup also what was asked for at the same time."""
    return [*occurrence.beside, *occurrence.followers] if step.is_lookup else occurrence.followers


def advance(number: int, step: Step, occurrence: Occurrence) -> None:
    """Takes a step as done: puts its recorded outputs into the frame and takes what it explains off the followers."""
    predicted = align(step, occurrence)
    hits = {call.key: call for call in list_calls(step, occurrence) if call.key in predicted}
    outputs = [hits[key].output for key in predicted if key in hits]
    if outputs:
        occurrence.frame.outputs[number] = outputs if step.over else outputs[0]
    if not step.over and hits:
        occurrence.frame.arguments[number] = next(iter(hits.values())).args
    if not step.effect.is_read and hits:
        occurrence.look_ahead([*occurrence.done, *hits])
        return
    occurrence.done |= hits.keys()
    occurrence.followers = [call for call in occurrence.followers if call.key not in hits]
    occurrence.beside = [call for call in occurrence.beside if call.key not in hits]


def asks_again(step: Step, routine: MetaTool, occurrences: Sequence[Occurrence]) -> bool:
    """Whether a step only narrows or repeats what another of the same tool asks for: all orders, and the open ones of them.

    Where the other found nothing, asking for more is no repetition.
    """
    unanswered = _list_unanswered(step)
    others = [
        sibling
        for number, sibling in enumerate(routine.steps, start=1)
        if sibling.tool == step.tool and number not in unanswered
    ]
    if any(sibling.over and _takes_from(step, sibling.over.source) for sibling in others):
        return True
    singles = [sibling for sibling in others if not sibling.over]
    places = [
        (occurrence.frame, predicted)
        for occurrence in occurrences[:LOOKED_AT]
        if (predicted := align(step, occurrence))
    ]
    flowing = [name for name, binding in step.args.items() if not isinstance(binding, Constant)]
    again = sum(
        any(_asks_for(single, calls, flowing, frame) for single in singles)
        for frame, predicted in places
        for calls in [list(predicted.values())]
    )
    return bool(places) and again * 2 >= len(places)


def _list_unanswered(step: Step) -> frozenset[int]:
    """The earlier steps that must have found nothing for a step to be made."""
    conditions = list_conditions(step.guard) if step.guard else ()
    return frozenset(
        each.source.step
        for each in conditions
        if each.test == "empty" and isinstance(each.source, Output) and not each.source.path
    )


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
    earlier: Step, calls: Sequence[Mapping[str, JSONValue]], names: Sequence[str], frame: Frame
) -> bool:
    """Whether a step has asked what all of some calls ask, as far as their arguments flow."""
    return all(
        name in earlier.args and same(resolve(earlier.args[name], frame), call.get(name))
        for call in calls
        for name in names
    )


def list_loose_lookups(routine: MetaTool, chosen: Collection[int]) -> set[int]:
    """The lookups after the first step that no other chosen step uses: calls that a model can make side by side.

    One without arguments belongs to what flows beside it.
    """
    used = {number for each in chosen for number in routine.steps[each - 1].depends_on}
    return {
        number
        for number in chosen
        if number > 1
        and number not in used
        and routine.steps[number - 1].is_lookup
        and (routine.steps[number - 1].args or not used)
    }


def has_parameters(step: Step) -> bool:
    """Whether a caller must give something for the step."""
    bindings = [*step.args.values(), *(step.over.bindings if step.over else ())]
    return any(isinstance(leaf, Parameter) for binding in bindings for leaf in list_leaves(binding))
