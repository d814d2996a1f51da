"""How many arguments of recorded calls are explained by origins learned from other tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.dataflow.observations import Leaf, Sight, collect_sights, is_each, number_sources
from langchain_awo.optimizer.dataflow.origins import Origin, explain_leaves, learn_origins
from langchain_awo.optimizer.dataflow.places import find_places
from langchain_awo.optimizer.dataflow.value_index import derive_value_key
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.log.words_in_text import iterate_scalars
from langchain_awo.optimizer.replay.evaluate import split


@dataclass(slots=True, kw_only=True)
class Coverage:
    """Scalar arguments of calls that have a call before them, and what became of them.

    Attributes:
        arguments: how many there are.
        covered: by kind of origin, those whose origin gives exactly the recorded value.
        unique: those whose value stands exactly once in all earlier outputs; what a single trace can tell.
        missed: not covered though an earlier output or argument holds the value, by tool and pointer.
        said: not covered and in no earlier call, but somewhere in the text before, such as a user message.
        nowhere: not covered, and nowhere before the call: no place could explain them.
    """

    arguments: int = 0
    covered: Counter[str] = field(default_factory=Counter)
    unique: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    said: int = 0
    nowhere: int = 0

    @property
    def share(self) -> float:
        """Share of the arguments that are covered."""
        return self.covered.total() / max(1, self.arguments)

    def part(self, count: int) -> float:
        """A count as a share of the arguments."""
        return count / max(1, self.arguments)


def measure_coverage(corpus: Corpus, *, held_out: float = 0.5, seed: int = 0) -> Coverage:
    """Learns origins from some tasks and tries them on the calls of the others.

    Args:
        corpus: any runs; runs of one task are never split.
        held_out: share of the tasks that is held out.
        seed: which tasks those are.

    Raises:
        CompileError: there are fewer than two tasks, or the share leaves one side empty.
    """
    train, rest = split(corpus, held_out=held_out, seed=seed)
    sources = number_sources(corpus)
    origins = learn_origins(collect_sights(train, sources))
    total = Coverage()
    for sight in collect_sights(rest, sources):
        _count(sight, explain_leaves(sight, origins), total)
    return total


def _count(sight: Sight, found: dict[Leaf, Origin | None], total: Coverage) -> None:
    places = _find_held_keys(sight)
    standing = Counter(map(derive_value_key, _iterate_output_leaves(sight)))
    for leaf, origin in found.items():
        key = derive_value_key(leaf.value)
        total.arguments += 1
        total.unique += standing[key] == 1
        if origin:
            total.covered[origin.kind] += 1
        elif key in places:
            total.missed[f"{sight.call.tool} {leaf.path}"] += 1
        elif sight.run.known(leaf.value, before=sight.current.start):
            total.said += 1
        else:
            total.nowhere += 1


def _find_held_keys(sight: Sight) -> frozenset[str]:
    """Keys of the values of a call that some place before it holds as they are."""
    wanted = {derive_value_key(leaf.value): leaf.value for leaf in sight.leaves}
    return frozenset(key for key, place in find_places(sight.frame, wanted) if place.is_plain)


def _iterate_output_leaves(sight: Sight) -> Iterator[JSONValue]:
    for step, output in sight.frame.outputs.items():
        if is_each(step):
            yield from iterate_scalars(output)
