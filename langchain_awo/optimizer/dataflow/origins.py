"""Where arguments come from, whatever the routine: a consensus of many traces, for each argument of each tool.

Every scalar argument of every call that has a call before it votes for the places that hold its value: in the latest call
of each tool, and in each of its calls so far. What most tasks agree on becomes a list of origins, tried in order: the
first that exists says what the argument is. An origin may hold only directly after one tool.

before::

    get_user(id=u1) → {"orders": ["#1", "#2"]}   get_order(id=#1)   get_order(id=#2)     (many times, in many tasks)

after::

    get_order /id:  an item of #get_user/orders/*
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from langchain_awo.model.ir.binding import Constant, Frame, resolve
from langchain_awo.model.ir.pointer import MISSING, expand
from langchain_awo.model.text.encoding import same
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.dataflow.consensus import rank_place
from langchain_awo.optimizer.dataflow.observations import Leaf, Sight
from langchain_awo.optimizer.dataflow.places import Place, find_places
from langchain_awo.optimizer.dataflow.value_index import derive_value_key

MAX_ORIGINS: Final = 12
"""Origins of one argument that are tried in order; further ones explain single tasks."""

MIN_TASKS: Final = 2
"""What one task shows may be that task's own."""

SHORTLIST: Final = 60
"""Origins with the most votes that are compared in full."""

ArgumentKey: TypeAlias = tuple[str, str]
"""A tool and the pointer of a scalar in its arguments, with `*` for each element of a list."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an argument comes from.

    Attributes:
        source: a value, or a place in the call of a tool; the place's step is a number of `Sources`.
        after: holds only directly after a call of this tool; `""` always.
        hits: weight of the training arguments that it explains, of the `available` ones for which it exists; the
            arguments of one task weigh one together.
    """

    source: Constant | Place
    after: str = ""
    hits: float = 0
    available: float = 0

    @property
    def kind(self) -> str:
        """`constant`, `output`, `argument` or `item`."""
        if isinstance(self.source, Constant):
            return "constant"
        return "item" if self.source.is_list else self.source.kind


def learn_origins(sights: Iterable[Sight]) -> dict[ArgumentKey, tuple[Origin, ...]]:
    """The origins of each argument, by consensus."""
    voters: defaultdict[ArgumentKey, list[_Voter]] = defaultdict(list)
    for sight in sights:
        wanted = {derive_value_key(leaf.value): leaf.value for leaf in sight.leaves}
        places: defaultdict[str, set[Place]] = defaultdict(set)
        for key, place in find_places(sight.frame, wanted):
            places[key].add(place)
        for leaf in sight.leaves:
            key = derive_value_key(leaf.value)
            voter = _Voter(sight.run.task, sight.after, sight.frame, Constant(value=leaf.value), places[key])
            voters[sight.call.tool, leaf.path].append(voter)
    return {key: tuple(_rank_origins(found)) for key, found in sorted(voters.items())}


@dataclass(frozen=True, slots=True, eq=False)
class _Voter:
    task: str
    after: str
    frame: Frame
    value: Constant
    places: set[Place]


def _rank_origins(voters: Sequence[_Voter]) -> Iterator[Origin]:
    """Origins in the order in which they are to be tried: the surest of what is left, again and again."""
    left = list(voters)
    for _ in range(MAX_ORIGINS):
        best = max(_generate_candidates(left), key=_rank_certainty, default=None)
        if best is None:
            return
        yield best
        left = [voter for voter in left if not _applies(best, voter.after, voter.frame)]


def _generate_candidates(voters: Sequence[_Voter]) -> Iterator[Origin]:
    weights = _compute_weights(voters)
    votes: defaultdict[tuple[str, str], float] = defaultdict(float)
    tasks: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    sources: dict[str, Constant | Place] = {}
    for voter in voters:
        held: list[Constant | Place] = [voter.value, *voter.places]
        for source in held:
            name = repr(source)
            sources[name] = source
            for after in ("", voter.after):
                votes[after, name] += weights[voter.task]
                tasks[after, name].add(voter.task)
    common = sorted(votes, key=lambda each: (-votes[each], each))
    for after, name in [each for each in common if len(tasks[each]) >= MIN_TASKS][:SHORTLIST]:
        origin = Origin(sources[name], after, votes[after, name])
        available = sum(weights[voter.task] for voter in voters if _applies(origin, voter.after, voter.frame))
        yield Origin(origin.source, after, origin.hits, available)


def _compute_weights(voters: Sequence[_Voter]) -> dict[str, float]:
    """Calls of one task are near copies: together they have one vote."""
    return {task: 1 / count for task, count in Counter(voter.task for voter in voters).items()}


def _rank_certainty(origin: Origin) -> tuple[object, ...]:
    """The share it explains, less for few; of equals a constant, since a place with one value proves nothing."""
    share = (origin.hits + 1) / (origin.available + 4)
    source = origin.source
    sort = ("item", "argument", "output", "constant").index(origin.kind)
    order = tuple(
        -ord(letter) for letter in repr(rank_place(source) if isinstance(source, Place) else source)
    )
    return round(share, 4), origin.hits, sort, origin.after == "", order


def _applies(origin: Origin, after: str, frame: Frame) -> bool:
    if origin.after not in ("", after):
        return False
    return isinstance(origin.source, Constant) or any(True for _ in _resolve_values(origin.source, frame))


def _resolve_values(place: Place, frame: Frame) -> Iterator[JSONValue]:
    for item in list_items(place, frame):
        value = resolve(place.binding(), replace(frame, item=item))
        if value is not MISSING:
            yield value


def list_items(place: Place, frame: Frame) -> list[JSONValue]:
    """The items that a place can be read from: those of its list, or just one for a place that is no list."""
    if not place.is_list:
        return [MISSING]
    held = frame.outputs if place.kind == "output" else frame.arguments
    return expand(held.get(place.step, MISSING), place.list_path)


def origin_for(origins: Sequence[Origin], sight: Sight) -> Origin | None:
    """The first origin that exists before a call, the one that says what the argument is."""
    return next((each for each in origins if _applies(each, sight.after, sight.frame)), None)


def explain_leaves(
    sight: Sight, origins: Mapping[ArgumentKey, Sequence[Origin]]
) -> dict[Leaf, Origin | None]:
    """The leaves of a call whose origin gives exactly the recorded value, and `None` for the others.

    Leaves of one element that come from one list must come from one and the same item.
    """
    found: dict[Leaf, Origin | None] = dict.fromkeys(sight.leaves)
    shared: defaultdict[tuple[str, int, str], list[tuple[Leaf, Origin, Place]]] = defaultdict(list)
    for leaf in sight.leaves:
        origin = origin_for(origins.get((sight.call.tool, leaf.path), ()), sight)
        if origin is None:
            continue
        source = origin.source
        if isinstance(source, Constant):
            found[leaf] = origin if same(source.value, leaf.value) else None
        else:
            where = (leaf.group, source.step, source.list_path if source.is_list else source.path)
            shared[where].append((leaf, origin, source))
    for members in shared.values():
        found.update(_choose_best_item(members, sight.frame))
    return found


def _choose_best_item(
    members: Sequence[tuple[Leaf, Origin, Place]], frame: Frame
) -> dict[Leaf, Origin | None]:
    """What the item that explains most leaves explains."""
    best: dict[Leaf, Origin | None] = {}
    for item in list_items(members[0][2], frame):
        own = replace(frame, item=item)
        held: dict[Leaf, Origin | None] = {
            leaf: origin for leaf, origin, place in members if same(resolve(place.binding(), own), leaf.value)
        }
        if len(held) > len(best):
            best = held
    return best
