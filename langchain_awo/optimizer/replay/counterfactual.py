"""Replays a toolkit on recorded runs and counts the model calls it would have saved.

Two ways of use are measured. *Chooser*: the agent picks a meta-tool whenever it applies and its parameters are known.
*Continue*: the agent makes the anchor call itself and the eager steps run after it, wanted or not. In both a model
call counts as saved only if every tool call it issued was made by a meta-tool with exactly the same arguments, and a
read counts only as long as the world had not changed since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from langchain_awo.model.eager import eager_part
from langchain_awo.model.metatool import MetaTool
from langchain_awo.model.trace import TokenUsage
from langchain_awo.optimizer.log.corpus import Corpus, Round, Run, Segment
from langchain_awo.optimizer.replay.simulate import Simulation, simulate

Used: TypeAlias = tuple[MetaTool, Simulation]
"""A meta-tool and what it would do in a place."""


@dataclass(slots=True)
class Tally:
    """What one way of use saved; add tallies to sum over segments.

    Attributes:
        saved: model calls.
        repeats: of these, calls that only repeat an earlier one of the same segment.
        usage: what the saved model calls cost.
        wasted: by tool, calls the recorded agents did not make.
        uses: by name of the meta-tool, how often it ran.
    """

    saved: int = 0
    repeats: int = 0
    usage: TokenUsage = field(default_factory=TokenUsage)
    wasted: Counter[str] = field(default_factory=Counter)
    uses: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Adds another tally to this one."""
        self.saved += other.saved
        self.repeats += other.repeats
        self.usage += other.usage
        self.wasted.update(other.wasted)
        self.uses.update(other.uses)

    @property
    def tokens(self) -> int:
        """What the saved model calls cost, input and output."""
        return self.usage.total_tokens

    @property
    def over_fetched(self) -> float:
        """Tool calls the recorded agents did not make."""
        return sum(self.wasted.values())

    def net_tokens(self, sizes: Mapping[str, float]) -> float:
        """Tokens of the saved model calls, less the outputs fetched in vain, each read once by the next model call.

        Args:
            sizes: mean output of each tool, in tokens.
        """
        return self.tokens - self.wasted_tokens(sizes)

    def wasted_tokens(self, sizes: Mapping[str, float]) -> float:
        """Tokens of the outputs fetched in vain, each read once by the next model call.

        Args:
            sizes: mean output of each tool, in tokens.
        """
        return sum(count * sizes.get(tool, 0.0) for tool, count in self.wasted.items())

    @property
    def over_fetch(self) -> float:
        """Over-fetched calls for each saved model call; 0 when nothing was saved or fetched."""
        return self.over_fetched / self.saved if self.saved else self.over_fetched


@dataclass(frozen=True, slots=True)
class Replay:
    """A toolkit replayed on a corpus."""

    model_calls: int
    chooser: Tally
    continue_: Tally


def replay(meta_tools: Sequence[MetaTool], corpus: Corpus) -> Replay:
    """Both ways of use, over every segment of the corpus."""
    chooser, continued = Tally(), Tally()
    for run, segment in corpus.segments():
        chooser.add(replay_chooser(meta_tools, run, segment))
        continued.add(replay_continue(meta_tools, run, segment))
    return Replay(corpus.model_calls, chooser, continued)


def replay_chooser(meta_tools: Sequence[MetaTool], run: Run, segment: Segment) -> Tally:
    """One segment with an agent that uses whatever helps."""

    def found(position: int) -> list[Used]:
        return [(each, sim) for each in meta_tools for sim in simulate(each, run, segment, position)]

    return walk_chooser(segment, found)


