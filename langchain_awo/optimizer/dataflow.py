"""Where the arguments of a step come from: consensus over many recorded calls.

Every recorded call votes for each place that holds its argument. A place wins if nearly all calls agree on it; one that
only ever showed a single value, as common ones (`true`, `1`, the empty text) do, is no evidence for flow. What nothing
explains is left open, to become a parameter.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from langchain_awo.model.binding import Binding, Constant, Frame
from langchain_awo.model.metatool import BindingEvidence
from langchain_awo.model.trace import JSONValue
from langchain_awo.optimizer.places import Place, find_places, value_key

SAMPLE: Final = 200
"""Occurrences of a candidate that are looked at; more do not change a consensus."""


@dataclass(frozen=True, slots=True)
class Example:
    """A recorded call and what existed before it.

    Attributes:
        weight: 1, or less where one occurrence of a routine gives several examples.
    """

    task: str
    frame: Frame
    args: Mapping[str, JSONValue]
    weight: float = 1.0


@dataclass(slots=True)
class ArgumentVotes:
    """What the examples say about one argument.

    Attributes:
        present: weight of the examples that have the argument.
        places: weight of the examples in which each place held the value.
        values: weight of each value, by its key.
        shown: distinct values that each place agreed on.
    """

    present: float = 0.0
    places: Counter[Place] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    samples: dict[str, JSONValue] = field(default_factory=dict)
    shown: defaultdict[Place, set[str]] = field(default_factory=lambda: defaultdict(set))


@dataclass(frozen=True, slots=True)
class Bound:
    """A binding with its evidence."""

    binding: Binding
    share: float
    evidence: BindingEvidence
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class StepFlow:
    """What is known of the arguments of a step.

    Attributes:
        total: weight of all examples.
        votes: by argument name, sorted.
    """

    total: float
    votes: Mapping[str, ArgumentVotes]

    def usual(self, name: str) -> bool:
        """Whether at least half of the calls have the argument."""
        return self.votes[name].present * 2 >= self.total

    def always(self, name: str) -> bool:
        """Whether every call has the argument."""
        return self.votes[name].present >= self.total * 0.999

    def constant(self, name: str, *, agreement: float) -> Bound | None:
        """The value that nearly all calls have."""
        votes = self.votes[name]
        key, weight = min(votes.values.items(), key=lambda item: (-item[1], item[0]))
        return _bound(Constant(value=votes.samples[key]), weight, votes, agreement)

    def place(self, name: str, *, agreement: float) -> Bound | None:
        """The single place that nearly all calls agree on; the nearest and shortest if several do."""
        return self._best(name, agreement, [place for place in self.votes[name].places if not place.is_list])

    def element(self, name: str, *, of: tuple[int, str], agreement: float) -> Bound | None:
        """The place inside each element of a list that nearly all calls agree on."""
        step, list_path = of
        inside = [
            p for p in self.votes[name].places if p.is_list and (p.step, p.list_path) == (step, list_path)
        ]
        return self._best(name, agreement, inside)

    def lists(self) -> list[tuple[int, str]]:
        """Lists whose elements hold arguments, the ones that explain most first."""
        explained: Counter[tuple[int, str]] = Counter()
        for votes in self.votes.values():
            best: dict[tuple[int, str], float] = {}
            for place, weight in votes.places.items():
                if place.is_list and len(votes.shown[place]) > 1:
                    where = (place.step, place.list_path)
                    best[where] = max(best.get(where, 0.0), weight)
            explained.update(best)
        return sorted(explained, key=lambda where: (-explained[where], where[0], len(where[1]), where[1]))

    def _best(self, name: str, agreement: float, places: Sequence[Place]) -> Bound | None:
        votes = self.votes[name]
        telling = [place for place in places if len(votes.shown[place]) > 1 or len(votes.values) == 1]
        if not telling:
            return None
        best = min(telling, key=lambda place: (-votes.places[place], *preference(place)))
        return _bound(best.binding(), votes.places[best], votes, agreement, best)


def preference(place: Place) -> tuple[object, ...]:
    """Order among places that explain equally much: plain before transformed, late before early, short before long."""
    return (bool(place.transform), place.kind == "argument", -place.step, place.path.count("/"), place)


def collect_votes(examples: Sequence[Example]) -> StepFlow:
    """Lets the examples vote; at most `SAMPLE` of them, spread evenly."""
    stride = max(1, len(examples) // SAMPLE)
    votes: dict[str, ArgumentVotes] = defaultdict(ArgumentVotes)
    total = 0.0
    for example in examples[::stride]:
        total += example.weight
        _vote(example, votes)
    return StepFlow(total, dict(sorted(votes.items())))


def _vote(example: Example, votes: dict[str, ArgumentVotes]) -> None:
    names: dict[str, list[str]] = defaultdict(list)
    wanted: dict[str, JSONValue] = {}
    for name, value in example.args.items():
        key = value_key(value)
        own = votes[name]
        own.present += example.weight
        own.values[key] += example.weight  # type: ignore[assignment]  # counters hold weights here
        own.samples[key] = value
        if not isinstance(value, dict | list):
            names[key].append(name)
            wanted[key] = value
    found: dict[str, set[Place]] = defaultdict(set)
    for key, place in find_places(example.frame, wanted):
        found[key].add(place)
    for key, places in found.items():
        for name in names[key]:
            for place in places:
                votes[name].places[place] += example.weight  # type: ignore[assignment]
                votes[name].shown[place].add(key)


def is_common(value: JSONValue) -> bool:
    """Whether a value is likely to stand anywhere by chance."""
    if value is None or isinstance(value, bool) or value == "":
        return True
    return isinstance(value, int | float) and abs(value) <= 10  # noqa: PLR2004  # small counts are everywhere


def _bound(
    binding: Binding, weight: float, votes: ArgumentVotes, agreement: float, place: Place | None = None
) -> Bound | None:
    share = weight / votes.present if votes.present else 0.0
    if share < agreement:
        return None
    agree = round(weight)
    return Bound(
        binding, share, BindingEvidence(agree=agree, contradict=max(0, round(votes.present) - agree)), place
    )
