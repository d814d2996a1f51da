"""Weighs a routine in each mode by the ledger, and chooses the one to install it in.

A mode *pays* if it saves tokens, with prompt caching or without. What pays in no mode stays as it was picked as long as somebody waits
less; where reads usually follow it is rather read ahead, which costs no token; and what loses tokens and waiting both is not installed.
Where the provider caches no prompts, only what saves tokens without caching pays, and what does not is read ahead or not installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from langchain_awo.ledger.balance import Balance
from langchain_awo.model.ir.metatool import Mode
from langchain_awo.optimizer.replay.cost import Books
from langchain_awo.optimizer.replay.tally import Moves, Tally

OFTEN: Final = 0.5
"""Reads follow often enough to be made ahead of the model if at least this share of them is asked for."""

ALONE: Final = ", if nothing else needs its tools,"
"""What is taken for granted of a mode that hides tools."""

MODEL_CALL: Final = 1.0
TOOL_CALL: Final = 0.05
"""How long a tool call takes beside a model call; the calls of one step run side by side."""


@dataclass(frozen=True, slots=True)
class Weight:
    """One mode of a routine, on some runs.

    Attributes:
        followed: of the calls that it makes unasked, the share that the recorded agents made too.
        runs: how many there are.
    """

    mode: Mode
    tally: Tally
    balance: Balance
    followed: float
    runs: int

    def pays(self, *, caching: bool) -> bool:
        """Whether it saves tokens; where prompts are cached, with caching or without."""
        return self.balance.tokens > 0 or (caching and self.balance.cached_tokens() > 0)

    @property
    def waiting(self) -> float:
        """Waiting saved, in model calls: recorded times differ from machine to machine, and a plan must not."""
        if self.mode == "prefetch":
            return TOOL_CALL * _count_told(self.tally)
        return MODEL_CALL * self.balance.model_calls - TOOL_CALL * _count_steps_in_vain(self.tally)

    @property
    def loses(self) -> bool:
        """Whether it saves neither tokens nor waiting."""
        return self.balance.tokens <= 0 and self.waiting <= 0

    def __str__(self) -> str:
        if self.mode == "prefetch":
            return f"prefetch, with {self.followed:.0%} of its reads asked for"
        of_a_run = self.balance.times(1 / max(1, self.runs))
        return (
            f"{self.mode}{ALONE if self.mode == 'replace' else ''} {of_a_run.model_calls:+.2f} model calls, {of_a_run.tokens:+,.0f} tokens "
            f"({of_a_run.cached_tokens():+,.0f} with prompt caching), {of_a_run.over_fetched:.2f} calls in vain"
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """The mode to install a routine in, and what was weighed.

    Attributes:
        chosen: `None` if it is better not installed.
        reason: in words, with the figures of each mode.
    """

    chosen: Weight | None
    reason: str


class Scales:
    """Weighs routines on some runs."""

    def __init__(self, books: Books) -> None:
        self.books = books

    def weigh(self, mode: Mode, tally: Tally, *, schemas: float = 0.0) -> Weight:
        """One mode, given what it does there.

        Args:
            tally: of the routine alone; for `prefetch` that of `continue`.
            schemas: tokens that it adds to every prompt.
        """
        useful, vain = _count_told(tally), sum(tally.wasted.values())
        if mode == "prefetch":
            tally = _tally_prefetched(tally)
        balance = self.books.balance(tally, schemas=schemas)
        runs = len(self.books.corpus.runs)
        return Weight(mode, tally, balance, useful / (useful + vain) if useful + vain else 0.0, runs)


def choose(
    weights: Mapping[Mode, Weight],
    picked: Mode,
    reasons: Mapping[Mode, str],
    *,
    caching: bool = True,
    beside: Sequence[Weight] = (),
) -> Choice:
    """The mode to install a routine in.

    Args:
        weights: of every mode that is possible.
        picked: the mode that saved most model calls, when it was picked.
        reasons: why each would be chosen.
        caching: whether the provider caches prompts.
        beside: of modes that only a person chooses; their figures are told.
    """
    chosen = next(iter(_rank_weights(weights, picked, caching=caching)), None)
    summary = "; ".join(map(str, (*weights.values(), *beside)))
    if chosen is None:
        saves = " and save no waiting" if caching else ", and prompts are not cached"
        return Choice(None, f"it would cost tokens{saves}. A run: {summary}")
    why = reasons[chosen.mode]
    if chosen.mode not in (picked, "prefetch"):
        why = f"{picked} costs more tokens than it saves; {chosen.mode} does not"
    if chosen.balance.tokens < 0:
        why += ", at the price of tokens"
    return Choice(chosen, f"{why}. A run: {summary}")


def _rank_weights(weights: Mapping[Mode, Weight], picked: Mode, *, caching: bool) -> Iterator[Weight]:
    """What could be chosen, the best first: what pays, then what is read ahead, then what makes nobody wait longer."""
    first = [weights[picked], *(weight for weight in weights.values() if weight.mode != picked)]
    asking = [weight for weight in first if weight.mode != "prefetch"]
    yield from (weight for weight in asking if weight.balance.tokens > 0)
    yield from (weight for weight in asking if weight.pays(caching=caching))
    ahead = weights.get("prefetch")
    if ahead is not None and ahead.followed >= OFTEN and ahead.waiting > 0:
        yield ahead
    yield from (weight for weight in asking if caching and not weight.loses)


def _count_told(tally: Tally) -> int:
    return sum(len(use.told) for moves in tally.moves.values() for use in moves.uses)


def _count_steps_in_vain(tally: Tally) -> int:
    """How often a step made calls in vain: they run side by side."""
    uses = (use for moves in tally.moves.values() for use in moves.uses)
    return sum(len(use.vain.keys() | use.guessed.keys()) for use in uses)


def _tally_prefetched(tally: Tally) -> Tally:
    """What is read ahead saves no model call and puts nothing into a prompt."""
    moves = {
        run: Moves([], [replace(use, way="prefetched", anchor=None) for use in run_moves.uses])
        for run, run_moves in tally.moves.items()
    }
    return Tally(wasted=tally.wasted, uses=tally.uses, moves=moves)
