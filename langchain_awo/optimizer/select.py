"""Chooses meta-tools by what they add to each other, under a budget of tools.

Savings are those of a replay on the given runs, so routines that overlap are not counted twice. Each pick is the
candidate that adds the most; picking ends with the budget or when nothing adds more than it costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from langchain_awo.model.metatool import MetaTool
from langchain_awo.optimizer.bench import Bench, Prices, Simulated
from langchain_awo.optimizer.corpus import Corpus
from langchain_awo.optimizer.eager import add_eager


def select(
    candidates: Sequence[MetaTool], corpus: Corpus, *, max_tools: int, prices: Prices
) -> list[MetaTool]:
    """The meta-tools to keep: those to choose from, the most useful first, then those that only continue."""
    bench = Bench(corpus)
    pool = [_Entry(each, bench.simulations(each)) for each in candidates]
    pool = [entry for entry in pool if entry.simulated]
    chosen: list[_Entry] = []
    state: dict[int, float] = {}
    while len(chosen) < max_tools:
        gains = [(_gain(entry, chosen, bench, state, prices), entry) for entry in pool if entry not in chosen]
        best = max(
            gains, key=lambda pair: (pair[0], -len(pair[1].meta_tool.steps), pair[1].key), default=None
        )
        if best is None or best[0] < prices.min_gain:
            break
        chosen.append(best[1])
        for index in best[1].simulated:
            state[index] = _value(index, chosen, bench, prices)
    kept = [replace(entry.meta_tool, mode_reason="its parameters are the model's to say") for entry in chosen]
    return add_eager(kept, candidates, bench, max_tools=max_tools, prices=prices)


@dataclass(slots=True, eq=False)
class _Entry:
    meta_tool: MetaTool
    simulated: Simulated

    @property
    def key(self) -> str:
        return repr(self.meta_tool.steps)


def _gain(
    entry: _Entry, chosen: list[_Entry], bench: Bench, state: Mapping[int, float], prices: Prices
) -> float:
    together = [*chosen, entry]
    gained = sum(_value(i, together, bench, prices) - state.get(i, 0.0) for i in entry.simulated)
    return gained - prices.step * (len(entry.meta_tool.steps) + len(entry.meta_tool.parameters))


def _value(index: int, chosen: list[_Entry], bench: Bench, prices: Prices) -> float:
    picked = bench.chooser(index, [entry.simulated for entry in chosen])
    return picked.saved - picked.repeats - prices.over_fetch * picked.over_fetched
