"""The one definition of what a toolkit saves: what a run spends without it, less what the run spends with it.

A run is a chain of model calls for each agent in it; every call is paid for its whole prompt. What a toolkit changes about it are
model calls that are not made, and texts that stand in the context from some call on, and are paid again in every later call that
is still made::

    without    prompt 0   prompt 1   prompt 2   prompt 3
    with       prompt 0      -       prompt 2   prompt 3      call 1 is saved: its prompt and its output
                                     + text     + text        a text put behind call 0 is paid twice
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from langchain_awo.ledger.balance import UNCERTAINTY, UNPRICED, Balance, Rates
from langchain_awo.model.trace.trace import TokenUsage

START: Final = -1
"""The place before the first model call."""


@dataclass(frozen=True, slots=True)
class PlainTurn:
    """One model call of a run without a toolkit.

    Attributes:
        usage: as recorded, else estimated.
        recorded: whether the provider reported it.
        seconds: how long it took; 0 if nobody knows.
        more: tokens that its prompt is longer than `usage` says.
        rates: what its tokens cost; nothing if nobody knows.
    """

    usage: TokenUsage
    scope: str = ""
    recorded: bool = True
    seconds: float = 0.0
    more: float = 0.0
    rates: Rates = UNPRICED

    @property
    def input(self) -> float:
        """Input tokens."""
        return self.usage.input_tokens + self.more

    def longer(self, tokens: float) -> PlainTurn:
        """The same with a longer prompt; it cannot be shorter than nothing."""
        more = max(self.more + tokens, -float(self.usage.input_tokens))
        return PlainTurn(self.usage, self.scope, self.recorded, self.seconds, more, self.rates)


@dataclass(frozen=True, slots=True)
class Put:
    """A text that a toolkit puts into the context of an agent, or takes out of it if `tokens` is below 0.

    Attributes:
        behind: index of the model call behind which it stands; `START` for the beginning of every prompt.
    """

    behind: int
    tokens: float


@dataclass(slots=True)
class Settlement:
    """What a toolkit changes about one run.

    Attributes:
        saved: indexes of the model calls that are not made.
        puts: texts; that the messages of a saved model call are not there any more goes without saying.
        over_fetched: tool calls made that the agent without it does not make, and `seconds` what these took.
        unsure: by how much that number may be off.
        schemas: tokens of the meta-tools' schemas that stand in every prompt, less those of tools that are hidden.
    """

    saved: list[int] = field(default_factory=list)
    puts: list[Put] = field(default_factory=list)
    over_fetched: float = 0.0
    unsure: float = 0.0
    seconds: float = 0.0
    schemas: float = 0.0

    def add(self, other: Settlement) -> None:
        """Adds what another use changes about the same run."""
        self.saved += other.saved
        self.puts += other.puts
        self.over_fetched += other.over_fetched
        self.unsure += other.unsure
        self.seconds += other.seconds
        self.schemas += other.schemas


@dataclass(frozen=True)
class PlainRun:
    """The model calls of one run without a toolkit, in order."""

    turns: Sequence[PlainTurn]

    @cached_property
    def chains(self) -> dict[str, list[int]]:
        """The indexes of each agent's model calls."""
        chains: dict[str, list[int]] = {}
        for index, turn in enumerate(self.turns):
            chains.setdefault(turn.scope, []).append(index)
        return chains

    def paid(self, put: Put, change: Settlement) -> int:
        """In how many prompts of its agent a text stands."""
        if not self.turns:
            return 0
        chain = self.chains[self.turns[max(put.behind, 0)].scope]
        saved = sum(
            self.turns[index].scope == self.turns[chain[0]].scope
            for index in set(change.saved)
            if index > put.behind
        )
        return len(chain) - bisect_right(chain, put.behind) - saved

    def left_behind(self, index: int) -> float:
        """Tokens by which the prompt grew from a model call to the next one of the same agent: its messages and results."""
        chain = self.chains[self.turns[index].scope]
        place = bisect_right(chain, index)
        if place == len(chain):
            return 0.0
        grown = self.turns[chain[place]].input - self.turns[index].input
        return max(grown, self.turns[index].usage.output_tokens)

    def changed(self, change: Settlement) -> PlainRun:
        """The same run with a toolkit."""
        saved = frozenset(change.saved)
        added: dict[str, float] = dict.fromkeys(self.chains, change.schemas)
        puts: dict[int, float] = {}
        for put in change.puts:
            puts[put.behind] = puts.get(put.behind, 0.0) + put.tokens
        if self.turns:
            added[self.turns[0].scope] += puts.get(START, 0.0)
        turns = []
        for index, turn in enumerate(self.turns):
            if index in saved:
                added[turn.scope] -= self.left_behind(index)
            else:
                turns.append(turn.longer(added[turn.scope]))
            added[turn.scope] += puts.get(index, 0.0)
        return PlainRun(turns)

    @cached_property
    def spent(self) -> Balance:
        """What the run takes, prompt by prompt: of each, what stood in the one before is read again."""
        before: dict[str, float] = {}
        fresh = reread = output = seconds = money = 0.0
        for turn in self.turns:
            known, written = min(turn.input, before.get(turn.scope, 0.0)), turn.usage.output_tokens
            fresh, reread, output = fresh + turn.input - known, reread + known, output + written
            money += turn.rates.cost(fresh=turn.input - known, reread=known, output=written)
            seconds += turn.seconds
            before[turn.scope] = turn.input
        return Balance(
            model_calls=len(self.turns),
            fresh=fresh,
            reread=reread,
            output=output,
            seconds=seconds,
            money=money,
        )


def settle(account: PlainRun, change: Settlement) -> Balance:
    """What a change saves of a run: spent without it, less spent with it."""
    with_it = account.changed(change)
    saved = account.spent + with_it.spent.times(-1)
    return saved + Balance(
        over_fetched=change.over_fetched,
        unsure=change.unsure,
        seconds=-change.seconds,
        margin=UNCERTAINTY * _estimate_uncounted(account, change, len(with_it.turns)),
    )


def _estimate_uncounted(account: PlainRun, change: Settlement, made: int) -> float:
    """Tokens of a change that nobody counted: texts and schemas in every prompt, and model calls without a recorded usage."""
    unknown = sum(
        account.turns[index].usage.total_tokens
        for index in set(change.saved)
        if not account.turns[index].recorded
    )
    return (
        unknown
        + abs(change.schemas) * made
        + sum(account.paid(put, change) * abs(put.tokens) for put in change.puts)
    )
