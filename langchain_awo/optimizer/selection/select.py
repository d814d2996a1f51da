"""Chooses meta-tools by what they add to each other, under a budget of tools.

Savings are those of a replay on the given runs, so routines that overlap are not counted twice. Each pick is the
candidate that adds the most; picking ends with the budget or when nothing adds more than it costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from langchain_awo.model.eager import eager_part
from langchain_awo.model.metatool import MetaTool
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.replay.cost import Bench, Prices, Simulated
from langchain_awo.optimizer.replay.counterfactual import Tally
from langchain_awo.optimizer.selection.eager import add_eager
from langchain_awo.optimizer.selection.naming import name_all
from langchain_awo.optimizer.selection.unite import unite


def select(
    candidates: Sequence[MetaTool],
    corpus: Corpus,
    *,
    max_tools: int,
    prices: Prices,
    former: Sequence[MetaTool] = (),
) -> list[MetaTool]:
    """The meta-tools to keep: those to choose from, the most useful first, then those that only continue.

    Args:
        former: candidates that come before all others as long as they add enough themselves: a change has to be reviewed.
    """
    bench = Bench(corpus)

    def entries(meta_tools: Iterable[MetaTool]) -> list[_Entry]:
        shown = (name_all([each], corpus)[0] for each in meta_tools)
        found = (_Entry(each, bench.simulations(each), bench.cost_of_schema(each, prices)) for each in shown)
        return [entry for entry in found if entry.simulated]

    chosen: list[_Entry] = []
    _pick(
        entries(each for each in former if each.mode != "continue"),
        chosen,
        bench,
        max_tools=max_tools,
        prices=prices,
    )
    settled = [entry.meta_tool for entry in chosen]
    _pick(entries(candidates), chosen, bench, max_tools=max_tools, prices=prices)
    kept = [replace(entry.meta_tool, mode_reason="its parameters are the model's to say") for entry in chosen]
    continuing = [each for each in former if each.mode == "continue"]
    final = add_eager(kept, candidates, bench, max_tools=max_tools, prices=prices, former=continuing)
    united = unite(final, bench, prices=prices, settled=[*settled, *continuing])
    return [_with_savings(meta_tool, bench) for meta_tool in united]


def _pick(
    pool: Sequence[_Entry], chosen: list[_Entry], bench: Bench, *, max_tools: int, prices: Prices
) -> None:
    """Adds to what is chosen, each time the one that adds the most, as long as that is enough."""
    touched = {index for entry in chosen for index in entry.simulated}
    state = {index: _value(index, chosen, bench, prices) for index in touched}
    while len(chosen) < max_tools:
        gains = [(_gain(entry, chosen, bench, state, prices), entry) for entry in pool if entry not in chosen]
        best = max(
            gains, key=lambda pair: (pair[0], -len(pair[1].meta_tool.steps), pair[1].key), default=None
        )
        if best is None or best[0] < prices.min_gain:
            return
        chosen.append(best[1])
        for index in best[1].simulated:
            state[index] = _value(index, chosen, bench, prices)


def _with_savings(meta_tool: MetaTool, bench: Bench) -> MetaTool:
    """What one use saves, by a replay of this meta-tool alone on the runs it was compiled from."""
    continues = meta_tool.mode == "continue"
    simulated = bench.simulations((eager_part(meta_tool) if continues else None) or meta_tool)
    total = Tally()
    for index in simulated:
        total.add(bench.continued(index, [simulated]) if continues else bench.chooser(index, [simulated]))
    uses = max(1, sum(total.uses.values()))
    evidence = replace(
        meta_tool.evidence,
        calls_saved=round((total.saved - total.repeats) / uses, 3),
        over_fetch=round(total.over_fetch, 3),
        net_tokens=round(total.net_tokens(bench.corpus.output_tokens) / max(1, len(bench.corpus.runs)), 1),
    )
    return replace(meta_tool, evidence=evidence)


@dataclass(slots=True, eq=False)
class _Entry:
    meta_tool: MetaTool
    simulated: Simulated
    cost: float

    @property
    def key(self) -> str:
        return repr(self.meta_tool.steps)


def _gain(
    entry: _Entry, chosen: list[_Entry], bench: Bench, state: Mapping[int, float], prices: Prices
) -> float:
    together = [*chosen, entry]
    gained = sum(_value(i, together, bench, prices) - state.get(i, 0.0) for i in entry.simulated)
    return gained - entry.cost


def _value(index: int, chosen: list[_Entry], bench: Bench, prices: Prices) -> float:
    picked = bench.chooser(index, [entry.simulated for entry in chosen])
    return picked.saved - picked.repeats - prices.over_fetch * picked.over_fetched
