"""Whether a plan could be run at all: what its types alone do not say. Nothing is executed."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import Any, Final

from langchain_awo.model.ir.binding import (
    Argument,
    Binding,
    Item,
    Output,
    Parameter,
    iterate_parts,
    list_leaves,
)
from langchain_awo.model.ir.metatool import Filter, MetaTool, Step, ToolkitPlan
from langchain_awo.model.ir.pointer import split, unescape
from langchain_awo.model.ir.projection import tells_outcome

MAX_META_TOOLS: Final = 1_000
MAX_STEPS: Final = 64
MAX_ITEMS: Final = 1_000
MAX_TEXT: Final = 50_000
MAX_DEPTH: Final = 30
"""Bounds that no compiled toolkit comes near; a plan beyond them was not made by this package."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def check_plan(plan: ToolkitPlan) -> str:
    """The first thing that is wrong with a plan, named with its fix, or `""`."""
    if (count := len(plan.meta_tools) + len(plan.rejected)) > MAX_META_TOOLS:
        return f"{count} meta-tools; at most {MAX_META_TOOLS} are read"
    if too_long := _find_excess(plan, 0):
        return too_long
    names: set[str] = set()
    for meta_tool in (*plan.meta_tools, *plan.rejected):
        if meta_tool.name in names:
            return f"two meta-tools are called {meta_tool.name!r}; rename one"
        if meta_tool.name in plan.tools:
            return f"the meta-tool {meta_tool.name!r} has the name of a tool; rename it"
        names.add(meta_tool.name)
        if problem := check_meta_tool(meta_tool) or _check_tools(meta_tool, plan):
            return f"meta-tool {meta_tool.name!r}: {problem}"
    return ""


def check_meta_tool(meta_tool: MetaTool) -> str:
    """The first thing that is wrong with a meta-tool, or `""`."""
    if not _NAME.fullmatch(meta_tool.name):
        return "its name may only have ASCII letters, digits, '_' and '-', at most 64, or providers refuse it; rename it"
    if not meta_tool.steps:
        return "it has no steps"
    if len(meta_tool.steps) > MAX_STEPS:
        return f"it has {len(meta_tool.steps)} steps; at most {MAX_STEPS} are run"
    parameters = [spec.name for spec in meta_tool.parameters]
    if len(set(parameters)) < len(parameters):
        return "two of its parameters have one name"
    for number, step in enumerate(meta_tool.steps, start=1):
        if problem := _check_step(number, step, meta_tool):
            return f"step {number} ({step.tool[:80]}): {problem}"
    if unknown := sorted(set(meta_tool.approval) - set(meta_tool.tools)):
        return f"it asks for approval of {unknown[0][:80]!r}, which it does not call"
    return ""


def _check_tools(meta_tool: MetaTool, plan: ToolkitPlan) -> str:
    for name in meta_tool.tools:
        if name not in plan.tools:
            return f"it calls {name!r}, whose signature is not in the plan's tools; compile again"
    return ""


def _check_step(number: int, step: Step, meta_tool: MetaTool) -> str:
    if step.over and not 1 <= step.over.limit <= MAX_ITEMS:
        return f"a map may run for 1 to {MAX_ITEMS} items, not {step.over.limit}"
    unknown = sorted(set(step.optional) - set(step.args))
    if unknown:
        return f"{unknown[0]!r} is said to be optional and is not bound"
    outside = [binding for binding in step.bindings if binding not in step.args.values()]
    if any(isinstance(leaf, Item) for binding in outside for leaf in list_leaves(binding)):
        return "an item exists only in the arguments of a mapped step"
    for binding in step.bindings:
        for part in iterate_parts(binding):
            if problem := _check_part(part, number, step, meta_tool):
                return problem
    if step.over and step.over.filter and (problem := _check_filter(step.over.filter)):
        return problem
    return _check_hidden(step)


def _check_filter(kept: Filter) -> str:
    if kept.named is not None and kept.values:
        return "its filter has values and a name; one of them says which items are meant"
    return _check_pointer(kept.path)


def _check_hidden(step: Step) -> str:
    if len(step.hide) > MAX_ITEMS:
        return f"it hides {len(step.hide):,} places of its output; at most {MAX_ITEMS:,} are read"
    for place in step.hide:
        if problem := _check_pointer(place):
            return problem
        if not place:
            return "it hides its whole output; name places in it"
        if tells_outcome(place):
            return f"it hides {place[:80]!r}, which says how a call went; show it"
    return ""


def _check_part(part: Binding, number: int, step: Step, meta_tool: MetaTool) -> str:
    if isinstance(part, Output | Argument | Item | Parameter) and (problem := _check_pointer(part.path)):
        return problem
    match part:
        case Parameter(name=name) if name not in {spec.name for spec in meta_tool.parameters}:
            return f"it uses the parameter {name!r}, which the meta-tool does not have"
        case Output(step=source) | Argument(step=source) if not 1 <= source < number:
            return f"it uses step {source}, which is not an earlier step"
        case Argument(step=source) if meta_tool.steps[source - 1].over:
            return f"it uses the arguments of step {source}, which is mapped and has several"
        case Argument(step=source, path=path) if (names := split(path)) and not names[0].startswith("*"):
            return _check_argument(names[0], source, meta_tool)
        case Item() if step.over is None:
            return "it uses an item but is not mapped"
    return ""


def _check_argument(segment: str, source: int, meta_tool: MetaTool) -> str:
    name = unescape(segment)
    bound = meta_tool.steps[source - 1].args
    return (
        "" if name in bound else f"it uses the argument {name!r} of step {source}, which is not bound there"
    )


def _check_pointer(path: str) -> str:
    try:
        return "" if len(split(path)) <= MAX_DEPTH else f"the path {path[:80]!r} is too deep"
    except ValueError as error:
        return str(error)


def _find_excess(value: Any, depth: int) -> str:
    """Whether there is an over-long text or an over-deep value anywhere in a plan."""
    if isinstance(value, str):
        return (
            ""
            if len(value) <= MAX_TEXT
            else f"a text of {len(value):,} characters; at most {MAX_TEXT:,} are read"
        )
    if depth > MAX_DEPTH + 20:
        return "values are nested too deeply"
    if is_dataclass(value) and not isinstance(value, type):
        children: list[Any] = [getattr(value, attribute.name) for attribute in fields(value)]
    elif isinstance(value, dict):
        children = [*value, *value.values()]
    else:
        children = list(value) if isinstance(value, list | tuple) else []
    return next((problem for child in children if (problem := _find_excess(child, depth + 1))), "")
