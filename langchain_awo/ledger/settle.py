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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from langchain_awo.ledger.balance import UNCERTAINTY, Balance
from langchain_awo.model.trace import TokenUsage

START: Final = -1
"""The place before the first model call."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One model call of a run without a toolkit.

    Attributes:
        usage: as recorded, else estimated.
        recorded: whether the provider reported it.
        seconds: how long it took; 0 if nobody knows.
    """

    usage: TokenUsage
    scope: str = ""
    recorded: bool = True
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Put:
    """A text that a toolkit puts into the context of an agent, or takes out of it if `tokens` is below 0.

    Attributes:
        behind: index of the model call behind which it stands; `START` for the beginning of every prompt.
    """

    behind: int
    tokens: float


@dataclass(slots=True)
class Change:
    """What a toolkit changes about one run.

    Attributes:
        saved: indexes of the model calls that are not made.
        puts: texts; that the messages of a saved model call are not there any more goes without saying.
        over_fetched: tool calls made that the agent without it does not make, and `seconds` what these took.
        unsure: by how much that number may be off.
    """

    saved: list[int] = field(default_factory=list)
    puts: list[Put] = field(default_factory=list)
    over_fetched: float = 0.0
    unsure: float = 0.0
    seconds: float = 0.0

    def add(self, other: Change) -> None:
        """Adds what another use changes about the same run."""
        self.saved += other.saved
        self.puts += other.puts
        self.over_fetched += other.over_fetched
        self.unsure += other.unsure
        self.seconds += other.seconds


@dataclass(frozen=True)
class Account:
    """The model calls of one run without a toolkit, in order."""

    turns: Sequence[Turn]

    @cached_property
    def chains(self) -> dict[str, list[int]]:
        """The indexes of each agent's model calls."""
        chains: dict[str, list[int]] = {}
        for index, turn in enumerate(self.turns):
            chains.setdefault(turn.scope, []).append(index)
        return chains

    def left_behind(self, index: int) -> int:
        """Tokens by which the prompt grew from a model call to the next one of the same agent: its messages and results."""
        chain = self.chains[self.turns[index].scope]
        place = bisect_right(chain, index)
        if place == len(chain):
            return 0
        grown = self.turns[chain[place]].usage.input_tokens - self.turns[index].usage.input_tokens
        return max(grown, self.turns[index].usage.output_tokens)


def settle(account: Account, change: Change, *, schemas: float = 0.0) -> Balance:
    """What a change saves of a run.

    Args:
        schemas: tokens of the meta-tools' schemas that stand in every prompt, less those of tools that are hidden.
    """
    saved = sorted(set(change.saved))
    chains = {scope: _Chain(indexes, account, saved) for scope, indexes in account.chains.items()}
    total = _of_saved(account, saved) + Balance(
        model_calls=len(saved),
        over_fetched=change.over_fetched,
        unsure=change.unsure,
        seconds=-change.seconds,
    )
    for index in saved:
        total += chains[account.turns[index].scope].taken_out(index, account.left_behind(index))
    for put in change.puts:
        for chain in _chains_of(put, account, chains):
            total += chain.put(put.behind, put.tokens)
    for chain in chains.values():
        total += chain.put(START, schemas)
    return total


def settle_all(pairs: Iterable[tuple[Account, Change]], *, schemas: float = 0.0) -> Balance:
    """What changes save of many runs."""
    return sum((settle(account, change, schemas=schemas) for account, change in pairs), Balance())


def _of_saved(account: Account, saved: Sequence[int]) -> Balance:
    """The prompts and outputs of saved model calls; what was new in a prompt is new in the next one that is made."""
    turns = [account.turns[index] for index in saved]
    unsure = sum(turn.usage.total_tokens for turn in turns if not turn.recorded)
    return Balance(
        reread=sum(turn.usage.input_tokens for turn in turns),
        output=sum(turn.usage.output_tokens for turn in turns),
        seconds=sum(turn.seconds for turn in turns),
        margin=UNCERTAINTY * unsure,
    )


def _chains_of(put: Put, account: Account, chains: dict[str, _Chain]) -> Iterable[_Chain]:
    """The chain in which a text stands; one before the first call stands in the prompts of the first agent."""
    if not account.turns:
        return ()
    return (chains[account.turns[max(put.behind, 0)].scope],)


@dataclass(slots=True)
class _Chain:
    """The model calls of one agent that are still made."""

    indexes: list[int]
    account: Account
    saved: Sequence[int]
    own: list[int] = field(init=False)

    def __post_init__(self) -> None:
        scope = self.account.turns[self.indexes[0]].scope
        self.own = [index for index in self.saved if self.account.turns[index].scope == scope]

    def _still_made(self, behind: int) -> int:
        all_later = len(self.indexes) - bisect_right(self.indexes, behind)
        return all_later - (len(self.own) - bisect_right(self.own, behind))

    def put(self, behind: int, tokens: float) -> Balance:
        """What a text costs in all prompts behind a place."""
        paid = self._still_made(behind)
        if not paid or not tokens:
            return Balance()
        return Balance(
            fresh=-tokens, reread=-tokens * (paid - 1), margin=UNCERTAINTY * abs(tokens) * paid
        )

    def taken_out(self, index: int, tokens: float) -> Balance:
        """What it saves that the messages of a model call, and the results it asked for, are in no later prompt."""
        paid = self._still_made(index)
        return Balance(fresh=tokens, reread=tokens * (paid - 1)) if paid else Balance()
