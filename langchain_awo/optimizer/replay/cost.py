"""What uses of meta-tools change about recorded runs, by the ledger; and what things cost in usual model calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from langchain_awo.ledger.balance import CACHED_SHARE, Balance
from langchain_awo.ledger.settle import START, PlainRun, Put, Settlement, settle
from langchain_awo.ledger.tokens import (
    estimate_schema_tokens,
    estimate_text_tokens,
    estimate_told_tokens,
)
from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.trace.handback import ToldCall
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.replay.tally import Moves, ReplayedUse, Tally

__all__: Final = ["Books", "Cost", "Prices", "estimate_schema_tokens"]

HEAD_TOKENS: Final = 15.0
"""What stands beside the output of a call that nobody recorded: its tool and its arguments."""


class Books:
    """What the runs of a corpus spend, and what a toolkit would change about it."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.accounts = {run.trace_id: PlainRun(run.turns) for run in corpus.runs}
        self.sizes: Mapping[str, float] = corpus.output_tokens
        self.seconds = _average_tool_seconds(corpus)

    def balance(self, tally: Tally, *, schemas: float = 0.0) -> Balance:
        """What a way of use saves of all runs, by the definition in `langchain_awo.ledger`.

        Args:
            schemas: tokens that stand in every prompt besides.
        """
        return sum(self.by_task(tally, schemas=schemas).values(), Balance())

    def by_task(self, tally: Tally, *, schemas: float = 0.0) -> dict[str, Balance]:
        """The same for each task: trials of one are near copies, so tasks are what a sample consists of."""
        fans, balances = _measure_fans(tally), dict.fromkeys(self.corpus.tasks, Balance())
        for run in self.corpus.runs:
            change = self._change(tally.moves.get(run.trace_id, Moves()), fans, schemas)
            balances[run.task] += settle(self.accounts[run.trace_id], change)
        return balances

    def _change(self, moves: Moves, fans: Mapping[tuple[str, int], Fan], schemas: float) -> Settlement:
        """What some uses change about their run."""
        change = Settlement(saved=list(moves.saved), schemas=schemas)
        for use in moves.uses:
            guesses = {number: _guess(use, number, count, fans) for number, count in use.guessed.items()}
            vain = Counter(dict(use.vain))
            vain.update({number: guess.mean for number, guess in guesses.items()})
            change.over_fetched += sum(vain.values()) + use.again
            change.unsure += sum(guess.off for guess in guesses.values())
            if use.way == "called" and len(use.told) <= 1:
                change.unsure += sum(vain.values())  # who wants the first call alone may well make it alone
            if use.way == "prefetched":
                change.seconds -= sum(self.seconds.get(call.tool, 0.0) for _, call in use.told)
                continue
            change.seconds += sum(self.seconds.get(use.tool(number), 0.0) * n for number, n in vain.items())
            change.puts += self._puts(use, vain)
        return change

    def _puts(self, use: ReplayedUse, vain: Mapping[int, float]) -> Iterator[Put]:
        """The texts of a use: each call that it made, and what stands around them, less the answer that it replaces."""
        behind = START if use.way == "entry" else use.behind
        calls = [ToldCall(step=n, tool=call.tool, args=call.args, output=call.raw) for n, call in use.told]
        known = estimate_told_tokens(use.meta_tool, calls, below=use.way == "continued")
        unknown = sum(n * (HEAD_TOKENS + self.sizes.get(use.tool(number), 0.0)) for number, n in vain.items())
        replaced = estimate_text_tokens(use.anchor.raw) if use.anchor else 0.0
        yield Put(behind, known + unknown - replaced)


@dataclass(frozen=True, slots=True)
class Fan:
    """How many calls a step makes where it makes any: on average, and by how much that may be off."""

    mean: float = 1.0
    off: float = 0.0


def _measure_fans(tally: Tally) -> dict[tuple[str, int], Fan]:
    """The fan of every step, of the uses in which it is known."""
    found: dict[tuple[str, int], list[int]] = defaultdict(list)
    for use in (use for moves in tally.moves.values() for use in moves.uses):
        counts = Counter(number for number, _ in use.told)
        counts.update(use.vain)
        for number in counts.keys() - use.guessed.keys():
            found[use.meta_tool.name, number].append(counts[number])
    return {
        key: Fan(mean := sum(counts) / len(counts), max(max(counts) - mean, mean - min(counts)))
        for key, counts in found.items()
    }


