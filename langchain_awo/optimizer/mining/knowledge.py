"""Where in the steps so far the arguments of the calls that follow stand, looked up once for each output.

Every occurrence keeps an index of the argument values of its followers. The output of each new step is walked once, for all
followers, tools and arguments together; what is found serves every form, and every fold of a trial.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.dataflow.argument_stats import ArgumentVotes
from langchain_awo.optimizer.dataflow.consensus import StepFlow
from langchain_awo.optimizer.dataflow.places import Place, find_longer_lists, find_places_in
from langchain_awo.optimizer.dataflow.value_index import Wanted
from langchain_awo.optimizer.log.corpus import Call
from langchain_awo.optimizer.mining.occurrences import Occurrence


class Knowledge:
    """What an occurrence's steps so far say about the arguments of its followers."""

    def __init__(self, occurrence: Occurrence) -> None:
        self.occurrence = occurrence
        self._index = Wanted(dict(_iterate_parts(occurrence.followers)))
        self._places: defaultdict[str, set[Place]] = defaultdict(set)
        self._longer: defaultdict[str, set[Place]] = defaultdict(set)
        for step in sorted(occurrence.frame.outputs.keys() | occurrence.frame.arguments.keys()):
            self.learn(step)

    def copy(self, occurrence: Occurrence) -> Knowledge:
        """The same for an occurrence that goes another way from here."""
        copied = object.__new__(Knowledge)
        copied.occurrence = occurrence
        copied._index = self._index
        copied._places = defaultdict(set, {key: set(places) for key, places in self._places.items()})
        copied._longer = defaultdict(set, {key: set(places) for key, places in self._longer.items()})
        return copied

    def learn(self, step: int) -> None:
        """Looks through the arguments and the output of a new step."""
        frame = self.occurrence.frame
        for key, place in find_places_in(step, frame, self._index):
            self._places[key].add(place)
        for key, place in find_longer_lists(step, frame, self._index):
            self._longer[key].add(place)

    def places(self, key: str) -> set[Place]:
        """The places that hold a value, by its `derive_value_key`."""
        return self._places[key]

    def longer_lists(self, key: str) -> set[Place]:
        """The places that hold a list of which a value is a part, by its `derive_value_key`."""
        return self._longer[key]


Shape: TypeAlias = frozenset[str]
"""The names of the arguments of a call; agents call one tool in several ways."""

MAX_SHAPES: Final = 3
"""Ways to call a tool that are looked at one by one, those of the most tasks first."""


def find_shapes(tool: str, occurrences: Iterable[Occurrence], *, min_tasks: int) -> list[Shape | None]:
    """The ways in which a tool is called in enough tasks, and `None` for all of them together."""
    tasks: defaultdict[Shape, set[str]] = defaultdict(set)
    for occurrence in occurrences:
        for call in occurrence.followers:
            if call.tool == tool:
                tasks[frozenset(call.args)].add(occurrence.task)
    ranked = sorted(tasks, key=lambda shape: (-len(tasks[shape]), sorted(shape)))
    common = [shape for shape in ranked if len(tasks[shape]) >= min_tasks][:MAX_SHAPES]
    return [None, *common] if len(tasks) > 1 else [None]


def learn_flow(tool: str, known: Iterable[Knowledge], shape: Shape | None = None) -> StepFlow:
    """What the recorded calls of a tool say of its arguments; calls of one occurrence weigh one together.

    Args:
        shape: only calls with exactly these arguments.
    """
    votes: defaultdict[str, ArgumentVotes] = defaultdict(ArgumentVotes)
    total, number = 0.0, 0
    for knowledge in known:
        calls = [
            call
            for call in knowledge.occurrence.followers
            if call.tool == tool and (shape is None or call.args.keys() == shape)
        ]
        for call in calls:
            weight = 1 / len(calls)
            total += weight
            for name, value in call.args.items():
                for part_votes, _, key in votes[name].count(value, weight):
                    part_votes.agree(knowledge.places(key), key, example=number, weight=weight)
                    part_votes.agree_partly(knowledge.longer_lists(key), weight=weight)
            number += 1
    return StepFlow(total, dict(sorted(votes.items())))


def _iterate_parts(calls: Iterable[Call]) -> Iterator[tuple[str, JSONValue]]:
    scratch = ArgumentVotes()
    for call in calls:
        for value in call.args.values():
            for _, part, key in scratch.count(value, 0.0):
                yield key, part
