"""Where the arguments of a step come from: consensus over many recorded calls.

Every recorded call votes for each place that holds its argument. A place wins if nearly all calls agree on it, and if they
agree more than chance would make them: what is `true` or `1` half of the time stands in many places by chance. Objects and
lists that no place holds whole are bound member by member. What nothing explains is left open, to become a parameter; so
is what two places explain equally well where they contradict each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from langchain_awo.model.ir.binding import Binding, Constant, Frame, ListOf, ObjectOf
from langchain_awo.model.ir.metatool import BindingEvidence
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.views.notation import format_binding
from langchain_awo.optimizer.dataflow.argument_stats import ArgumentVotes
from langchain_awo.optimizer.dataflow.places import Place, find_places
from langchain_awo.optimizer.dataflow.specific import looks_like_data

SAMPLE: Final = 200
"""Occurrences of a candidate that are looked at; more do not change a consensus."""

BEYOND_CHANCE: Final = 0.75
"""Share of the wanted agreement that must be left when agreement by chance is taken off (as in Cohen's kappa)."""

MAX_TIED: Final = 3
"""Other places that are named where several explain the same calls."""


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


@dataclass(frozen=True, slots=True)
class Bound:
    """A binding with its evidence.

    Attributes:
        place: where it reads; of an object or a list, the place of one of its members.
    """

    binding: Binding
    share: float
    evidence: BindingEvidence
    place: Place | None = None


Leaf: TypeAlias = Callable[[ArgumentVotes], Bound | None]
"""Binds a single value from its votes."""


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

    def sometimes(self, name: str) -> bool:
        """Whether at least a tenth of the calls have the argument, and not all."""
        return self.votes[name].present * 10 >= self.total and not self.always(name)

    def constant(self, name: str, *, agreement: float) -> Bound | None:
        """The value that nearly all calls have."""
        return _bind_constant(self.votes[name], agreement)

    def place(
        self, name: str, *, agreement: float, specific: bool = False, partly: bool = False
    ) -> Bound | None:
        """The single place that nearly all calls agree on; the nearest and shortest if several do.

        An object or a list that no place holds whole is bound member by member.

        Args:
            name: of the argument.
            agreement: share of the calls that must agree.
            specific: whether a place is enough that always held one and the same value, if that value is specific: one
                account is recorded, or one day. A write wants to see two.
            partly: whether a place also agrees with calls that passed only a part of the list it holds: who asks for all gets that
                part too. Some calls must have passed all of it.
        """

        def single(votes: ArgumentVotes) -> Bound | None:
            places = [place for place in votes.places if not (place.is_list or _is_choice(place))]
            telling = [
                place for place in places if len(votes.shown[place]) > 1 or (partly and votes.partly[place])
            ]
            if not telling and specific:
                exact = [place for place in places if place.kind == "output" and not place.has_position]
                telling = [place for place in exact if votes.has_only_value_of(place, name)]
            return _choose_best(votes, agreement, telling, partly=partly)

        return _bind_value(self.votes[name], single, agreement)

    def element(self, name: str, *, of: tuple[int, str], agreement: float) -> Bound | None:
        """The place inside each element of a list that nearly all calls agree on."""

        def inside(votes: ArgumentVotes) -> Bound | None:
            held = [p for p in votes.places if p.is_list and (p.step, p.list_path) == of]
            return _choose_best(votes, agreement, [place for place in held if len(votes.shown[place]) > 1])

        return _bind_value(self.votes[name], inside, agreement)

    def lists(self) -> list[tuple[int, str]]:
        """Lists whose elements hold arguments, the ones that explain most first."""
        explained: Counter[tuple[int, str]] = Counter()
        for votes in (leaf for name in self.votes.values() for leaf in name.leaves()):
            best: dict[tuple[int, str], float] = {}
            for place, weight in votes.places.items():
                if place.is_list and len(votes.shown[place]) > 1:
                    where = (place.step, place.list_path)
                    best[where] = max(best.get(where, 0.0), weight)
            explained.update(best)
        return sorted(explained, key=lambda where: (-explained[where], where[0], len(where[1]), where[1]))


def rank_place(place: Place) -> tuple[object, ...]:
    """Order among places that explain equally much: plain before transformed, late before early, short before long."""
    return (not place.is_plain, place.kind == "argument", -place.step, place.path.count("/"), place)


def collect_votes(examples: Sequence[Example]) -> StepFlow:
    """Lets the examples vote; at most `SAMPLE` of them, spread evenly."""
    stride = max(1, len(examples) // SAMPLE)
    votes: dict[str, ArgumentVotes] = defaultdict(ArgumentVotes)
    total = 0.0
    for number, example in enumerate(examples[::stride]):
        total += example.weight
        _vote(number, example, votes)
    return StepFlow(total, dict(sorted(votes.items())))


def _vote(number: int, example: Example, votes: dict[str, ArgumentVotes]) -> None:
    voters: defaultdict[str, list[ArgumentVotes]] = defaultdict(list)
    wanted: dict[str, JSONValue] = {}
    for name, value in example.args.items():
        for own, part, key in votes[name].count(value, example.weight):
            voters[key].append(own)
            wanted[key] = part
    found: defaultdict[str, set[Place]] = defaultdict(set)
    for key, place in find_places(example.frame, wanted):
        found[key].add(place)
    for key, places in found.items():
        for own in voters[key]:
            own.agree(places, key, example=number, weight=example.weight)


def _bind_value(votes: ArgumentVotes, leaf: Leaf, agreement: float) -> Bound | None:
    """A value bound whole, else member by member."""
    if (whole := leaf(votes)) or not votes.is_container:
        return whole
    parts = {key: _bind_part(part, leaf, agreement) for key, part in votes.usual_parts().items()}
    bounds = {key: bound for key, bound in parts.items() if bound}
    place = next((bound.place for bound in bounds.values() if bound.place), None)
    if (
        len(bounds) < len(parts)
        or place is None
        or _has_several_positions(bound.place for bound in bounds.values())
        or _repeats_an_item(votes, bounds.values())
    ):
        return None
    members = {str(key): bound.binding for key, bound in bounds.items()}
    binding = (
        ListOf(elements=tuple(members.values())) if votes.form[0] == "list" else ObjectOf(members=members)
    )
    share = min(bound.share for bound in bounds.values()) * votes.alike_share
    return _build_bound(binding, share * votes.present, votes, agreement, place=place)


def _bind_part(votes: ArgumentVotes, leaf: Leaf, agreement: float) -> Bound | None:
    constant, found = _bind_constant(votes, agreement), _bind_value(votes, leaf, agreement)
    if constant and isinstance(constant.binding, Constant) and looks_like_data(constant.binding.value):
        constant = None  # what one task was about, beside what flows
    if constant and found:
        return constant if constant.share >= found.share else found
    return constant or found


def _bind_constant(votes: ArgumentVotes, agreement: float) -> Bound | None:
    key, weight = min(votes.values.items(), key=lambda item: (-item[1], item[0]))
    return _build_bound(Constant(value=votes.samples[key]), weight, votes, agreement)


def _choose_best(
    votes: ArgumentVotes, agreement: float, places: Sequence[Place], *, partly: bool = False
) -> Bound | None:
    if not places:
        return None
    best = min(places, key=lambda place: (-votes.places[place], *rank_place(place)))
    rivals = [each for each in places if each != best and votes.places[each] == votes.places[best]]
    beyond = votes.beyond_chance(best, partly=partly)
    if beyond < BEYOND_CHANCE * agreement or _is_contradicted(best, rivals, votes):
        return None
    held = votes.partly[best] if partly else 0.0
    return _build_bound(
        best.binding(), votes.places[best], votes, agreement, place=best, rivals=rivals, partly=held
    )


def _has_several_positions(places: Iterable[Place | None]) -> bool:
    """Whether the members stand at several positions of a list: which of them, only the model knows."""
    positions = {place.positions for place in places if place and place.has_position}
    return len(positions) > 1


def _repeats_an_item(votes: ArgumentVotes, bounds: Collection[Bound]) -> bool:
    """Whether a list would hold one item several times: it held several of them, and which, only the model knows."""
    items = [bound.binding for bound in bounds if bound.place and bound.place.is_list]
    return votes.form[0] == "list" and any(items.count(item) > 1 for item in items)


def _is_choice(place: Place) -> bool:
    """Whether it is one of several values that were asked for together: which of them, only the model knows."""
    return place.kind == "argument" and place.has_position


def _is_contradicted(best: Place, rivals: Sequence[Place], votes: ArgumentVotes) -> bool:
    """Whether another place explains as much, of other calls: then nothing tells which of the two it is."""
    return any(votes.support[each] != votes.support[best] for each in rivals)


def _build_bound(
    binding: Binding,
    weight: float,
    votes: ArgumentVotes,
    agreement: float,
    *,
    place: Place | None = None,
    rivals: Sequence[Place] = (),
    partly: float = 0.0,
) -> Bound | None:
    share = (weight + partly) / votes.present if votes.present else 0.0
    if share < agreement:
        return None
    agree = round(weight)
    tied = tuple(format_binding(each.binding()) for each in sorted(rivals, key=rank_place) if each.is_plain)
    evidence = BindingEvidence(
        agree=agree, contradict=max(0, round(votes.present) - agree), tied=tied[:MAX_TIED]
    )
    return Bound(binding, share, evidence, place)
