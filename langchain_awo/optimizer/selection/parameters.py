"""Gives parameters that only a number tells apart names that say what they are for.

before::

    find_customer_with_orders(email, status?, status_2?)    list_orders(status=$status)  search_tickets(status=$status_2)

after::

    find_customer_with_orders(email, status?, tickets_status?)

Of two calls of one tool the second is for the other: `get_distance(city, other_city)`. What an item is called by is the name of
what its tool is about: `get_order_product(order_id, product_name)`; what is looked up under a key, of what the tool that found it is about.
"""

from __future__ import annotations

import re
from typing import Final

from langchain_awo.model.ir.binding import Output, Parameter, list_leaves
from langchain_awo.model.ir.metatool import MetaTool, Step
from langchain_awo.model.ir.sameness import rename_parameters
from langchain_awo.optimizer.selection.words import extract_object, singularize

NAMES: Final = frozenset({"name", "title", "label", "subject"})
"""What things are called by, whatever they are."""

_NUMBERED = re.compile(r"(.+)_\d+")


def with_telling_parameters(meta_tool: MetaTool) -> MetaTool:
    """The same meta-tool; parameters whose names end in a number are called after the tool they are for."""
    names: dict[str, str] = {}
    taken = {spec.name for spec in meta_tool.parameters}
    for spec in meta_tool.parameters:
        better = _derive_better(spec.name, meta_tool)
        if better and better not in taken:
            names[spec.name] = better
            taken.add(better)
    return rename_parameters(meta_tool, names) if names else meta_tool


def _derive_better(name: str, meta_tool: MetaTool) -> str:
    bare = re.sub(r"_\d+$", "", name)
    if (step := _find_named(name, meta_tool)) and bare in NAMES:
        return f"{extract_object(step.tool)[0]}_{bare}"
    if step and bare == "value" and step.over and isinstance(step.over.source, Output):
        return "_".join(map(singularize, extract_object(meta_tool.steps[step.over.source.step - 1].tool)))
    numbered = _NUMBERED.fullmatch(name)
    if not numbered:
        return ""
    tool, plain = (_find_tool(each, meta_tool) for each in (name, numbered[1]))
    if tool == plain:
        return f"other_{numbered[1]}"
    noun = re.sub(r"\W+", "_", tool.rsplit(".", 1)[-1]).split("_", 1)[-1]
    return f"{noun}_{numbered[1]}" if noun else ""


def _find_named(parameter: str, meta_tool: MetaTool) -> Step | None:
    """The step for whose items a parameter is the name."""
    named = (
        step
        for step in meta_tool.steps
        if step.over and step.over.filter and step.over.filter.named == Parameter(name=parameter)
    )
    return next(named, None)


def _find_tool(parameter: str, meta_tool: MetaTool) -> str:
    """The tool of the first step that a parameter is for."""
    for step in meta_tool.steps:
        if any(
            leaf == Parameter(name=parameter) for binding in step.bindings for leaf in list_leaves(binding)
        ):
            return step.tool
    return ""
