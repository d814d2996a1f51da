"""What candidates cover of recorded runs: each is simulated once, and every choice of its steps is read off that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.ir.trimming import renumber_steps
from langchain_awo.model.stepping.outcome import MAX_UNASKED_CALLS
from langchain_awo.model.text.encoding import compute_digest
from langchain_awo.optimizer.log.corpus import Corpus, Run, Segment
from langchain_awo.optimizer.replay.budget import within_budget
from langchain_awo.optimizer.replay.counterfactual import walk_blind, walk_continue
from langchain_awo.optimizer.replay.parts import Part, classify_rounds
from langchain_awo.optimizer.replay.simulate import Simulation, simulate
from langchain_awo.optimizer.replay.simulations import Used
from langchain_awo.optimizer.replay.tally import Tally

MAX_ROUNDS: Final = 20_000
"""Rounds of the runs that selection looks at; of a larger log the traces with the smallest digests."""

Steps: TypeAlias = frozenset[int]
"""Numbers of the steps of a candidate that are chosen; the first always is."""

Choice: TypeAlias = tuple[tuple[int, Steps], ...]
"""Candidates by position, each with its chosen steps, in order."""


@dataclass(slots=True, eq=False)
class Candidate:
    """A grown routine, and what it would do in each place where it could run.

    Attributes:
        places: by position of the segment and of the round, a simulation for each anchor call there.
    """

    meta_tool: MetaTool
    places: dict[int, dict[int, list[Simulation]]]
    _parts: dict[tuple[int, int, Steps, bool], list[Simulation]] = field(default_factory=dict)
    _shown: dict[Steps, MetaTool] = field(default_factory=dict)

    def closed(self, steps: Steps) -> Steps:
        """The steps with all that they depend on."""
        numbers = set(steps) | {1}
        for number in range(len(self.meta_tool.steps), 0, -1):
            if number in numbers:
                numbers |= self.meta_tool.steps[number - 1].depends_on
        return frozenset(numbers)

    def restricted(self, steps: Steps) -> MetaTool:
        """The meta-tool with the chosen steps only."""
        if steps not in self._shown:
            chosen = renumber_steps({number: self.meta_tool.steps[number - 1] for number in sorted(steps)})
            promise = replace(self.meta_tool.evidence, calls_saved=float(len(chosen) - 1))
            self._shown[steps] = replace(self.meta_tool, steps=chosen, evidence=promise)
        return self._shown[steps]

    def simulations(self, index: int, position: int, steps: Steps, *, unasked: bool) -> list[Simulation]:
        """What the chosen steps would do at a place; unasked, they may make only so many calls."""
        key = (index, position, steps, unasked)
        if key not in self._parts:
            simulations = [
                simulation.part(steps) for simulation in self.places.get(index, {}).get(position, ())
            ]
            if unasked:
                kept = self.restricted(steps)
                simulations = [
                    within_budget(simulation, kept, calls=MAX_UNASKED_CALLS) for simulation in simulations
                ]
            self._parts[key] = simulations
        return self._parts[key]


class Cover:
    """Some runs and the candidates on them; remembers what every choice saves in every segment."""

    def __init__(self, corpus: Corpus, routines: Sequence[MetaTool]) -> None:
        self.corpus = corpus
        self.segments: list[tuple[Run, Segment, list[Part | None]]] = list(
            classify_rounds(sample_corpus(corpus))
        )
        self._starts = self._find_starts()
        self.candidates = [Candidate(routine, self._simulated(routine)) for routine in routines]
        self._tallies: dict[tuple[str, int, Choice], Tally] = {}

    def tally(self, choice: Mapping[int, Steps], *, unasked: bool, touched: set[int] | None = None) -> Tally:
        """What a choice saves, chosen blindly by a model or run unasked, in all segments or in some."""
        total = Tally()
        for index in sorted(touched if touched is not None else self.touched(choice)):
            total.add(self.segment_tally(index, choice, unasked=unasked))
        return total

    def touched(self, choice: Mapping[int, Steps]) -> set[int]:
        """Segments in which any of the chosen could run."""
        return {index for number in choice for index in self.candidates[number].places}

    def segment_tally(self, index: int, choice: Mapping[int, Steps], *, unasked: bool) -> Tally:
        """What a choice saves in one segment."""
        relevant: Choice = tuple(
            (number, choice[number]) for number in sorted(choice) if index in self.candidates[number].places
        )
        key = ("unasked" if unasked else "blind", index, relevant)
        if key not in self._tallies:
            run, segment, parts = self.segments[index]
            walk = walk_continue if unasked else walk_blind
            self._tallies[key] = walk(segment, parts, self._found(index, relevant, unasked=unasked)).of(
                run.trace_id
            )
        return self._tallies[key]

    def _found(self, index: int, choice: Choice, *, unasked: bool) -> Callable[[int], list[Used]]:
        chosen = [(self.candidates[number], steps) for number, steps in choice]

        def found(position: int) -> list[Used]:
            return [
                (candidate.restricted(steps), simulation)
                for candidate, steps in chosen
                if position in candidate.places[index]
                for simulation in candidate.simulations(index, position, steps, unasked=unasked)
            ]

        return found

    def _simulated(self, routine: MetaTool) -> dict[int, dict[int, list[Simulation]]]:
        places: dict[int, dict[int, list[Simulation]]] = {}
        for index, position in self._starts.get(routine.steps[0].tool, ()):
            run, segment, _ = self.segments[index]
            if simulations := list(simulate(routine, run, segment, position, blind=True)):
                places.setdefault(index, {})[position] = simulations
        return places

    def _find_starts(self) -> dict[str, list[tuple[int, int]]]:
        """By tool, segments and rounds that call it; a loop on one call is one place to start from, not hundreds."""
        found: dict[str, list[tuple[int, int]]] = {}
        for index, (_, segment, _) in enumerate(self.segments):
            before: frozenset[str] = frozenset()
            for position, current in enumerate(segment.rounds):
                for tool in {call.tool for call in current.calls} if current.keys != before else ():
                    found.setdefault(tool, []).append((index, position))
                before = current.keys
        return found


def sample_corpus(corpus: Corpus) -> Corpus:
    """The corpus, or of a large one the traces with the smallest digests, so that any order gives the same."""
    total = sum(len(segment.rounds) for _, segment in corpus.segments())
    if total <= MAX_ROUNDS:
        return corpus
    kept: set[str] = set()
    rounds = 0
    for run in sorted(corpus.runs, key=lambda run: compute_digest(run.trace_id)):
        rounds += sum(len(segment.rounds) for segment in run.segments)
        if rounds > MAX_ROUNDS and kept:
            break
        kept.add(run.trace_id)
    return replace(corpus, runs=tuple(run for run in corpus.runs if run.trace_id in kept))
