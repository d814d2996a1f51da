"""Names and descriptions as a person would write them: a verb and an object, and first of all what comes back.

before::

    1  find_customer(email=$email)  2  list_orders(customer_id=#1/id)  3  get_shipment(order_id=#2/orders/*/id)

after::

    get_customer_orders_and_shipments(email)
        Returns a customer with orders and shipments, looked up by email. Reads only, changes nothing.
        If you only need the customer, call find_customer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Final

from langchain_awo.model.ir.binding import Constant, Parameter, leaves
from langchain_awo.model.ir.metatool import Guard, MetaTool, ParameterSpec, Step
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.views.notation import format_guard
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.log.fillers import Fillers, fillers_of
from langchain_awo.optimizer.log.signatures import argument_schema
from langchain_awo.optimizer.selection.parameters import with_telling_parameters
from langchain_awo.optimizer.selection.words import VERBS, goes_by, object_of, plural, singular, words_of

MAX_NAME: Final = 60
"""Characters; providers allow 64."""

MAX_WORDS: Final = 5
"""Words of a name."""

PEOPLE: Final = frozenset(
    [
        "user",
        "customer",
        "client",
        "person",
        "employee",
        "patient",
        "member",
        "contact",
        "guest",
        "student",
        "teacher",
        "driver",
        "owner",
        "passenger",
    ]
)
NAMED: Final = 4
"""Objects that a description names."""


def name_all(meta_tools: Iterable[MetaTool], corpus: Corpus) -> list[MetaTool]:
    """The same meta-tools with names, descriptions and parameter schemas; names differ from each other and all tools."""
    named: dict[str, MetaTool] = {}
    meant = fillers_of(corpus)
    for meta_tool in map(with_telling_parameters, meta_tools):
        name = next(name for name in _names(meta_tool) if name not in named and name not in corpus.specs)
        described = replace(meta_tool, name=name, parameters=tuple(_parameters(meta_tool, corpus, meant)))
        named[name] = replace(described, description=describe(described))
    return list(named.values())


def base_name(meta_tool: MetaTool) -> str:
    """The name without what tells it from others of that name."""
    return next(_names(meta_tool))


def _names(meta_tool: MetaTool) -> Iterator[str]:
    """The base name, then with what it goes by, then with its last object, then numbered."""
    base = _write_name(meta_tool) if _writes(meta_tool) else _read_name(meta_tool)
    yield _clip(base)
    anchor = meta_tool.steps[0]
    by = goes_by(anchor.tool, (spec.name for spec in meta_tool.parameters))
    if by and len(base) < MAX_WORDS:
        yield _clip([*base[: MAX_WORDS - 2], "by", by])
    for nouns in _objects(meta_tool):
        yield _clip([*base[: MAX_WORDS - 1], nouns[-1]])
    yield from (f"{_clip(base)}_{number}" for number in count(2))


def _read_name(meta_tool: MetaTool) -> list[str]:
    anchor = [singular(word) for word in object_of(meta_tool.steps[0].tool)]
    others = _objects(meta_tool)
    if not others and not any(step.over for step in meta_tool.steps):
        return ["look", "up", *anchor[-2:]]
    if not others:
        return ["get", *[*anchor[:-1], plural(anchor[-1])][-2:], "in", "full"]
    if len(others) == 1:
        name = ["get", *anchor, *others[0]]
        return name if len(name) <= MAX_WORDS else ["get", anchor[-1], *others[0][-2:]]
    if len(others) == 2:  # noqa: PLR2004  # two can still be named
        name = ["get", *anchor, *others[0], "and", *others[1]]
        return name if len(name) <= MAX_WORDS else ["get", anchor[-1], others[0][-1], "and", others[1][-1]]
    return ["get", *anchor[-2:], "overview"]


def _write_name(meta_tool: MetaTool) -> list[str]:
    """After its write, with the state that it asks for: `refund_delivered_order`."""
    step = _writes(meta_tool)[-1]
    words = words_of(step.tool) or ["tool"]
    if words[0] not in VERBS:
        return [*words[: MAX_WORDS - 2], "after", object_of(meta_tool.steps[0].tool)[-1]]
    verb, *rest = words
    if step is meta_tool.steps[0]:
        others = _objects(meta_tool)
        return [verb, *rest, *(["with", others[0][-1]] if others else ["in", "full"])][:MAX_WORDS]
    state = _state(step.guard)
    return [verb, *([state] if state else ["checked"]), *rest][:MAX_WORDS]


def _state(guard: Guard | None) -> str:
    value = guard.value if guard and guard.test == "equals" else None
    return value.lower() if isinstance(value, str) and value.isalpha() else ""


def _writes(meta_tool: MetaTool) -> list[Step]:
    return [step for step in meta_tool.steps if not step.effect.is_read]


def _objects(meta_tool: MetaTool) -> list[list[str]]:
    """What the later reads are about, each once, in the plural where there are several; without the anchor's own."""
    anchor = singular(object_of(meta_tool.steps[0].tool)[-1])
    found: dict[str, list[str]] = {}
    for step in meta_tool.steps[1:]:
        if step.effect.is_read:
            *front, noun = object_of(step.tool)
            if singular(noun) != anchor:
                form = plural(noun) if step.over else noun
                found.setdefault(singular(noun), [*front, form])
    return list(found.values())


