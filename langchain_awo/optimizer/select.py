"""Chooses meta-tools by what they add to each other, under a budget of tools.

Savings are those of a replay on the given runs, so routines that overlap are not counted twice. Each pick is the
candidate that adds the most; picking ends with the budget or when nothing adds more than it costs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from langchain_awo.model.metatool import MetaTool
from langchain_awo.optimizer.corpus import Corpus, Run, Segment
from langchain_awo.optimizer.replay import Tally, Used, eager_part, walk_chooser, walk_continue
from langchain_awo.optimizer.simulate import simulate


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What things cost, in model calls.

    Attributes:
        over_fetch: a tool call nobody wanted, by its tokens in the prompts that follow.
        step: the schema of a meta-tool in every prompt, for each of its parameters and steps.
        min_gain: a meta-tool must add at least this many saved model calls.
        max_over_fetch: unwanted reads for each saved model call that a continued step may cause.
    """

    over_fetch: float = 0.05
    step: float = 0.05
    min_gain: float = 1.0
    max_over_fetch: float = 2.5


class Bench:
    """Simulations of candidates on some runs, each made once."""

    def __init__(self, corpus: Corpus) -> None:
        self.pairs: list[tuple[Run, Segment]] = list(corpus.segments())
        self._by_tool: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for index, (_, segment) in enumerate(self.pairs):
            for position, current in enumerate(segment.rounds):
                for tool in sorted({call.tool for call in current.calls}):
                    self._by_tool[tool].append((index, position))

    def simulations(self, meta_tool: MetaTool) -> Simulated:
        """Every place where a meta-tool could start, by segment and round."""
        found: Simulated = defaultdict(dict)
        for index, position in self._by_tool.get(meta_tool.steps[0].tool, ()):
            run, segment = self.pairs[index]
            simulations = list(simulate(meta_tool, run, segment, position))
            if simulations:
                found[index][position] = [(meta_tool, each) for each in simulations]
        return found

    def chooser(self, index: int, chosen: Sequence[Simulated]) -> Tally:
        """One segment with some meta-tools to choose from."""
        return walk_chooser(self.pairs[index][1], lambda position: _at(chosen, index, position))

    def continued(self, index: int, chosen: Sequence[Simulated]) -> Tally:
        """One segment with some meta-tools that continue."""
        return walk_continue(self.pairs[index][1], lambda position: _at(chosen, index, position))


Simulated = dict[int, dict[int, list[Used]]]


def _at(chosen: Sequence[Simulated], index: int, position: int) -> list[Used]:
    return [used for simulated in chosen for used in simulated.get(index, {}).get(position, ())]


def select(
    candidates: Sequence[MetaTool], corpus: Corpus, *, max_tools: int, prices: Prices
) -> list[MetaTool]:
    """The meta-tools to keep, the most useful first."""
    bench = Bench(corpus)
    marked = [mark_eager(candidate, bench, prices) for candidate in candidates]
    pool = [_Entry(each, bench.simulations(each), _continued(each, bench)) for each in marked]
    pool = [entry for entry in pool if entry.simulated]
    chosen: list[_Entry] = []
    state: dict[int, tuple[float, float]] = {}
    while len(chosen) < max_tools:
        gains = [(_gain(entry, chosen, bench, state, prices), entry) for entry in pool if entry not in chosen]
        best = max(
            gains, key=lambda pair: (pair[0], -len(pair[1].meta_tool.steps), pair[1].key), default=None
        )
        if best is None or best[0] < prices.min_gain:
            break
        chosen.append(best[1])
        for index in best[1].segments:
            state[index] = _value(index, chosen, bench, prices)
    return [entry.meta_tool for entry in chosen]


@dataclass(slots=True, eq=False)
class _Entry:
    meta_tool: MetaTool
    simulated: Simulated
    continued: Simulated

    @property
    def key(self) -> str:
        return repr(self.meta_tool.steps)

    @property
    def segments(self) -> list[int]:
        return sorted(self.simulated.keys() | self.continued.keys())


def _continued(meta_tool: MetaTool, bench: Bench) -> Simulated:
    shortened = eager_part(meta_tool)
    return bench.simulations(shortened) if shortened else {}


def _gain(
    entry: _Entry,
    chosen: list[_Entry],
    bench: Bench,
    state: Mapping[int, tuple[float, float]],
    prices: Prices,
) -> float:
    after = [_value(index, [*chosen, entry], bench, prices) for index in entry.segments]
    before = [state.get(index, (0.0, 0.0)) for index in entry.segments]
    gained = sum(sum(new) - sum(old) for new, old in zip(after, before, strict=True))
    return gained - prices.step * (len(entry.meta_tool.steps) + len(entry.meta_tool.parameters))


def _value(index: int, chosen: list[_Entry], bench: Bench, prices: Prices) -> tuple[float, float]:
    picked = bench.chooser(index, [entry.simulated for entry in chosen])
    run_on = bench.continued(index, [entry.continued for entry in chosen])
    return (
        picked.saved - picked.repeats - prices.over_fetch * picked.over_fetched,
        run_on.saved - run_on.repeats - prices.over_fetch * run_on.over_fetched,
    )


def mark_eager(candidate: MetaTool, bench: Bench, prices: Prices) -> MetaTool:
    """Marks the bound reads that are worth running unasked after the anchor, one after the other."""
    marked = candidate
    saved, fetched = 0, 0.0
    for position, step in enumerate(candidate.steps):
        if position == 0 or step.guard or not step.effect.is_read or not _bound_to_eager(marked, position):
            continue
        steps = list(marked.steps)
        steps[position] = replace(step, eager=True)
        tried = replace(marked, steps=tuple(steps))
        tally = _continue_tally(tried, bench)
        more, extra = tally.saved - tally.repeats - saved, tally.over_fetched - fetched
        if more > 0 and extra <= prices.max_over_fetch * more:
            marked, saved, fetched = tried, saved + more, fetched + extra
    return marked


def _bound_to_eager(meta_tool: MetaTool, position: int) -> bool:
    used = meta_tool.steps[position].depends_on
    return (
        all(number == 1 or meta_tool.steps[number - 1].eager for number in used)
        and not meta_tool.steps[0].over
    )


def _continue_tally(meta_tool: MetaTool, bench: Bench) -> Tally:
    simulated = _continued(meta_tool, bench)
    total = Tally()
    for index in simulated:
        total.add(bench.continued(index, [simulated]))
    return total
