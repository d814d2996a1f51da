"""Descriptions of meta-tools: what one is for and what comes back, then when not to use it; what it calls is in the metadata."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from langchain_awo.model.ir.binding import Argument, Constant, Output
from langchain_awo.model.ir.guard import list_conditions
from langchain_awo.model.ir.metatool import Condition, MetaTool, Step
from langchain_awo.model.text.encoding import dumps
from langchain_awo.optimizer.selection.titles import (
    ACTS,
    extract_action,
    find_subject,
    goes_through,
    is_first_only,
    is_means,
    lets_in,
    list_objects,
    writes_of,
)
from langchain_awo.optimizer.selection.words import extract_object, pluralize, singularize, split_name

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

ASKED: Final = 3
"""Parameters that a description names; with more it goes by the arguments of its first step."""

TESTS: Final = {
    "given": "is there",
    "empty": "is empty",
    "nonempty": "is not empty",
    "equals": "is",
    "one_of": "is one of",
    "at_least": "is at least",
    "at_most": "is at most",
}


def describe(meta_tool: MetaTool) -> str:
    """What it is for and what comes back, then when not to use it; what it calls stands in the metadata."""
    writes = writes_of(meta_tool)
    if writes:
        return _describe_write(meta_tool, writes[-1])
    subject = find_subject(meta_tool)
    means = list(
        dict.fromkeys(
            " ".join(extract_object(step.tool)) for step in meta_tool.steps if is_means(step, meta_tool)
        )
    )
    noun = " ".join(extract_object(subject.tool))
    only = "" if means else f"If you only need the {noun}, call {subject.tool} directly."
    sentences = [
        f"Returns {_describe_subject(meta_tool)} in one call{_describe_lookup(meta_tool)}.",
        f"Takes care of the {' and '.join(means)}." if means and not lets_in(subject) else "",
        *_describe_limits(meta_tool),
        "It only reads data.",
        only,
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _describe_subject(meta_tool: MetaTool) -> str:
    subject = find_subject(meta_tool)
    if lets_in(subject):
        return "the login that later calls need"
    noun = " ".join(extract_object(subject.tool))
    if is_first_only(meta_tool) and not list_objects(meta_tool):
        return f"the first {singularize(noun)} that is found, in full,"
    if not list_objects(meta_tool) and any(map(goes_through, meta_tool.steps)):
        return f"{pluralize(noun)}, each in full,"
    return f"{_add_article(noun)}{_describe_objects(meta_tool)}"


def _add_article(noun: str) -> str:
    if noun == pluralize(noun):
        return noun
    sounds_like_you = noun.startswith(("eu", "one", "uni", "us"))
    return f"an {noun}" if noun[:1] in "aeiou" and not sounds_like_you else f"a {noun}"


def _describe_lookup(meta_tool: MetaTool) -> str:
    asked = [_spell_name(spec.name) for spec in meta_tool.parameters if spec.required]
    first = meta_tool.steps[0]
    if len(asked) > ASKED and all(spec.name in first.args for spec in meta_tool.parameters):
        return f", by the same arguments as {first.tool}"
    return f", looked up by {', '.join(asked)}" if asked else ""


def _describe_objects(meta_tool: MetaTool) -> str:
    objects = [" ".join(nouns) for nouns in list_objects(meta_tool)]
    if not objects:
        reads = [step for step in meta_tool.steps if not is_means(step, meta_tool)]
        return " in full" if len(reads) > 1 else ""
    named = objects[:NAMED] if len(objects) <= NAMED else [*objects[: NAMED - 1], "more"]
    noun = extract_object(find_subject(meta_tool).tool)[-1]
    whose = "their" if noun in PEOPLE or noun == pluralize(noun) else "its"
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f" with {whose} {listed}"


def _describe_limits(meta_tool: MetaTool) -> Iterator[str]:
    """What is always the same, where it says what is left out, as in `Tickets: status closed only.`."""
    for step in meta_tool.steps[1:]:
        words = [
            f"{_spell_name(name)} {binding.value}"
            for name, binding in step.args.items()
            if isinstance(binding, Constant) and isinstance(binding.value, str) and binding.value
        ]
        if words:
            yield f"{' '.join(extract_object(step.tool)).capitalize()}: {', '.join(words)} only."


def _describe_write(meta_tool: MetaTool, write: Step) -> str:
    first = meta_tool.steps[0]
    if write is first:
        objects = " and ".join(" ".join(nouns) for nouns in list_objects(meta_tool))
        return f"Calls {write.tool}, then returns {objects or 'what it made in full'}. Changes data."
    conditions = (
        [_describe_condition(condition, meta_tool) for condition in list_conditions(write.guard)]
        if write.guard
        else []
    )
    only = (
        f", only if {' and '.join(conditions)}; otherwise it changes nothing and says why"
        if conditions
        else ""
    )
    checked = " and ".join(
        dict.fromkeys(" ".join(extract_object(step.tool)) for step in meta_tool.steps[:-1])
    )
    sentences = [
        f"{_describe_act(write, first)}{only}.",
        f"Reads the {checked}, then calls {write.tool}. Changes data.",
    ]
    if first.effect.is_read:
        sentences.append(
            f"If you only need the {' '.join(extract_object(first.tool))}, call {first.tool} directly."
        )
    return " ".join(sentences)


def _describe_act(write: Step, first: Step) -> str:
    """`Issues a refund for an order`, or `Calls` and the tool where its name has no verb and object."""
    verb, *rest = extract_action(write.tool)
    if verb not in ACTS or not rest:
        return f"Calls {write.tool}"
    subject = extract_object(first.tool)
    behind = (
        ""
        if singularize(subject[-1]) in map(singularize, rest)
        else f" for {_add_article(' '.join(subject))}"
    )
    return f"{_conjugate(verb).capitalize()} {_add_article(' '.join(rest))}{behind}"


def _conjugate(verb: str) -> str:
    return pluralize(f"{verb} ".strip()) if not verb.endswith("s") or verb.endswith("ss") else f"{verb}es"


def _describe_condition(condition: Condition, meta_tool: MetaTool) -> str:
    """A condition in words: `the order's status is "delivered"`."""
    source = condition.source
    fields = [part for part in str(getattr(source, "path", "")).split("/") if part and not part.isdigit()]
    field = _spell_name(fields[-1]) if fields else ""
    if isinstance(source, Output | Argument):
        noun = " ".join(extract_object(meta_tool.steps[source.step - 1].tool))
        field = f"the {noun}'s {field}" if field else f"the {noun}"
    value = condition.value
    shown = ", ".join(map(dumps, value)) if isinstance(value, list) else dumps(value)
    says_value = condition.test in ("equals", "one_of", "at_least", "at_most")
    return f"{field or 'it'} {TESTS[condition.test]}" + (f" {shown}" if says_value else "")


def _spell_name(name: str) -> str:
    return " ".join(split_name(name)) or name