def describe(meta_tool: MetaTool) -> str:
    """What it is for and what comes back, then when not to use it; what it calls stands in the metadata."""
    writes = _writes(meta_tool)
    anchor = meta_tool.steps[0].tool
    if writes:
        return _describe_write(meta_tool, writes[-1])
    noun = " ".join(object_of(anchor))
    one = noun if noun == plural(noun) else f"{_article(noun)} {noun}"
    asked = ", ".join(_spoken(spec.name) for spec in meta_tool.parameters if spec.required)
    by = f", looked up by {asked}" if asked else ""
    return " ".join(
        [
            f"Returns {one} {_together(meta_tool)} in one call{by}.",
            *_limits(meta_tool),
            "Reads only, changes nothing.",
            f"If you only need the {noun}, call {anchor}.",
        ]
    )


def _article(noun: str) -> str:
    sounds_like_you = noun.startswith(("eu", "one", "uni", "us"))
    return "an" if noun[:1] in "aeiou" and not sounds_like_you else "a"


def _describe_write(meta_tool: MetaTool, write: Step) -> str:
    if write is meta_tool.steps[0]:
        return f"Calls {write.tool}, then returns {_objects_of(meta_tool) or 'what it made in full'}. Changes data."
    condition = f" if {format_guard(write.guard)}" if write.guard else ""
    checked = " and ".join(dict.fromkeys(" ".join(object_of(each.tool)) for each in meta_tool.steps[:-1]))
    return (
        f"Calls {write.tool}{condition}, after reading {checked}. Changes data; "
        "otherwise it changes nothing and says why."
    )


def _objects_of(meta_tool: MetaTool) -> str:
    return " and ".join(" ".join(nouns) for nouns in _objects(meta_tool))


def _together(meta_tool: MetaTool) -> str:
    objects = [" ".join(nouns) for nouns in _objects(meta_tool)]
    if not objects:
        return "with every item in full"
    named = objects[:NAMED] if len(objects) <= NAMED else [*objects[: NAMED - 1], "more"]
    anchor = object_of(meta_tool.steps[0].tool)[-1]
    whose = "their" if anchor in PEOPLE or anchor == plural(anchor) else "its"
    return (
        f"with {whose} {named[0]}"
        if len(named) == 1
        else f"with {whose} {', '.join(named[:-1])} and {named[-1]}"
    )


def _limits(meta_tool: MetaTool) -> Iterator[str]:
    """What is always the same, where it says what is left out, as in `Tickets: status closed only.`."""
    for step in meta_tool.steps[1:]:
        words = [
            f"{_spoken(name)} {binding.value}"
            for name, binding in step.args.items()
            if isinstance(binding, Constant) and isinstance(binding.value, str) and binding.value
        ]
        if words:
            yield f"{' '.join(object_of(step.tool)).capitalize()}: {', '.join(words)} only."


def _spoken(name: str) -> str:
    return " ".join(words_of(name)) or name


def _parameters(meta_tool: MetaTool, corpus: Corpus, meant: Fillers) -> Iterable[ParameterSpec]:
    for spec in meta_tool.parameters:
        schema = _schema(meta_tool, spec.name, corpus)
        values = () if spec.required else _meant(meta_tool, spec.name, meant)
        yield replace(spec, schema=schema, meant=values)


def _meant(meta_tool: MetaTool, parameter: str, meant: Fillers) -> tuple[JSONValue, ...]:
    found = {
        text: value
        for place in _arguments(meta_tool, parameter)
        for text, value in meant.get(place, {}).items()
    }
    return tuple(found[text] for text in sorted(found))


def _arguments(meta_tool: MetaTool, parameter: str) -> Iterator[tuple[str, str]]:
    """The arguments that a parameter goes to, with their tools."""
    for step in meta_tool.steps:
        for argument, binding in step.args.items():
            if any(leaf == Parameter(name=parameter) for leaf in leaves(binding)):
                yield step.tool, argument


def _schema(meta_tool: MetaTool, parameter: str, corpus: Corpus) -> dict[str, JSONValue]:
    """The schema that the first tool to take the parameter has for it."""
    first = next(_arguments(meta_tool, parameter), None)
    return argument_schema(corpus, *first) if first else {}


def _clip(words: Sequence[str]) -> str:
    """The words as a name that providers accept; what is written in other letters is left out."""
    said = [plain for word in words if (plain := re.sub(r"[^A-Za-z0-9-]+", "", word))]
    name = "_".join(said) if len(said) > 1 else "routine"
    return name if len(name) <= MAX_NAME else name[:MAX_NAME].rsplit("_", 1)[0]
