"""Descriptions of meta-tools: what one is for and what comes back, then when not to use it; what it calls is in the metadata."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from langchain_awo.model.ir.binding import Argument, Constant, Output, Parameter, list_leaves
from langchain_awo.model.ir.guard import list_conditions
from langchain_awo.model.ir.metatool import Condition, Filter, Map, MetaTool, Step
from langchain_awo.model.ir.pointer import split, unescape
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.phrasing import join_words
from langchain_awo.optimizer.selection.kinds import (
    find_subject,
    goes_through,
    is_means,
    lets_in,
    looks_again,
    writes_of,
)
from langchain_awo.optimizer.selection.returned import (
    Returned,
    describe_position,
    extract_returned,
    list_returned,
    name_subject,
)
from langchain_awo.optimizer.selection.titles import (
    ACTS,
    extract_action,
    find_login_place,
    find_only_named,
    is_chain,
    list_others,
)
from langchain_awo.optimizer.selection.words import (
    extract_object,
    pluralize,
    singularize,
    spell_nouns,
    spell_object,
    split_name,
)

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
    sentences = [
        f"{_describe_result(meta_tool)}.",
        _describe_means(meta_tool) if has_means and not lets_in(subject) else "",
        *_describe_limits(meta_tool),
        *_describe_guards(meta_tool),
        "It only reads data.",
        "" if has_means else f"If you only need the {_spell_alone(meta_tool)}, call {subject.tool}.",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _spell_alone(meta_tool: MetaTool) -> str:
    """What the subject alone returns: of a search of which a routine goes on with what it found, several things."""
    noun = spell_object(find_subject(meta_tool).tool)
    details = [each for each in list_returned(meta_tool) if each.is_detail]
    is_list = any(each.of for each in details) or _is_each_in_full(meta_tool, details)
    return pluralize(noun) if is_list else noun


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
    means = dict.fromkeys(
        (spell_object(step.tool), bool(chosen and chosen.text.startswith("first ")))
        for number, step in enumerate(meta_tool.steps, start=1)
        if is_means(step, meta_tool)
        for chosen in [positions.get(number)]
    )
    firsts = ["one" if len(means) == 1 else noun for noun, is_first in means if is_first]
    taking = f", taking {join_words([f'the first {noun} found' for noun in firsts])}" if firsts else ""
    return f"It looks up {join_words([f'the {noun}' for noun, _ in means])} itself{taking}."


def _describe_result(meta_tool: MetaTool) -> str:
    """What is done and comes back: `Returns a customer with their orders`."""
    if not lets_in(find_subject(meta_tool)):
        return f"Returns {_describe_subject(meta_tool)}{_describe_lookup(meta_tool)}"
    place = find_login_place(meta_tool)
    return f"Logs in{f' to {place}' if place else ''} and returns what later calls need"


def _describe_subject(meta_tool: MetaTool) -> str:
    details = [each for each in list_returned(meta_tool) if each.is_detail]
    found_by = find_only_named(meta_tool)
    if found_by and not details:
        return f"the {spell_nouns(list_others(meta_tool)[0].nouns)} with the given {found_by}"
    if others := list_others(meta_tool):
        return _describe_with_others(meta_tool, details, others)
    noun = spell_nouns(name_subject(meta_tool))
    if is_chain(meta_tool):
        return f"{pluralize(noun)} and the {pluralize(noun)} that each of them leads to"
    if chosen := next((each.of for each in details if each.of), None):
        return f"the full details of the {chosen.text}"
    if _is_each_in_full(meta_tool, details):
        return f"the full details of {pluralize(noun)}"
    reads = {step.tool for step in meta_tool.steps if not is_means(step, meta_tool)}
    return f"{'the full details of ' if len(reads) > 1 else ''}{_add_article(noun)}"


def _describe_with_others(
    meta_tool: MetaTool, details: Sequence[Returned], others: Sequence[Returned]
) -> str:
    """`a customer with their orders`, `mails, the first mail in full and its sender`, `products with their details and variants`."""
    nouns = name_subject(meta_tool)
    in_full = _is_each_in_full(meta_tool, details)
    is_several = in_full or any(each.of for each in details) or nouns[-1] == pluralize(nouns[-1])
    own = [each for each in others if not each.of and each.nouns[-1] not in nouns]
    whole = [*(["details"] if in_full else []), *map(str, own)]
    if len(whole) > NAMED:
        whole = [*whole[: NAMED - 1], "more"]
    some = [
        *_tell_chosen([each for each in (*details, *others) if each.of]),
        *(f"the {each}" for each in others if not each.of and each not in own),
    ]
    told = _add_owner(meta_tool, pluralize(spell_nouns(nouns)) if is_several else spell_nouns(nouns))
    if not whole:
        return join_words([told, *some])
    whose = "their" if is_several or nouns[-1] in PEOPLE else "its"
    return f"{told} with {whose} {join_words([*whole, *some])}"


def _add_owner(meta_tool: MetaTool, noun: str) -> str:
    """`a user's reservations` of reservations that a user is asked about by an id, else the noun with its article."""
    owner, _, rest = noun.partition(" ")
    asked = [split_name(name) for name in find_subject(meta_tool).args]
    by = next((words for words in asked if rest and len(words) > 1 and words[0] == owner), None)
    if by and by[-1] == pluralize(by[-1]):
        return f"the {rest} of {pluralize(owner)}"
    return f"{_add_article(owner)}'s {rest}" if by else _add_article(noun)


def _is_each_in_full(meta_tool: MetaTool, details: Sequence[Returned]) -> bool:
    """Whether more of every item is returned that the subject lists."""
    own = singularize(name_subject(meta_tool)[-1])
    reads = (step for step in meta_tool.steps[1:] if singularize(extract_object(step.tool)[-1]) == own)
    return any(map(goes_through, reads)) and not any(each.of for each in details)


def _add_article(noun: str) -> str:
    if noun == pluralize(noun):
        return noun
    sounds_like_you = noun.startswith(("eu", "one", "uni", "us"))
    return f"an {noun}" if noun[:1] in "aeiou" and not sounds_like_you else f"a {noun}"


def _describe_lookup(meta_tool: MetaTool) -> str:
    """By what the caller asks: `, looked up by user_id; the policies also by topic`."""
    first = meta_tool.steps[0]
    fixed = "" if is_means(first, meta_tool) else _describe_fixed(first)
    asked = _list_asked(meta_tool)
    if sum(map(len, asked.values())) > ASKED and all(
        spec.name in first.args for spec in meta_tool.parameters
    ):
        return f", looked up by the arguments of {first.tool}{fixed}"
    own = asked.pop("", [])
    also = "also" if own else "looked up"
    parts = [f", looked up by {join_words(own)}{fixed}"] if own else []
    parts += [f"; the {noun} {also} by {join_words(names)}" for noun, names in asked.items()]
    return "".join(parts)


def _list_asked(meta_tool: MetaTool) -> dict[str, list[str]]:
    """The parameters that a caller must give, by what is looked up with them; under an empty text those of the subject.

    What only names an item that was found is told with the item.
    """
    subject = find_subject(meta_tool)
    required = {spec.name for spec in meta_tool.parameters if spec.required}
    asked: dict[str, list[str]] = {}
    noun = ""
    for step in meta_tool.steps:
        leaves = (leaf for binding in step.args.values() for leaf in list_leaves(binding))
        names = {leaf.name for leaf in leaves if isinstance(leaf, Parameter)} & required
        if step.over and isinstance(step.over.source, Parameter):
            names |= {step.over.source.name} & required
        if names:
            asked.setdefault(noun and _spell_found(step, subject), []).extend(
                spec.name for spec in meta_tool.parameters if spec.name in names
            )
        required -= names
        noun = noun or ("later" if step is subject else "")
    return asked


def _spell_found(step: Step, subject: Step) -> str:
    if step.tool == subject.tool:
        return "latter"
    noun = spell_object(step.tool)
    return pluralize(noun) if goes_through(step) else noun


def _describe_fixed(step: Step) -> str:
    """What a caller cannot choose: `, always with min_price=0 and min_rating=0`."""
    words = [
        f"{name}={_spell_value(binding.value)}"
        for name, binding in step.args.items()
        if isinstance(binding, Constant) and not isinstance(binding.value, list | dict)
    ]
    return f", always with {join_words(words)}" if words else ""


def _spell_value(value: JSONValue) -> str:
    return value if isinstance(value, str) and value else dumps(value)


def _tell_chosen(others: Sequence[Returned]) -> Iterator[str]:
    """Each chosen item once, with all that is returned of it: `the first order (with its shipment)`, `the name and age of the owner`."""
    for text in dict.fromkeys(each.of.text for each in others if each.of):
        same = [each for each in others if each.of and each.of.text == text]
        items = [str(each) for each in same if each.is_item]
        nouns = [spell_nouns(each.nouns) for each in same if not each.is_item]
        if items:
            yield f"{items[0]} (with its {join_words(nouns)})" if nouns else items[0]
        else:
            is_same = any(each.of and each.of.by == "same" for each in same)
            yield f"the {join_words(nouns)} {'for' if is_same else 'of'} the {text}"


def _describe_limits(meta_tool: MetaTool) -> Iterator[str]:
    """What is always the same, where it says what is left out, as in `Only tickets with status=closed.`."""
    for step in meta_tool.steps[1:]:
        noun = spell_nouns(extract_returned(step))
        fixed = [
            f"{name}={binding.value}"
            for name, binding in step.args.items()
            if isinstance(binding, Constant) and isinstance(binding.value, str) and binding.value
        ]
        limits = [f"with {join_words(fixed)}"] if fixed else []
        if step.over and step.over.filter and step.over.filter.values:
            limits.append(_describe_filter(step.over.filter))
        whole = step.over if goes_through(step) else None
        first = f"the first {whole.limit} " if whole and whole.limit < USUAL_LIMIT else ""
        if (limits or first) and (goes_through(step) or noun == pluralize(noun)):
            yield f"Only {' '.join([f'{first}{pluralize(noun)}', ' and '.join(limits)]).strip()}."
        elif limits:
            yield f"The {noun} is looked up {' and '.join(limits)}."


def _describe_filter(kept: Filter) -> str:
    """Which items of a list are read: `whose state is open`."""
    values = join_words([*map(_spell_value, kept.values)], last="or")
    return (
        f"whose {_spell_name(unescape(split(kept.path)[-1]))} is {values}"
        if kept.path
        else f"that are {values}"
    )


def _describe_guards(meta_tool: MetaTool) -> Iterator[str]:
    """When a read is made that is not always made: `The refund is read only if the order's status is "returned".`."""
    for step in meta_tool.steps[1:]:
        if step.guard and (again := _describe_second_look(step, meta_tool)):
            yield again
        elif step.guard:
            conditions = [_describe_condition(each, meta_tool) for each in list_conditions(step.guard)]
            nouns = spell_object(step.tool)
            verb = "are" if nouns == pluralize(nouns) else "is"
            yield f"The {nouns} {verb} read only if {' and '.join(conditions)}."


def _describe_second_look(step: Step, meta_tool: MetaTool) -> str:
    """`If nothing is found, it searches again without list_name.` of a search that is widened; empty for anything else."""
    if not (looks_again(step, meta_tool) and step.guard and isinstance(step.guard.source, Output)):
        return ""
    left_out = [name for name in meta_tool.steps[step.guard.source.step - 1].args if name not in step.args]
    how = f"without {join_words(left_out)}" if left_out else "in another way"
    return f"If nothing is found, it searches again {how}."


def _describe_write(meta_tool: MetaTool, write: Step) -> str:
    first = meta_tool.steps[0]
    if write is first:
        objects = join_words([*map(str, list_others(meta_tool))])
        return f"Calls {write.tool}, then returns {objects or 'the full details of what it made'}. It changes data."
    conditions = (
        [_describe_condition(condition, meta_tool) for condition in list_conditions(write.guard)]
        if write.guard
        else []
    )
    only = (
        f", but only if {' and '.join(conditions)}; otherwise changes nothing and says why"
        if conditions
        else ""
    )
    checked = join_words([*dict.fromkeys(spell_object(step.tool) for step in meta_tool.steps[:-1])])
    sentences = [
        f"{_describe_act(write, first)}{only}.",
        f"It reads the {checked}, then calls {write.tool}. It changes data.",
    ]
    if first.effect.is_read:
        sentences.append(f"If you only need the {spell_object(first.tool)}, call {first.tool}.")
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
        else f" for {_add_article(spell_nouns(subject))}"
    )
    return f"{_conjugate(verb).capitalize()} {_add_article(spell_nouns(rest))}{behind}"


def _conjugate(verb: str) -> str:
    return pluralize(f"{verb} ".strip()) if not verb.endswith("s") or verb.endswith("ss") else f"{verb}es"


def _describe_condition(condition: Condition, meta_tool: MetaTool) -> str:
    """A condition in words: `the order's status is "delivered"`."""
    source = condition.source
    fields = [part for part in str(getattr(source, "path", "")).split("/") if part and not part.isdigit()]
    field = _spell_name(fields[-1]) if fields else ""
    if isinstance(source, Output | Argument):
        noun = spell_object(meta_tool.steps[source.step - 1].tool)
        if not field and condition.test in ("empty", "nonempty"):
            return f"{'no' if condition.test == 'empty' else 'any'} {noun} is found"
        field = f"the {noun}'s {field}" if field else f"the {noun}"
    value = condition.value
    shown = ", ".join(map(dumps, value)) if isinstance(value, list) else dumps(value)
    says_value = condition.test in ("equals", "one_of", "at_least", "at_most")
    return f"{field or 'it'} {TESTS[condition.test]}" + (f" {shown}" if says_value else "")


def _spell_name(name: str) -> str:
    return " ".join(split_name(name)) or name
