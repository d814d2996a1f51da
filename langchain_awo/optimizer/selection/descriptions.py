"""Descriptions of meta-tools: what one is for and what comes back, then when not to use it; what it calls is in the metadata."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from langchain_awo.model.ir.binding import Argument, Constant, Output, list_leaves
from langchain_awo.model.ir.guard import list_conditions
from langchain_awo.model.ir.metatool import Condition, Filter, Map, MetaTool, Step
from langchain_awo.model.ir.pointer import split, unescape
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.phrasing import join_words
from langchain_awo.optimizer.selection.kinds import find_subject, goes_through, is_means, lets_in, writes_of
from langchain_awo.optimizer.selection.returned import (
    Returned,
    describe_position,
    extract_returned,
    list_returned,
)
from langchain_awo.optimizer.selection.titles import ACTS, extract_action, list_others
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

USUAL_LIMIT: Final = Map(source=Constant(value=[])).limit
"""Items of a list that a step goes through where nothing speaks for fewer."""

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
    has_means = any(is_means(step, meta_tool) for step in meta_tool.steps)
    noun = " ".join(extract_object(subject.tool))
    sentences = [
        f"Returns {_describe_subject(meta_tool)} in one call{_describe_lookup(meta_tool)}.",
        _describe_means(meta_tool) if has_means and not lets_in(subject) else "",
        *_describe_limits(meta_tool),
        *_describe_guards(meta_tool),
        "It only reads data.",
        "" if has_means else f"If you only need the {noun}, call {subject.tool} directly.",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _describe_means(meta_tool: MetaTool) -> str:
    """What it looks up only to get on, and of which of several that it makes use."""
    positions = {
        leaf.step: chosen
        for step in meta_tool.steps
        for binding in step.args.values()
        for leaf in list_leaves(binding)
        if isinstance(leaf, Output)
        and (chosen := describe_position(meta_tool.steps[leaf.step - 1], leaf.path)) is not None
    }
    means: dict[str, str] = {}
    for number, step in enumerate(meta_tool.steps, start=1):
        if is_means(step, meta_tool):
            chosen = positions.get(number)
            noun = " ".join(extract_object(step.tool))
            which = (
                f"{noun} (the first that is found)" if chosen and chosen.text.startswith("first ") else noun
            )
            means.setdefault(noun, f"the {which}")
    return f"Takes care of {join_words([*means.values()])}."


def _describe_subject(meta_tool: MetaTool) -> str:
    subject = find_subject(meta_tool)
    if lets_in(subject):
        return "the login that later calls need"
    details = [each for each in list_returned(meta_tool) if each.is_detail]
    if others := list_others(meta_tool):
        return _describe_with_others(meta_tool, details, others)
    noun = " ".join(extract_object(subject.tool))
    if chosen := next((each.of for each in details if each.of), None):
        return f"the {chosen.text}{' that is found' if chosen.is_position else ''}, in full,"
    if _is_each_in_full(meta_tool, details):
        return f"{pluralize(noun)}, each in full,"
    reads = {step.tool for step in meta_tool.steps if not is_means(step, meta_tool)}
    return f"{_add_article(noun)}{' in full' if len(reads) > 1 else ''}"


def _describe_with_others(
    meta_tool: MetaTool, details: Sequence[Returned], others: Sequence[Returned]
) -> str:
    """`a customer with their orders`, `mails with the first mail in full and its sender`, `products, each in full, with their variants`."""
    noun = " ".join(extract_object(find_subject(meta_tool).tool))
    some = [each for each in details if each.of]
    in_full = ", each in full," if _is_each_in_full(meta_tool, details) else ""
    told = pluralize(noun) if some or in_full else noun
    is_theirs = told == pluralize(noun) or noun.split()[-1] in PEOPLE
    return f"{_add_article(told)}{in_full}{_list_others([*some, *others], whose='their' if is_theirs else 'its')}"


def _is_each_in_full(meta_tool: MetaTool, details: Sequence[Returned]) -> bool:
    """Whether more of every item is returned that the subject lists."""
    own = singularize(extract_object(find_subject(meta_tool).tool)[-1])
    reads = (step for step in meta_tool.steps[1:] if singularize(extract_object(step.tool)[-1]) == own)
    return any(map(goes_through, reads)) and not any(each.of for each in details)


def _add_article(noun: str) -> str:
    if noun == pluralize(noun):
        return noun
    sounds_like_you = noun.startswith(("eu", "one", "uni", "us"))
    return f"an {noun}" if noun[:1] in "aeiou" and not sounds_like_you else f"a {noun}"


def _describe_lookup(meta_tool: MetaTool) -> str:
    asked = [_spell_name(spec.name) for spec in meta_tool.parameters if spec.required]
    first = meta_tool.steps[0]
    fixed = "" if is_means(first, meta_tool) else _describe_fixed(first)
    if len(asked) > ASKED and all(spec.name in first.args for spec in meta_tool.parameters):
        return f", by the same arguments as {first.tool}{fixed}"
    return f", looked up by {', '.join(asked)}{fixed}" if asked else ""


def _describe_fixed(step: Step) -> str:
    """What a caller cannot choose: `, always with min price 0 and min rating 0`."""
    words = [
        f"{_spell_name(name)} {binding.value if isinstance(binding.value, str) else dumps(binding.value)}".strip()
        for name, binding in step.args.items()
        if isinstance(binding, Constant) and not isinstance(binding.value, list | dict)
    ]
    return f", always with {join_words(words)}" if words else ""


def _list_others(others: Sequence[Returned], *, whose: str) -> str:
    """`with its orders, tickets and the shipment of the first order`; what is of one item only is always told."""
    whole = [str(each) for each in others if not each.of]
    some = list(_tell_chosen([each for each in others if each.of]))
    named = whole if len(whole) <= NAMED else [*whole[: NAMED - 1], "more"]
    return f" with {join_words([*([f'{whose} {named[0]}'] if named else []), *named[1:], *some])}"


def _tell_chosen(others: Sequence[Returned]) -> Iterator[str]:
    """Each chosen item once, with all that is returned of it: `the first order (with its shipment)`, `the name and age of the owner`."""
    for text in dict.fromkeys(each.of.text for each in others if each.of):
        same = [each for each in others if each.of and each.of.text == text]
        items = [str(each) for each in same if each.is_item]
        nouns = [" ".join(each.nouns) for each in same if not each.is_item]
        if items:
            yield f"{items[0]} (with its {join_words(nouns)})" if nouns else items[0]
        else:
            yield f"the {join_words(nouns)} of the {text}"


def _describe_limits(meta_tool: MetaTool) -> Iterator[str]:
    """What is always the same, where it says what is left out, as in `Tickets: status closed only.`."""
    for step in meta_tool.steps[1:]:
        words = [
            f"{_spell_name(name)} {binding.value}"
            for name, binding in step.args.items()
            if isinstance(binding, Constant) and isinstance(binding.value, str) and binding.value
        ]
        if step.over and step.over.filter and step.over.filter.values:
            words.append(_describe_filter(step.over.filter))
        if step.over and goes_through(step) and step.over.limit < USUAL_LIMIT:
            words.append(f"the first {step.over.limit}")
        if words:
            noun = " ".join(extract_returned(step))
            told = pluralize(noun) if goes_through(step) else noun
            yield f"{told.capitalize()}: {', '.join(words)} only."


def _describe_filter(kept: Filter) -> str:
    """Which items of a list are read: `state open`."""
    values = [value if isinstance(value, str) else dumps(value) for value in kept.values]
    field = _spell_name(unescape(split(kept.path)[-1])) if kept.path else "those that are"
    return f"{field} {join_words(values, last='or')}"


def _describe_guards(meta_tool: MetaTool) -> Iterator[str]:
    """When a read is made that is not always made: `The refund is read only if the order's status is "returned".`."""
    for step in meta_tool.steps[1:]:
        if step.guard and (again := _describe_second_look(step, meta_tool)):
            yield again
        elif step.guard:
            conditions = [_describe_condition(each, meta_tool) for each in list_conditions(step.guard)]
            nouns = " ".join(extract_object(step.tool))
            verb = "are" if nouns == pluralize(nouns) else "is"
            yield f"The {nouns} {verb} read only if {' and '.join(conditions)}."


def _describe_second_look(step: Step, meta_tool: MetaTool) -> str:
    """`If nothing is found, it looks once more without list name.` of a search that is widened; empty for anything else."""
    source = step.guard.source if step.guard and step.guard.test == "empty" else None
    if not isinstance(source, Output) or source.path or meta_tool.steps[source.step - 1].tool != step.tool:
        return ""
    left_out = [_spell_name(name) for name in meta_tool.steps[source.step - 1].args if name not in step.args]
    how = f"without {join_words(left_out)}" if left_out else "in another way"
    return f"If nothing is found, it looks once more {how}."


def _describe_write(meta_tool: MetaTool, write: Step) -> str:
    first = meta_tool.steps[0]
    if write is first:
        objects = join_words([*map(str, list_others(meta_tool))])
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
        if not field and condition.test in ("empty", "nonempty"):
            return f"{'no' if condition.test == 'empty' else 'any'} {noun} is found"
        field = f"the {noun}'s {field}" if field else f"the {noun}"
    value = condition.value
    shown = ", ".join(map(dumps, value)) if isinstance(value, list) else dumps(value)
    says_value = condition.test in ("equals", "one_of", "at_least", "at_most")
    return f"{field or 'it'} {TESTS[condition.test]}" + (f" {shown}" if says_value else "")


def _spell_name(name: str) -> str:
    return " ".join(split_name(name)) or name
