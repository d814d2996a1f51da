"""Names and descriptions a model would pick, in the style of the original tools; no model is needed to make them."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import replace
from typing import Final

from langchain_awo.model.binding import Binding, Constant, Item, Parameter, leaves
from langchain_awo.model.description import runs_line
from langchain_awo.model.encoding import dumps
from langchain_awo.model.metatool import Guard, MetaTool, ParameterSpec, Step
from langchain_awo.model.trace import JSONValue
from langchain_awo.optimizer.corpus import Corpus
from langchain_awo.optimizer.shapes import argument_schema

MAX_NAME: Final = 60
"""Providers allow 64 characters."""


def name_all(meta_tools: Iterable[MetaTool], corpus: Corpus) -> list[MetaTool]:
    """The same meta-tools with names, descriptions and parameter schemas; names differ from each other and all tools."""
    taken = set(corpus.specs)
    named = []
    for meta_tool in meta_tools:
        name = _free(base_name(meta_tool), taken)
        taken.add(name)
        described = replace(meta_tool, name=name, parameters=tuple(_parameters(meta_tool, corpus)))
        named.append(replace(described, description=describe(described)))
    return named


def base_name(meta_tool: MetaTool) -> str:
    """The first tool and what the further steps are about, such as `find_user_with_orders`.

    A batch of one tool is called after it: `get_order_batch`.
    """
    first, *rest = (_bare(tool) for tool in meta_tool.tools)
    if not rest:
        return _clip(f"{first}_batch")
    verbs = {step.tool: step.effect.is_read for step in meta_tool.steps}
    objects = [_object(_bare(tool)) if verbs[tool] else _bare(tool) for tool in meta_tool.tools[1:]]
    joined = "_and_".join(dict.fromkeys(each for each in objects[:2] if each))
    more = "_and_more" if len(objects) > 2 else ""  # noqa: PLR2004  # two say what it is about
    return _clip(f"{first}_with_{joined}{more}" if joined else f"{first}_chain")


def describe(meta_tool: MetaTool) -> str:
    """What it does, what it returns and when not to use it, with everything a careful model wants to know."""
    lines = [
        f"Does in one call what would take several: {_sentence(meta_tool)}.",
        runs_line(meta_tool),
        *(_condition(step) for step in meta_tool.steps if step.guard),
        *_constants(meta_tool),
        "Returns the result of every call it made, in order; if a call fails it stops and says what was done.",
        f"Do not use it when only {meta_tool.steps[0].tool} is needed."
        if len(meta_tool.tools) > 1
        else f"Do not use it for a single call; use {meta_tool.steps[0].tool}.",
    ]
    return "\n".join(line for line in lines if line)


def _sentence(meta_tool: MetaTool) -> str:
    parts = [_phrase(step) for step in meta_tool.steps]
    return ", then ".join(parts)


def _phrase(step: Step) -> str:
    if step.over is None:
        return step.tool
    if isinstance(step.over.source, Parameter):
        return f"{step.tool} for each of {step.over.source.name}"
    return f"{step.tool} for each item found"


def _condition(step: Step) -> str:
    guard: Guard | None = step.guard
    if guard is None:
        return ""
    if isinstance(guard.source, Parameter):
        told = f"{guard.source.name} is true" if guard.value is True else f"{guard.source.name} is given"
        return f"{step.tool} is only run if {told}."
    return f"{step.tool} is only run if the earlier result allows it."


def _constants(meta_tool: MetaTool) -> Iterable[str]:
    for step in meta_tool.steps:
        fixed = [f"{name} {dumps(b.value)}" for name, b in step.args.items() if isinstance(b, Constant)]
        if fixed:
            yield f"{step.tool} is called with {', '.join(fixed)}."


def _parameters(meta_tool: MetaTool, corpus: Corpus) -> Iterable[ParameterSpec]:
    for spec in meta_tool.parameters:
        if spec.schema:
            yield replace(spec, schema=_flag_schema(meta_tool, spec))
        else:
            yield replace(spec, schema=_schema(meta_tool, spec.name, corpus))


def _flag_schema(meta_tool: MetaTool, spec: ParameterSpec) -> dict[str, JSONValue]:
    tools = [s.tool for s in meta_tool.steps if s.guard and s.guard.source == Parameter(name=spec.name)]
    return {**spec.schema, "description": f"Also run {' and '.join(tools)}.", "default": False}


def _schema(meta_tool: MetaTool, parameter: str, corpus: Corpus) -> dict[str, JSONValue]:
    for step in meta_tool.steps:
        if step.over and step.over.source == Parameter(name=parameter):
            return _list_schema(step, corpus)
        for argument, binding in step.args.items():
            if any(leaf == Parameter(name=parameter) for leaf in leaves(binding)):
                schema = argument_schema(corpus, step.tool, argument)
                return _told(schema, f"{argument} of {step.tool}", parameter != argument)
    return {}


def _told(schema: dict[str, JSONValue], origin: str, renamed: bool) -> dict[str, JSONValue]:  # noqa: FBT001  # private
    known = str(schema.get("description", ""))
    if known and not renamed:
        return schema
    return {**schema, "description": f"{known} ({origin})" if known else f"The {origin}."}


def _list_schema(step: Step, corpus: Corpus) -> dict[str, JSONValue]:
    whole = [name for name, binding in step.args.items() if binding == Item()]
    about = {"type": "array", "minItems": 1, "maxItems": step.over.limit if step.over else 1}
    if whole:
        items = argument_schema(corpus, step.tool, whole[0])
        return {**about, "items": items, "description": f"Each is the {whole[0]} of one call of {step.tool}."}
    opened = {name: argument_schema(corpus, step.tool, name) for name, b in step.args.items() if _is_item(b)}
    required = [name for name in opened if name not in step.optional]
    items = {"type": "object", "properties": opened, "required": required}
    return {**about, "items": items, "description": f"Each holds the arguments of one call of {step.tool}."}


def _is_item(binding: Binding) -> bool:
    return any(isinstance(leaf, Item) for leaf in leaves(binding))


def _bare(tool: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", tool.rsplit(".", 1)[-1]).strip("_") or "tool"


def _object(name: str) -> str:
    """A tool's name without its verb: `get_order_details` is about `order_details`."""
    return name.split("_", 1)[-1]


def _clip(name: str) -> str:
    return name if len(name) <= MAX_NAME else name[:MAX_NAME].rsplit("_", 1)[0]


def _free(name: str, taken: Container[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
