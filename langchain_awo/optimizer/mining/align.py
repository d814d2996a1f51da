"""Which recorded calls a step makes, parameters given as the recorded agent would have given them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from langchain_awo.model.binding import Constant, Frame, Parameter, leaves, resolve
from langchain_awo.model.guard import guard_holds
from langchain_awo.model.metatool import MetaTool, Step
from langchain_awo.model.trace import JSONValue
from langchain_awo.optimizer.dataflow.unify import fit_args, same, solve_map
from langchain_awo.optimizer.mining.occurrences import Occurrence, predict_calls

LOOKED_AT: Final = 40
"""Places that are enough to tell whether two steps ask the same."""


def align(step: Step, each: Occurrence) -> dict[str, dict[str, JSONValue]]:
    """Keys and arguments of the calls a step would make in an occurrence.

    A step with parameters makes no call where the recorded agent never gave them: nobody else could.
    """
    if step.guard and not guard_holds(step.guard, each.frame):
        return {}
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
    numbers = [
        number
        for number, other in enumerate(routine.steps, start=1)
        if other.tool == step.tool and (other.over and other.over.source) == (step.over and step.over.source)
    ]
    if not numbers:
        return False
    if step.over:
        return True
    places = [each for each in occurrences[:LOOKED_AT] if align(step, each)]
    known = [routine.steps[number - 1] for number in numbers]
    again = sum(any(_ask_the_same(step, other, each.frame) for other in known) for each in places)
    return bool(places) and again * 2 >= len(places)


def _ask_the_same(step: Step, other: Step, frame: Frame) -> bool:
    flowing = {name: binding for name, binding in step.args.items() if not isinstance(binding, Constant)}
    return flowing.keys() <= other.args.keys() and all(
        same(resolve(other.args[name], frame), resolve(binding, frame)) for name, binding in flowing.items()
    )


def has_parameters(step: Step) -> bool:
    """Whether a caller must give something for the step."""
    return any(isinstance(leaf, Parameter) for binding in step.args.values() for leaf in leaves(binding))
