"""What recorded calls say about one argument, or about one member of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from langchain_awo.model.ir.pointer import escape
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.dataflow.places import Place
from langchain_awo.optimizer.dataflow.specific import is_common, is_specific
from langchain_awo.optimizer.dataflow.value_index import derive_value_key

MAX_DEPTH: Final = 4
"""Members of members of arguments that are looked at."""

MAX_ELEMENTS: Final = 8
"""Lists with more elements are not bound element by element."""


Form: TypeAlias = tuple[str, int]
"""`object`, `list` or `scalar`, and the length of a list."""


@dataclass(slots=True)
class ArgumentVotes:
    """What the examples say about one argument.

    Attributes:
        present: weight of the examples that have the argument.
        places: weight of the examples in which each place held the value.
        values: weight of each value, by its key.
        partly: weight of the examples in which a place held a longer list, of which the value is a part.
        shown: distinct values that each place agreed on.
        support: examples that each place agreed with, one bit for each.
        parts: votes of the members of objects, by name, and of the elements of lists, by position.
        forms: weight of the objects, of the lists of each length, and of the scalars.
    """

    present: float = 0.0
    places: Counter[Place] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    samples: dict[str, JSONValue] = field(default_factory=dict)
    partly: Counter[Place] = field(default_factory=Counter)
    shown: defaultdict[Place, set[str]] = field(default_factory=lambda: defaultdict(set))
    support: Counter[Place] = field(default_factory=Counter)
    parts: dict[str | int, ArgumentVotes] = field(default_factory=dict)
    forms: Counter[Form] = field(default_factory=Counter)

    def count(
        self, value: JSONValue, weight: float, depth: int = 0
    ) -> Iterator[tuple[ArgumentVotes, JSONValue, str]]:
        """Counts a value, and yields it and its parts, each with its votes and its `derive_value_key`."""
        key = derive_value_key(value)
        self.present += weight
        self.values[key] += weight  # type: ignore[assignment]  # counters hold weights here
        self.samples[key] = value
        self.forms[_classify_form(value)] += weight  # type: ignore[assignment]
        yield self, value, key
        for name, part in _iterate_parts(value) if depth < MAX_DEPTH else ():
            if name not in self.parts:  # votes are not made in vain: this is asked of every value there is
                self.parts[name] = ArgumentVotes()
            yield from self.parts[name].count(part, weight, depth + 1)

    def agree(self, places: Iterable[Place], key: str, *, example: int, weight: float) -> None:
        """Counts the places that held a value."""
        for place in places:
            self.places[place] += weight  # type: ignore[assignment]
            self.shown[place].add(key)
            self.support[place] |= 1 << example

    def agree_partly(self, places: Iterable[Place], *, weight: float) -> None:
        """Counts the places that held a longer list than the value."""
        for place in places:
            self.partly[place] += weight  # type: ignore[assignment]

    def leaves(self) -> Iterator[ArgumentVotes]:
        """Its own votes and those of all parts."""
        yield self
        for part in self.parts.values():
            yield from part.leaves()

    @property
    def form(self) -> Form:
        """What most values are."""
        return max(self.forms, key=lambda form: (self.forms[form], form))

    @property
    def is_container(self) -> bool:
        """Whether most values are objects with members, or lists of one length with elements."""
        return self.form[0] != "scalar" and bool(self.usual_parts())

    @property
    def alike_share(self) -> float:
        """Share of the values that are objects, or lists of the usual length."""
        return self.forms[self.form] / self.present

    def usual_parts(self) -> dict[str | int, ArgumentVotes]:
        """Elements of lists of the usual length, in order, or members that at least half of the objects have, sorted."""
        kind, length = self.form
        if kind == "list":
            return {i: self.parts[i] for i in range(length) if i in self.parts}
        names = sorted(name for name in self.parts if isinstance(name, str))
        return {name: self.parts[name] for name in names if self.parts[name].present * 2 >= self.present}

    def has_only_value_of(self, place: Place, name: str) -> bool:
        """Whether all examples share one value that was surely taken from a place: a specific one, or a number called the same.

        A number that an earlier call had passed only comes back.

        Args:
            place: where the value stands.
            name: of the argument.
        """
        value = next(iter(self.samples.values())) if len(self.samples) == 1 else None
        is_echo = any(each.kind == "argument" for each in self.places)
        is_number = isinstance(value, int | float) and not is_common(value) and not is_echo
        return is_specific(value) or (is_number and place.path.rpartition("/")[2] == escape(name))

    def beyond_chance(self, place: Place, *, partly: bool = False) -> float:
        """Agreement with a place, less what values drawn at random would show: 1 is full agreement, 0 is chance.

        A list of several texts stands nowhere by chance, however often it is passed.

        Args:
            partly: whether a place that held a longer list agrees too.
        """
        share = (self.places[place] + (self.partly[place] if partly else 0.0)) / self.present
        by_chance = (
            key
            for key, value in self.samples.items()
            if not isinstance(value, list) or not is_specific(value)
        )
        chance = sum((self.values[key] / self.present) ** 2 for key in by_chance)
        return (share - chance) / (1 - chance) if len(self.values) > 1 else share


def _classify_form(value: JSONValue) -> Form:
    if isinstance(value, list):
        return "list", len(value)
    return ("object" if isinstance(value, dict) else "scalar"), 0


def _iterate_parts(value: JSONValue) -> Iterable[tuple[str | int, JSONValue]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) and len(value) <= MAX_ELEMENTS else ()
