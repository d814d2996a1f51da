"""Names and descriptions a model would pick, in the style of the original tools; no model is needed to make them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Final

from langchain_awo.model.binding import Constant, Item, Parameter, leaves, uses_item
from langchain_awo.model.description import runs_line
from langchain_awo.model.encoding import dumps
from langchain_awo.model.metatool import Guard, MetaTool, ParameterSpec, Step
from langchain_awo.model.trace import JSONValue
from langchain_awo.optimizer.corpus import CHARACTERS_PER_TOKEN, Corpus
from langchain_awo.optimizer.parameters import with_telling_parameters
from langchain_awo.optimizer.shapes import argument_schema

MAX_NAME: Final = 60
"""Providers allow 64 characters."""

MAX_WORDS: Final = 30
"""Of these, for what tells a name from another."""


_JOINTS: Final = frozenset({"by", "for", "from", "of"})


def name_all(meta_tools: Iterable[MetaTool], corpus: Corpus) -> list[MetaTool]:
    """The same meta-tools with names, descriptions and parameter schemas; names differ from each other and all tools."""
    named: dict[str, MetaTool] = {}
    for meta_tool in map(with_telling_parameters, meta_tools):
        free = (name for name in _names(meta_tool, list(named.values())) if name not in named)
        name = next(name for name in free if name not in corpus.specs)
        described = replace(meta_tool, name=name, parameters=tuple(_parameters(meta_tool, corpus)))
        named[name] = replace(described, description=describe(described))
    return list(named.values())


def _names(meta_tool: MetaTool, others: Sequence[MetaTool]) -> Iterator[str]:
    """The base name, then the same with words that no other of that name can have, a number if nothing else does."""
    base = base_name(meta_tool)
    yield base
    rivals = [other for other in others if base_name(other) == base]
    for told in (_further_objects, _given, _continued, _fixed, _repeated):
        own = told(meta_tool)
        if own and own not in map(told, rivals):
            yield f"{base[: MAX_NAME - len(own) - 1].rstrip('_')}_{own}"
    yield from (f"{_clip(base)}_{number}" for number in count(2))


def _further_objects(meta_tool: MetaTool) -> str:
    objects = [_object(_bare(step.tool)) for step in meta_tool.steps[1:] if step.effect.is_read]
    return "_".join(_distinct(objects, _object(_bare(meta_tool.steps[0].tool)))[3:])[:MAX_WORDS]


def _given(meta_tool: MetaTool) -> str:
    required = [spec.name for spec in meta_tool.parameters if spec.required]
    return f"by_{_bare(required[0])}"[:MAX_WORDS] if required else ""


def _continued(meta_tool: MetaTool) -> str:
    return "continued" if meta_tool.mode == "continue" else ""


def _fixed(meta_tool: MetaTool) -> str:
    """Constants that are words, such as the state of the tickets that are looked for."""
    values = [b.value for step in meta_tool.steps for b in step.args.values() if isinstance(b, Constant)]
    words = [value for value in values if isinstance(value, str) and re.fullmatch(r"[a-z]{3,12}", value)]
    return "_".join(list(dict.fromkeys(words))[:2])


def _repeated(meta_tool: MetaTool) -> str:
    """The object of a tool that is called by two steps."""
    tools = [step.tool for step in meta_tool.steps]
    again = [tool for i, tool in enumerate(tools) if tool in tools[:i]]
    return f"and_more_{_object(_bare(again[0]))}"[:MAX_WORDS] if again else ""


def base_name(meta_tool: MetaTool) -> str:
    """The first tool, what is read besides, and what is done, such as `find_customer_with_orders_and_send_email`.

    A batch of one tool is called after it, `get_order_batch`, and independent lookups after their objects, `look_up_order_product`.
    """
    if meta_tool.gathers:
        return _clip(
            "_".join(["look_up", *_distinct([_object(_bare(step.tool)) for step in meta_tool.steps], "")])
        )
    first = _bare(meta_tool.steps[0].tool)
    rest = meta_tool.steps[1:]
    objects = _distinct([_object(_bare(step.tool)) for step in rest if step.effect.is_read], _object(first))
    actions = _distinct([_bare(step.tool) for step in rest if not step.effect.is_read], "")
    if not objects and not actions:
        return _clip(f"{first}_batch" if meta_tool.steps[0].over else f"{first}_and_again")
    reads = f"{first}_with_{'_'.join(objects[:3])}" if objects else first
    return _clip("_and_".join([reads, *actions[:2]]))


def _distinct(words: Iterable[str], known: str) -> list[str]:
    """Words without those that only differ in number from one before."""
    kept: dict[str, str] = {}
    for word in words:
        kept.setdefault(word.rstrip("s"), word)
    return [word for stem, word in kept.items() if stem != known.rstrip("s")]


def describe(meta_tool: MetaTool) -> str:
    """What it does, what it returns and when not to use it, in as few words as a careful model needs."""
    lines = [
        runs_line(meta_tool),
        *(_condition(step) for step in meta_tool.steps if step.guard),
        *_constants(meta_tool),
        f"Returns every result. {_when(meta_tool)}",
    ]
    return "\n".join(line for line in lines if line)


def _when(meta_tool: MetaTool) -> str:
    if meta_tool.gathers:
        return "For several lookups of which none needs the result of another."
    return f"Not for {meta_tool.steps[0].tool} alone."


def schema_tokens(meta_tool: MetaTool) -> int:
    """What the schema of a named meta-tool adds to a prompt, estimated."""
    shown = {"name": meta_tool.name, "description": meta_tool.description}
    parameters = {spec.name: spec.schema for spec in meta_tool.parameters}
    return len(dumps([shown, parameters])) // CHARACTERS_PER_TOKEN


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
        asked_for = [step.tool for step in meta_tool.steps if _is_flag(spec.name, step.guard)]
        if asked_for:
            yield replace(spec, schema=_flag_schema(asked_for))
        else:
            yield replace(spec, schema=_schema(meta_tool, spec.name, corpus))


def _is_flag(parameter: str, guard: Guard | None) -> bool:
    return guard == Guard(source=Parameter(name=parameter), test="equals", value=True)


def _flag_schema(tools: Iterable[str]) -> dict[str, JSONValue]:
    return {"type": "boolean", "description": f"Also run {' and '.join(tools)}.", "default": False}


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
    about = {"type": "array", "maxItems": step.over.limit if step.over else 1}
    if whole:
        items = argument_schema(corpus, step.tool, whole[0])
        return {**about, "items": items, "description": f"The {whole[0]} of each call of {step.tool}."}
    opened = {name: argument_schema(corpus, step.tool, name) for name, b in step.args.items() if uses_item(b)}
    required = [name for name in opened if name not in step.optional]
    items = {"type": "object", "properties": opened, "required": required}
    return {**about, "items": items, "description": f"The arguments of each call of {step.tool}."}


def _bare(tool: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", tool.rsplit(".", 1)[-1]).strip("_") or "tool"


def _object(name: str) -> str:
    """A tool's name without its verb and what it goes by.

    >>> [_object(name) for name in ("get_order_details", "get_order_by_id", "loans_of", "search")]
    ['order_details', 'order', 'loans', 'search']
    """
    words = name.split("_")
    joint = next((place for place, word in enumerate(words) if place and word in _JOINTS), len(words))
    return "_".join(words[1:joint] or words[:joint])


def _clip(name: str) -> str:
    return name if len(name) <= MAX_NAME else name[:MAX_NAME].rsplit("_", 1)[0]
