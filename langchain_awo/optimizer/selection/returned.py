"""What the reads of a routine return, as its name and its description tell it: of everything, or of one item of a list only.

before::

    1  find_customer(email=$email)  2  list_orders(customer_id=#1/id)  3  get_shipment(shipment_id=#2/orders/0/shipment_id)

after::

    its orders and the shipment of the first order
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from langchain_awo.model.ir.binding import Argument, Item, Output, Parameter, list_leaves
from langchain_awo.model.ir.metatool import MetaTool, Step
from langchain_awo.model.ir.pointer import split, unescape
from langchain_awo.optimizer.selection.kinds import find_subject, goes_through, is_means
from langchain_awo.optimizer.selection.words import (
    GENERIC,
    extract_object,
    pluralize,
    singularize,
    spell_nouns,
    spell_object,
    split_name,
)

ORDINALS: Final = {0: "first", 1: "second", 2: "third", -1: "last"}
"""Positions of a list in words; none is found but the first and the last."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The one item of a list that a step is about, such as `first order`.

    Attributes:
        noun: what the item is, in the singular.
        by: how it is chosen: by its position, by the caller who names it, or as what the subject was asked for with.
    """

    text: str
    noun: str
    by: Literal["position", "name", "same"] = "position"

    @property
    def is_position(self) -> bool:
        """Whether it is the one at a position."""
        return self.by == "position"

    def within(self, other: Chosen | None) -> Chosen:
        """The same item, of a list that another chosen item has."""
        return replace(self, text=f"{self.text} of the {other.text}") if other else self


@dataclass(frozen=True, slots=True)
class Returned:
    """What one step after the subject returns.

    Attributes:
        nouns: what it is about, without words of the subject; the last in the plural where it is several things.
        of: the item that it is, or is of, where it is not about all of a list.
        is_detail: it returns more of what the subject is about.
    """

    nouns: tuple[str, ...]
    of: Chosen | None = None
    is_detail: bool = False

    @property
    def is_item(self) -> bool:
        """Whether it is the chosen item itself."""
        return self.of is not None and singularize(self.nouns[-1]) == self.of.noun

    @property
    def name(self) -> list[str]:
        """Words for the name of a meta-tool: of a position, which."""
        return [*([self.of.text.split()[0]] if self.of and self.of.is_position else []), *self.nouns]

    def __str__(self) -> str:
        noun = spell_nouns(self.nouns)
        if self.of is None:
            return noun
        if self.is_item:
            return f"the {self.of.text}{' in full' if self.is_detail else ''}"
        return f"the {noun} {'for' if self.of.by == 'same' else 'of'} the {self.of.text}"


def name_subject(meta_tool: MetaTool) -> tuple[str, ...]:
    """What the subject is about: of `get_reviews_for_hotels(hotel_names)`, the hotels."""
    subject = find_subject(meta_tool)
    return (owner,) if (owner := _find_owner(subject)) else extract_object(subject.tool)


def _find_owner(subject: Step) -> str:
    """What a tool is asked about by name, if its own name says so behind `for`; else empty."""
    behind = " ".join(split_name(subject.tool)).partition(" for ")[2]
    asked = {singularize(split_name(name)[0]) for name in subject.args if len(split_name(name)) > 1}
    return behind if behind and singularize(behind) in asked else ""


def list_returned(meta_tool: MetaTool) -> list[Returned]:
    """What the reads return besides the subject, each once, without what only lets a caller in."""
    subject = find_subject(meta_tool)
    subject_words = set(map(singularize, name_subject(meta_tool)))
    own = singularize(name_subject(meta_tool)[-1])
    found: dict[tuple[str, str], Returned] = {}
    if _find_owner(subject):
        nouns = extract_object(subject.tool)
        found[singularize(nouns[-1]), ""] = Returned(nouns)
    for number, step in enumerate(meta_tool.steps[1:], start=2):
        if not step.effect.is_read or step is subject or is_means(step, meta_tool):
            continue
        *front, noun = extract_returned(step)
        of = find_chosen(meta_tool, number)
        is_item = of is not None and singularize(noun) == of.noun
        form = singularize(noun) if is_item else pluralize(noun) if goes_through(step) else noun
        is_detail = singularize(noun) == own
        qualifiers = () if is_detail else (word for word in front if singularize(word) not in subject_words)
        key = (singularize(noun), of.text if of else "")
        found.setdefault(key, Returned((*qualifiers, form), of, is_detail))
    return list(found.values())


def extract_returned(step: Step) -> tuple[str, ...]:
    """What a step returns: by its tool, or where its name only says `details`, by what it is called with.

    >>> extract_returned(Step(tool="get_details_by_id", args={"id": Output(step=1, path="/plan_id")}))
    ('plan',)
    """
    words = extract_object(step.tool)
    if not GENERIC.issuperset(words):
        return words
    for _, path in _list_sources(step):
        named = [segment for segment in map(unescape, split(path)) if not _is_position(segment)]
        asked = extract_object(named[-1]) if named else words
        if not GENERIC.issuperset(asked):
            return asked
    return words


def find_chosen(meta_tool: MetaTool, number: int) -> Chosen | None:
    """The one item of a list that a step is about: at a position of it, or named by the caller; or what is asked for again.

    An earlier step hands it on.

    What only lets a caller in hands nothing on.
    """
    step = meta_tool.steps[number - 1]
    if step.over and step.over.filter and step.over.filter.named:
        noun = singularize(extract_object(step.tool)[-1])
        given = "with" if split(step.over.filter.path)[-1:] != ["value"] else "for"
        return Chosen(f"{noun} {given} the given {step.over.filter.named.name}", noun, "name")
    if same := _find_same(step, name_subject(meta_tool)):
        return same
    handed_on: Chosen | None = None
    for source, path in _list_sources(step):
        read = meta_tool.steps[source - 1]
        if is_means(read, meta_tool):
            continue
        earlier = find_chosen(meta_tool, source)
        if earlier and earlier.by == "same":
            of_all = pluralize(spell_object(read.tool))
            earlier = Chosen(f"{of_all} for the {earlier.text}", "", "name")
        within = path.removeprefix("/0") if read.over and not goes_through(read) else path
        if own := describe_position(read, within):
            return own.within(earlier)
        handed_on = handed_on or earlier
    return handed_on


def _find_same(step: Step, subject: Sequence[str]) -> Chosen | None:
    """Of a step that takes nothing from what was read, what it asks with again: the restaurants of the `same city`.

    What is asked for by the subject's own id is the subject's.
    """
    leaves = [leaf for binding in step.bindings for leaf in list_leaves(binding)]
    again = [leaf.path for leaf in leaves if isinstance(leaf, Argument) and leaf.path]
    if not again or any(isinstance(leaf, Output | Parameter) for leaf in leaves):
        return None
    words = split_name(unescape(split(again[0])[-1]))
    telling = {*map(singularize, words)} - GENERIC
    is_own = not telling or not telling.isdisjoint(map(singularize, subject))
    return None if is_own else Chosen(f"same {' '.join(words)}", "", "same")


def describe_position(read: Step, path: str) -> Chosen | None:
    """The item at the position that a pointer into the output of a step takes; `None` if it takes none.

    >>> describe_position(Step(tool="list_orders"), "/orders/0/lines/-1/sku").text
    'last line of the first order'
    >>> describe_position(Step(tool="find_address"), "/0").text, describe_position(Step(tool="f"), "/rows/*/0")
    ('first address', None)
    """
    chosen: Chosen | None = None
    before = ""
    for segment in map(unescape, split(path)):
        if before != "*" and segment != "*" and _is_position(segment):
            noun = singularize(extract_object(before or read.tool)[-1])
            ordinal = ORDINALS.get(int(segment), f"{int(segment) + 1}th")
            chosen = Chosen(f"{ordinal} {noun}", noun).within(chosen)
        before = segment
    return chosen


def _is_position(segment: str) -> bool:
    return segment == "*" or segment.removeprefix("-").isdigit()


def _list_sources(step: Step) -> Iterator[tuple[int, str]]:
    """The steps that a step takes something from, with where; of items of a list, where the list is, or its only item."""
    bindings = [*step.args.values(), *(step.over.bindings if step.over else ())]
    for leaf in (leaf for binding in bindings for leaf in list_leaves(binding)):
        if isinstance(leaf, Output):
            yield leaf.step, leaf.path
        elif isinstance(leaf, Item) and step.over and isinstance(step.over.source, Output):
            source = step.over.source.path
            yield (
                step.over.source.step,
                f"{source if goes_through(step) else source.replace('*', '0')}{leaf.path}",
            )
