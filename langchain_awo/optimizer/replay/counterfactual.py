"""Replays a toolkit on recorded runs and counts the model calls it would have saved, in three ways of use.

*Chooser*: the agent picks a meta-tool whenever it helps and its parameters are known; it knows what the reads will show.
*Blind*: whoever calls a meta-tool knows only what was known before it started, so it is used wherever it applies; reads that the
recorded agent decided against are fetched in vain, and a write that the recording does not have is an unwanted write.
*Continue*: the agent makes the anchor call itself and the eager steps run after it, wanted or not.

In all of them a model call counts as saved only if every tool call it issued was made by a meta-tool with exactly the same
arguments, and a read counts only as long as the world had not changed since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.stepping.outcome import MAX_UNASKED_CALLS
from langchain_awo.optimizer.log.corpus import Corpus, Round, Run, Segment
from langchain_awo.optimizer.replay.budget import within_budget
from langchain_awo.optimizer.replay.parts import Part
from langchain_awo.optimizer.replay.simulate import Simulation
from langchain_awo.optimizer.replay.simulations import Simulations, Used
from langchain_awo.optimizer.replay.tally import Tally

FoundAt: TypeAlias = Callable[[int], list[Used]]
"""What could be used in the round at a position."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A toolkit replayed on a corpus."""

    model_calls: int
    chooser: Tally
    blind: Tally
    continue_: Tally


def replay(
    meta_tools: Sequence[MetaTool], corpus: Corpus, *, simulations: Simulations | None = None
) -> Replay:
    """All ways of use, over every segment of the corpus.

    Args:
        simulations: on the corpus, if more will ask for them.
    """
    known = simulations or Simulations(corpus)
    chooser, blind, continued = Tally(), Tally(), Tally()
    for run, segment, parts in known.segments:
        chooser.add(replay_chooser(meta_tools, run, segment, parts, known))
        blind.add(replay_blind(meta_tools, run, segment, parts, known))
        continued.add(replay_continue(meta_tools, run, segment, parts, known))
    return Replay(corpus.model_calls, chooser, blind, continued)


def replay_chooser(
    meta_tools: Sequence[MetaTool],
    run: Run,
    segment: Segment,
    parts: Sequence[Part | None],
    simulations: Simulations,
) -> Tally:
    """One segment with an agent that uses whatever helps."""
    tally = walk_chooser(segment, parts, lambda at: simulations.find(meta_tools, run, segment, at))
    return tally.of(run.trace_id)


def replay_blind(
    meta_tools: Sequence[MetaTool],
    run: Run,
    segment: Segment,
    parts: Sequence[Part | None],
    simulations: Simulations,
) -> Tally:
    """One segment with an agent that uses what applies, and does not know what it will show."""
    tally = walk_blind(segment, parts, lambda at: simulations.find(meta_tools, run, segment, at, blind=True))
    return tally.of(run.trace_id)


def replay_continue(
    meta_tools: Sequence[MetaTool],
    run: Run,
    segment: Segment,
    parts: Sequence[Part | None],
    simulations: Simulations,
) -> Tally:
    """One segment with the eager steps run after every anchor call."""
    eager = simulations.list_eager_parts(meta_tools)
    tally = walk_continue(
        segment, parts, lambda at: _within_budget(simulations.find(eager, run, segment, at))
    )
    return tally.of(run.trace_id)


def _within_budget(found: Iterable[Used]) -> list[Used]:
    return [(each, within_budget(simulation, each, calls=MAX_UNASKED_CALLS)) for each, simulation in found]


def walk_chooser(segment: Segment, parts: Sequence[Part | None], found: FoundAt) -> Tally:
    """One segment, given what could be used in each round."""
    tally, fetched = Tally(), Fetched()
    for position, current in enumerate(segment.rounds):
        if fetched.covers(current, position):
            tally.count(current, parts[position])
            continue
        for meta_tool, simulation in choose(found(position), segment, fetched):
            _use(meta_tool, simulation, segment, fetched, tally)
    return tally


def walk_blind(segment: Segment, parts: Sequence[Part | None], found: FoundAt) -> Tally:
    """One segment, given what could be used in each round; of several for one call the one that usually saves most is."""
    tally, fetched = Tally(), Fetched()
    for position, current in enumerate(segment.rounds):
        if fetched.covers(current, position):
            tally.count(current, parts[position])
            continue
        asked: set[str] = set()
        for meta_tool, simulation in choose_best_by_anchor(found(position)).values():
            if simulation.anchor in asked:
                continue  # who names both cities asks once for what lies between them
            asked.update(_list_asked(meta_tool, simulation))
            _use(meta_tool, simulation, segment, fetched, tally)
            tally.unwanted_writes += simulation.unwanted
    return tally


