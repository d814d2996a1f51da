"""What a way of use saved, added up over segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.trace.trace import TokenUsage
from langchain_awo.optimizer.log.corpus import Call, Round, Segment
from langchain_awo.optimizer.replay.parts import Part
from langchain_awo.optimizer.replay.simulate import Simulation

Way: TypeAlias = Literal["called", "continued", "entry", "prefetched"]
"""How a meta-tool came to run: a model called it, unasked behind a call, at the start of a thread, ahead of the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedUse:
    """One use of a meta-tool in a recorded run.

    Attributes:
        behind: index of the model call behind which it ran.
        told: number of the step and recorded call of each call that it made and the recorded agent made too.
        vain: by number of the step, calls that the recorded agent did not make.
        guessed: by number of the step, calls of the same kind whose number nobody recorded.
        again: calls that another use had made already.
        anchor: the recorded call in whose place it ran, if a model called it.
    """

    meta_tool: MetaTool
    way: Way
    behind: int
    told: tuple[tuple[int, Call], ...]
    vain: Mapping[int, int]
    guessed: Mapping[int, float] = field(default_factory=dict)
    again: int = 0
    anchor: Call | None = None

    def tool(self, number: int) -> str:
        """The tool of a step."""
        return self.meta_tool.steps[number - 1].tool


@dataclass(slots=True)
class Moves:
    """What changed in one run: indexes of the model calls that were saved, and the uses that saved them."""

    saved: list[int] = field(default_factory=list)
    uses: list[ReplayedUse] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    """What one way of use saved; add tallies to sum over segments.

    Attributes:
        parts: saved model calls by what kind of call each is.
        usage: what the saved model calls cost.
        wasted: by tool, calls the recorded agents did not make.
        uses: by name of the meta-tool, how often it ran.
        unwanted_writes: uses that would have written what the recorded agent did not.
        moves: what changed in each run, by trace id; `""` until `of` says which run it was.
    """

    parts: Counter[str] = field(default_factory=Counter)
    usage: TokenUsage = field(default_factory=TokenUsage)
    wasted: Counter[str] = field(default_factory=Counter)
    uses: Counter[str] = field(default_factory=Counter)
    unwanted_writes: int = 0
    moves: dict[str, Moves] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Adds another tally to this one."""
        self.usage += other.usage
        for own, more in ((self.parts, other.parts), (self.wasted, other.wasted), (self.uses, other.uses)):
            if more:
                own.update(more)
        self.unwanted_writes += other.unwanted_writes
        for run, moves in other.moves.items():
            known = self._moves(run)
            known.saved += moves.saved
            known.uses += moves.uses

    def of(self, run: str) -> Tally:
        """The same tally, said to be of one run."""
        self.moves = dict.fromkeys([run], self._moves("")) if self.moves else {}
        return self

    def take(
        self,
        meta_tool: MetaTool,
        simulation: Simulation,
        segment: Segment,
        *,
        way: Way = "called",
        seen: Container[str] = (),
        made: Container[str] = (),
    ) -> None:
        """Counts a use.

        Args:
            seen: keys of calls that are not made again.
            made: keys of calls that other uses made and that are made again.
        """
        self.wasted.update(simulation.wasted(seen))
        self.uses[meta_tool.name] += 1
        use = _build_use(meta_tool, simulation, segment, way, seen)
        again = sum(call.key in made for _, call in use.told)
        self._moves("").uses.append(replace(use, again=again))

    def _moves(self, run: str) -> Moves:
        return self.moves.setdefault(run, Moves())

    def count(self, current: Round, part: Part | None) -> None:
        """Counts a saved round.

        Args:
            part: `None` where the ceiling's walk starts anew: only a routine knew a value that nobody had said.
        """
        reads = all(call.effect.is_read for call in current.calls)
        self.parts[part or ("flow" if reads else "flow_write")] += 1
        self.usage += current.usage
        self._moves("").saved.append(current.index)

    @property
    def saved(self) -> int:
        """Model calls saved."""
        return self.parts.total()

    @property
    def repeats(self) -> int:
        """Of these, calls that only repeat an earlier one of the same run."""
        return self.parts["repeat"]

    @property
    def tokens(self) -> int:
        """What the saved model calls cost, input and output."""
        return self.usage.total_tokens

    @property
    def over_fetched(self) -> float:
        """Tool calls the recorded agents did not make."""
        return sum(self.wasted.values())

    @property
    def over_fetch(self) -> float:
        """Over-fetched calls for each saved model call; 0 when nothing was saved or fetched."""
        return self.over_fetched / self.saved if self.saved else self.over_fetched


def _build_use(
    meta_tool: MetaTool, simulation: Simulation, segment: Segment, way: Way, seen: Container[str]
) -> ReplayedUse:
    start = segment.rounds[simulation.start]
    told: list[tuple[int, Call]] = []
    vain: Counter[int] = Counter()
    for number, keys in simulation.made.items():
        for key in dict.fromkeys(key for key in keys if key not in seen):
            if (position := simulation.reproduced.get(key)) is None:
                vain[number] += 1
            else:
                told.append(
                    (number, next(call for call in segment.rounds[position].calls if call.key == key))
                )
    anchor = next((call for call in start.calls if call.key == simulation.anchor), None)
    return ReplayedUse(
        meta_tool=meta_tool,
        way=way,
        behind=start.index,
        told=tuple(told),
        vain=vain,
        guessed=simulation.estimated,
        anchor=anchor if way == "called" else None,
    )