def _guess(use: ReplayedUse, number: int, count: float, fans: Mapping[tuple[str, int], Fan]) -> Fan:
    """So many calls of a step at least, each as many as it usually makes where it goes through a list."""
    step = use.meta_tool.steps[number - 1]
    if step.over is None:
        return Fan(count, count)
    fan = fans.get((use.meta_tool.name, number), Fan(1.0, float(step.over.limit)))
    return Fan(max(count, fan.mean), max(count, fan.mean + fan.off))


def _average_tool_seconds(corpus: Corpus) -> dict[str, float]:
    """How long each tool takes on average, of the calls whose times were recorded."""
    found: dict[str, list[float]] = defaultdict(list)
    for _, segment in corpus.segments():
        for call in (call for each in segment.rounds for call in each.calls if call.seconds):
            found[call.tool].append(call.seconds)
    return {tool: sum(times) / len(times) for tool, times in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What things cost, in model calls.

    Attributes:
        over_fetch: the least that the calls of one step cost that nobody wanted; more if their outputs are long.
        schema: what a token of a schema costs that stands in every prompt, of what other tokens cost. Providers bill
            the unchanged beginning of a prompt at about a tenth; and a saved model call is also the time that somebody
            would have waited, here taken to be worth as much again. 1 counts tokens alone, at full price.
        min_gain: a meta-tool must add at least this many saved model calls.
        max_over_fetch: calls run unasked and in vain, for each saved model call, that all continuing may cause together.
        caching: whether the provider reads the unchanged beginning of a prompt from its cache. If not, schemas and what was fetched in
            vain cost their full price in every later prompt, and only what saves tokens at that price is installed.
    """

    over_fetch: float = 0.05
    schema: float = 0.05
    min_gain: float = 0.5
    max_over_fetch: float = 2.5
    caching: bool = True


@dataclass(frozen=True)
class Cost:
    """Prices on some runs."""

    corpus: Corpus
    prices: Prices

    @cached_property
    def usual_tokens(self) -> float:
        """What a tool-calling model call costs on average, in tokens."""
        rounds = [current.tokens for _, segment in self.corpus.segments() for current in segment.rounds]
        return max(1.0, sum(rounds) / max(1, len(rounds)))

    @cached_property
    def wasted_call(self) -> dict[str, float]:
        """By tool, what the output of a call costs that nobody wanted: it is read by the next model call, without a cache by all later ones."""
        sizes, read = self.corpus.output_tokens, 1.0 if self.prices.caching else self.usual_later
        return {tool: read * size / self.usual_tokens for tool, size in sizes.items()}

    @cached_property
    def usual_later(self) -> float:
        """How many model calls follow one that calls tools, on average."""
        later = [
            run.model_calls - current.index - 1
            for run, segment in self.corpus.segments()
            for current in segment.rounds
        ]
        return max(1.0, sum(later) / max(1, len(later)))

    def of_schema(self, meta_tool: MetaTool) -> float:
        """What showing a meta-tool in every prompt of the runs costs."""
        full = 1.0 if self.prices.caching else 1.0 / CACHED_SHARE
        return (
            full
            * self.prices.schema
            * estimate_schema_tokens(meta_tool)
            * self.corpus.model_calls
            / self.usual_tokens
        )

    def worth(self, tally: Tally) -> float:
        """The model calls that a tally saved, less what was fetched in vain; a repeat saves nothing worth a routine."""
        uses = (use for moves in tally.moves.values() for use in moves.uses)
        return tally.saved - tally.repeats - sum(map(self._price_vain, uses))

    def _price_vain(self, use: ReplayedUse) -> float:
        """What one use fetched in vain: a step's calls run side by side, so they are waited for once, and all of them are read."""
        least = self.prices.over_fetch
        return sum(
            max(least, count * self.wasted_call.get(use.tool(number), least))
            for number in use.vain.keys() | use.guessed.keys()
            if (count := use.vain.get(number, 0) + use.guessed.get(number, 0.0))
        )