def _list_asked(meta_tool: MetaTool, simulation: Simulation) -> Iterator[str]:
    """Keys of the calls whose arguments the caller says itself."""
    made = simulation.made.items()
    return (key for number, keys in made if meta_tool.steps[number - 1].is_lookup for key in keys)


def choose_best_by_anchor(found: Iterable[Used]) -> dict[str, Used]:
    """For each call that something could be used in place of, what usually saves most."""
    best: dict[str, Used] = {}
    for used in found:
        known = best.setdefault(used[1].anchor, used)
        if _rank_promise(used[0]) > _rank_promise(known[0]):
            best[used[1].anchor] = used
    return best


def _rank_promise(meta_tool: MetaTool) -> tuple[bool, float, str]:
    """What a caller goes by: one that is named after a write is called by whoever wants the write."""
    return not meta_tool.effect.is_read, meta_tool.evidence.calls_saved, meta_tool.name


def _use(
    meta_tool: MetaTool, simulation: Simulation, segment: Segment, fetched: Fetched, tally: Tally
) -> None:
    fetched.add(simulation, segment)
    tally.take(meta_tool, simulation, segment)


def walk_continue(segment: Segment, parts: Sequence[Part | None], found: FoundAt) -> Tally:
    """One segment, given what would run after each round."""
    tally, fetched = Tally(), Fetched()
    seen: set[str] = set()
    for position, current in enumerate(segment.rounds):
        if fetched.covers(current, position):
            tally.count(current, parts[position])
            continue
        seen |= current.keys
        for meta_tool, simulation in found(position):
            if new := simulation.keys - seen:
                fetched.add(simulation, segment)
                tally.take(meta_tool, simulation, segment, way="continued", seen=seen)
                seen |= new
    return tally


def choose(found: Iterable[Used], segment: Segment, fetched: Fetched) -> list[Used]:
    """The simulations an agent that knows what it wants would use: all that help, none that does not.

    Calls of one model call run side by side, so at most one of them may write.
    """
    pairs = list(found)
    reads = [pair for pair in pairs if pair[0].effect.is_read]
    writes = [pair for pair in pairs if not pair[0].effect.is_read]
    best: list[Used] = _prune_useless(reads, segment, fetched)
    saved = _find_saved(best, segment, fetched)
    for pair in writes:
        chosen = _prune_useless([pair, *reads], segment, fetched)
        more = _find_saved(chosen, segment, fetched)
        if len(more) > len(saved):
            best, saved = chosen, more
    return best


def _prune_useless(pairs: list[Used], segment: Segment, fetched: Fetched) -> list[Used]:
    kept = sorted(pairs, key=lambda pair: (-sum(pair[1].wasted().values()), pair[0].name))
    saved = _find_saved(kept, segment, fetched)
    for pair in list(kept):
        without = [other for other in kept if other is not pair]
        if _find_saved(without, segment, fetched) == saved:
            kept = without
    return kept


def _find_saved(pairs: Iterable[Used], segment: Segment, fetched: Fetched) -> set[int]:
    together = Fetched(dict(fetched.valid))
    start = -1
    for _, simulation in pairs:
        together.add(simulation, segment)
        start = simulation.start
    if start < 0:
        return set()
    later = range(start + 1, len(segment.rounds))
    return {position for position in later if together.covers(segment.rounds[position], position)}


@dataclass(slots=True)
class Fetched:
    """Calls that meta-tools made: from and up to which round of the segment their results hold."""

    valid: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, simulation: Simulation, segment: Segment) -> None:
        """Takes in what a use made."""
        for key, position in simulation.reproduced.items():
            call = next(call for call in segment.rounds[position].calls if call.key == key)
            span = (position, simulation.until if call.effect.is_read else position + 1)
            known = self.valid.get(key, span)
            self.valid[key] = (min(known[0], span[0]), max(known[1], span[1]))

    def covers(self, current: Round, position: int) -> bool:
        """Whether every call of a round was made and still holds."""
        for call in current.calls:
            low, high = self.valid.get(call.key, (0, 0))
            if not low <= position < high:
                return False
        return True
