"""Gives parameters that only a number tells apart names that say what they are for.

before::

    find_customer_with_orders(email, status?, status_2?)    list_orders(status=$status)  search_tickets(status=$status_2)

after::

    find_customer_with_orders(email, status?, tickets_status?)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from langchain_awo.model.ir.binding import Binding, Parameter, leaves, rename
from langchain_awo.model.ir.metatool import MetaTool, Step

_NUMBERED = re.compile(r"(.+)_\d+")


def with_telling_parameters(meta_tool: MetaTool) -> MetaTool:
    """The same meta-tool; parameters whose names end in a number are called after the tool they are for."""
    names: dict[str, str] = {}
    taken = {spec.name for spec in meta_tool.parameters}
    for spec in meta_tool.parameters:
        better = _better(spec.name, meta_tool)
        if better and better not in taken:
            names[spec.name] = better
            taken.add(better)
    return renamed(meta_tool, names) if names else meta_tool


def _better(name: str, meta_tool: MetaTool) -> str:
    numbered = _NUMBERED.fullmatch(name)
    if not numbered:
        return ""
    for step in meta_tool.steps:
        if any(leaf == Parameter(name=name) for binding in step.bindings for leaf in leaves(binding)):
            noun = re.sub(r"\W+", "_", step.tool.rsplit(".", 1)[-1]).split("_", 1)[-1]
            return f"{noun}_{numbered[1]}"
    return ""


def renamed(meta_tool: MetaTool, names: Mapping[str, str]) -> MetaTool:
    """The same meta-tool; parameters that are not in `names` keep theirs."""
    parameters = tuple(replace(spec, name=names.get(spec.name, spec.name)) for spec in meta_tool.parameters)
    steps = tuple(_renamed_step(step, names) for step in meta_tool.steps)
    return replace(meta_tool, steps=steps, parameters=parameters)


def _renamed_step(step: Step, names: Mapping[str, str]) -> Step:
    args: dict[str, Binding] = {name: rename(binding, names) for name, binding in step.args.items()}
    over = step.over and replace(step.over, source=rename(step.over.source, names))
    guard = step.guard and step.guard.mapped(lambda source: rename(source, names))
    return replace(step, args=args, over=over, guard=guard)