def walk_chooser(segment: Segment, found: Callable[[int], list[Used]]) -> Tally:
    """One segment, given what could be used in each round."""
    tally, fetched = Tally(), _Fetched()
    done: set[str] = set()
    for position, current in enumerate(segment.rounds):
        if fetched.covers(current, position):
            _count(tally, current, done)
            continue
        done |= current.keys
        for meta_tool, simulation in choose(found(position), segment, fetched):
            fetched.add(simulation, segment)
            tally.wasted.update(simulation.wasted())
            tally.uses[meta_tool.name] += 1
    return tally


def replay_continue(meta_tools: Sequence[MetaTool], run: Run, segment: Segment) -> Tally:
    """One segment with the eager steps run after every anchor call."""
    eager = [shortened for shortened in map(eager_part, meta_tools) if shortened]

    def found(position: int) -> list[Used]:
        return [(each, sim) for each in eager for sim in simulate(each, run, segment, position)]

    return walk_continue(segment, found)


def walk_continue(segment: Segment, found: Callable[[int], list[Used]]) -> Tally:
    """One segment, given what would run after each round."""
    tally, fetched = Tally(), _Fetched()
    seen: set[str] = set()
    done: set[str] = set()
    for position, current in enumerate(segment.rounds):
        if fetched.covers(current, position):
            _count(tally, current, done)
            continue
        seen |= current.keys
        done |= current.keys
        for meta_tool, simulation in found(position):
            new = simulation.made - seen
            if new:
                fetched.add(simulation, segment)
                tally.wasted.update(simulation.wasted(seen))
                tally.uses[meta_tool.name] += 1
                seen |= new
    return tally


def choose(found: Iterable[Used], segment: Segment, fetched: _Fetched) -> list[Used]:
    """The simulations an agent that knows what it wants would use: all that help, none that does not.

    Calls of one model call run side by side, so at most one of them may write.
    """
    pairs = list(found)
    reads = [pair for pair in pairs if pair[0].effect.is_read]
    writes = [pair for pair in pairs if not pair[0].effect.is_read]
    best: list[Used] = _pruned(reads, segment, fetched)
    saved = _saved(best, segment, fetched)
    for pair in writes:
        chosen = _pruned([pair, *reads], segment, fetched)
        more = _saved(chosen, segment, fetched)
        if len(more) > len(saved):
            best, saved = chosen, more
    return best


def _pruned(pairs: list[Used], segment: Segment, fetched: _Fetched) -> list[Used]:
    kept = sorted(pairs, key=lambda pair: (-sum(pair[1].wasted().values()), pair[0].name))
    saved = _saved(kept, segment, fetched)
    for pair in list(kept):
        without = [other for other in kept if other is not pair]
        if _saved(without, segment, fetched) == saved:
            kept = without
    return kept


def _saved(pairs: Iterable[Used], segment: Segment, fetched: _Fetched) -> set[int]:
    together = _Fetched(dict(fetched.valid))
    start = -1
    for _, simulation in pairs:
        together.add(simulation, segment)
        start = simulation.start
    if start < 0:
        return set()
    later = range(start + 1, len(segment.rounds))
    return {position for position in later if together.covers(segment.rounds[position], position)}


@dataclass(slots=True)
class _Fetched:
    """Calls that meta-tools made: from and up to which round of the segment their results hold."""

    valid: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, simulation: Simulation, segment: Segment) -> None:
        for key, position in simulation.reproduced.items():
            call = next(call for call in segment.rounds[position].calls if call.key == key)
            span = (position, simulation.until if call.effect.is_read else position + 1)
            known = self.valid.get(key, span)
            self.valid[key] = (min(known[0], span[0]), max(known[1], span[1]))

    def covers(self, current: Round, position: int) -> bool:
        spans = [self.valid.get(call.key, (0, 0)) for call in current.calls]
        return all(low <= position < high for low, high in spans)


def _count(tally: Tally, current: Round, done: set[str]) -> None:
    """Counts a saved round; `done` has the keys of all rounds of the segment before it, and then its own."""
    tally.saved += 1
    tally.usage += current.usage
    tally.repeats += current.keys <= done
    done |= current.keys
