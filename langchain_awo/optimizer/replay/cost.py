"""What a routine saves on recorded runs, each simulation made once; and what things cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from langchain_awo.model.metatool import MetaTool
from langchain_awo.optimizer.log.corpus import Corpus, Run, Segment
from langchain_awo.optimizer.replay.counterfactual import Tally, Used, walk_chooser, walk_continue
from langchain_awo.optimizer.replay.simulate import simulate
from langchain_awo.optimizer.selection.naming import schema_tokens

Simulated: TypeAlias = dict[int, dict[int, list[Used]]]
"""What a meta-tool would do, by position of the segment in the bench and of the round in the segment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What things cost, in model calls.

    Attributes:
        over_fetch: a tool call nobody wanted, by its tokens in the prompts that follow.
        schema: what a token of a schema costs that stands in every prompt, of what other tokens cost. Providers bill
            the unchanged beginning of a prompt at about a tenth; and a saved model call is also the time that somebody
            would have waited, here taken to be worth as much again. 1 counts tokens alone, at full price.
        min_gain: a meta-tool must add at least this many saved model calls.
        unasked: the least that a call costs that was run unasked after an anchor; more if its output is long.
        max_over_fetch: calls run unasked and in vain, for each saved model call, that all continuing may cause together.
    """

    over_fetch: float = 0.05
    schema: float = 0.05
    min_gain: float = 0.3
    unasked: float = 0.1
    max_over_fetch: float = 2.5


class Bench:
    """Simulations of candidates on some runs, each made once."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.pairs: list[tuple[Run, Segment]] = list(corpus.segments())
        self._known: dict[str, Simulated] = {}
        self._by_tool: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for index, (_, segment) in enumerate(self.pairs):
            before: frozenset[str] = frozenset()
            for position, current in enumerate(segment.rounds):
                if current.keys != before:  # a loop on one call is one place to start from, not hundreds
                    for tool in sorted({call.tool for call in current.calls}):
                        self._by_tool[tool].append((index, position))
                before = current.keys

    def simulations(self, meta_tool: MetaTool) -> Simulated:
        """Every place where a meta-tool could start, by segment and round."""
        key = repr(meta_tool.steps)
        if key not in self._known:
            self._known[key] = self._simulate(meta_tool)
        return self._known[key]

    def _simulate(self, meta_tool: MetaTool) -> Simulated:
        found: Simulated = defaultdict(dict)
        tools = {step.tool for step in meta_tool.opening_steps}
        for index, position in sorted({place for tool in tools for place in self._by_tool.get(tool, ())}):
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

    def cost_of_schema(self, meta_tool: MetaTool, prices: Prices) -> float:
        """What showing a meta-tool in every prompt of the runs costs, in usual model calls."""
        return prices.schema * schema_tokens(meta_tool) * self.corpus.model_calls / self.usual_tokens

    @cached_property
    def usual_tokens(self) -> float:
        """What a tool-calling model call costs on average, in tokens."""
        rounds = [current.tokens for _, segment in self.pairs for current in segment.rounds]
        return max(1.0, sum(rounds) / max(1, len(rounds)))

    def worth(self, tally: Tally, prices: Prices) -> float:
        """What continuing saved, in usual model calls: by tokens, since calls early in a conversation are cheap.

        Each call made in vain costs its output, which the next model call reads, and never less than a minimum.
        """
        sizes = self.corpus.output_tokens
        least = prices.unasked * self.usual_tokens
        wasted = sum(count * max(least, sizes.get(tool, 0.0)) for tool, count in tally.wasted.items())
        fresh = tally.saved - tally.repeats
        return (tally.tokens * fresh / max(1, tally.saved) - wasted) / self.usual_tokens


def _at(chosen: Sequence[Simulated], index: int, position: int) -> list[Used]:
    return [used for simulated in chosen for used in simulated.get(index, {}).get(position, ())]
