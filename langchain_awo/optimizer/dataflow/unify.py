"""Does a recorded call fit a step? Bindings are resolved, parameters are solved for.

The same `resolve` serves execution; here the recorded arguments are given and the unknowns are the meta-tool's
parameters. A binding that does not resolve to the recorded value does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from langchain_awo.model.ir.binding import (
    Binding,
    Frame,
    ListOf,
    ObjectOf,
    Parameter,
    Template,
    Transform,
    list_leaves,
    resolve,
)
from langchain_awo.model.ir.mapping import list_items
from langchain_awo.model.ir.metatool import Step
from langchain_awo.model.ir.pointer import MISSING, look_up
from langchain_awo.model.text.encoding import same
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.log.corpus import Call

Solution: TypeAlias = dict[str, JSONValue]
"""Values of parameters by name."""


def fit_args(step: Step, args: Mapping[str, JSONValue], frame: Frame) -> Solution | None:
    """The parameters under which a step makes a recorded call, or `None` if it never does."""
    solution: Solution = {}
    if not args.keys() <= step.args.keys():
        return None
    for name, binding in step.args.items():
        value = args.get(name, MISSING)
        if value is MISSING:
            if not _may_be_absent(binding, frame, optional=name in step.optional):
                return None
        elif not fit(binding, value, frame, solution):
            return None
    return solution


def fit(binding: Binding, value: JSONValue, frame: Frame, solution: Solution) -> bool:
    """Whether a binding can have a value; what that says about parameters goes into the solution."""
    match binding:
        case Parameter(name=name, path="") if name not in frame.parameters:
            known = solution.setdefault(name, value)
            return same(known, value)
        case ObjectOf(members=members):
            return isinstance(value, dict) and _fit_members(members, value, frame, solution)
        case ListOf(elements=elements):
            sized = isinstance(value, list) and len(value) == len(elements)
            return sized and all(fit(e, v, frame, solution) for e, v in zip(elements, value, strict=True))
        case Template(prefix=prefix, source=Parameter() as source, suffix=suffix):
            framed = isinstance(value, str) and value.startswith(prefix) and value.endswith(suffix)
            return framed and fit(source, value[len(prefix) : len(value) - len(suffix)], frame, solution)
        case _:
            return same(resolve(binding, frame), value)


def solve_map(
    step: Step, calls: Iterable[Call], frame: Frame, knows: Callable[[JSONValue], bool]
) -> Solution | None:
    """The parameters that a mapped step shares among its items, from the first recorded call that fits an item."""
    name, path, items = _list_nameable(step, frame)
    for call in calls:
        for item in items:
            found = fit_args(step, call.args, replace(frame, item=item))
            if found is not None and name:
                found[name] = look_up(item, path)
            if found is not None and all(knows(value) for value in found.values()):
                return found
    return None


def _list_nameable(step: Step, frame: Frame) -> tuple[str, str, list[JSONValue]]:
    """The parameter by which a caller names the items that are meant, if it is open yet, where they say it, and the items."""
    if step.over is None:
        return "", "", []
    kept = step.over.filter
    if kept is None or kept.named is None or kept.named.name in frame.parameters:
        return "", "", list_items(step, step.over, frame) or []
    return kept.named.name, kept.path, list_items(step, replace(step.over, filter=None), frame) or []


def is_open(binding: Binding, frame: Frame) -> bool:
    """Whether a binding still depends on a parameter that has no value."""
    return any(
        isinstance(leaf, Parameter) and leaf.name not in frame.parameters for leaf in list_leaves(binding)
    )


def _fit_members(
    members: Mapping[str, Binding], value: dict[str, JSONValue], frame: Frame, solution: Solution
) -> bool:
    if not value.keys() <= members.keys():
        return False
    for key, member in members.items():
        if key in value:
            if not fit(member, value[key], frame, solution):
                return False
        elif resolve(member, frame) is not MISSING:
            return False
    return True


def _may_be_absent(binding: Binding, frame: Frame, *, optional: bool) -> bool:
    if not optional:
        return False
    return isinstance(binding, Parameter | Transform) or resolve(binding, frame) is MISSING
