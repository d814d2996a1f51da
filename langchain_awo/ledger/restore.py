"""The run that a toolkit shortened, as long as it would have been without: the other way round than `Account.changed`.

What was executed is known, and what meta-tools did in it; `restore` puts back the model calls that they saved and takes their texts out
again. Settling the result gives what the toolkit saved, by the one definition in `langchain_awo.ledger.settle`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from langchain_awo.ledger.balance import Balance
from langchain_awo.ledger.settle import START, Account, Change, Put, Turn, settle


@dataclass(frozen=True, slots=True)
class Taken:
    """What one use of a meta-tool took out of a run, and what it put in.

    Attributes:
        owner: whose use it is.
        behind: index of the executed model call behind which it ran; `START` for the beginning.
        results: tokens that the results of each saved model call would have taken.
        text: tokens by which the context became longer there, less what would have stood there anyway.
    """

    owner: str
    behind: int
    results: Sequence[float]
    text: float


@dataclass(frozen=True, slots=True)
class Restored:
    """A run without a toolkit.

    Attributes:
        changes: what each owner changed about it.
    """

    account: Account
    changes: Mapping[str, Change]

    def settled(self) -> dict[str, Balance]:
        """What each owner saved beside those before it; they add up to what all of them saved together."""
        so_far, before = Change(), Balance()
        found: dict[str, Balance] = {}
        for owner, change in self.changes.items():
            so_far.add(change)
            after = settle(self.account, so_far)
            found[owner] = after + before.times(-1)
            before = after
        return found


def restore(executed: Account, taken: Sequence[Taken]) -> Restored:
    """The run as it would have been without the uses in it.

    A saved model call is taken to say as much as the one behind which it stood.

    Args:
        executed: its model calls with prompts that have no schemas of meta-tools in them.
    """
    behind: dict[int, list[Taken]] = defaultdict(list)
    for each in taken:
        behind[each.behind].append(each)
    builder = _Builder(executed)
    builder.begin(behind[START])
    for index in range(len(executed.turns)):
        builder.go_on(index, behind[index])
    return Restored(Account(builder.turns), builder.changes)


class _Builder:
    """The turns so far, and by how much the prompts of each agent are longer than those that were executed."""

    def __init__(self, executed: Account) -> None:
        self.executed = executed
        self.turns: list[Turn] = []
        self.changes: dict[str, Change] = defaultdict(Change)
        self.longer: dict[str, float] = defaultdict(float)

    def begin(self, uses: Sequence[Taken]) -> None:
        """Puts back what was done before the first model call."""
        if uses and self.executed.turns:
            first = self.executed.turns[0]
            self.longer[first.scope] -= sum(each.text for each in uses)
            self._put_back(uses, first, START, grown=0.0)

    def go_on(self, index: int, uses: Sequence[Taken]) -> None:
        """The next executed model call, and what was saved behind it."""
        turn = self.executed.turns[index]
        self.turns.append(turn.longer(turn.more + self.longer[turn.scope]))
        text = sum(each.text for each in uses)
        grown = max(turn.usage.output_tokens, self.executed.left_behind(index) - text)
        self.longer[turn.scope] -= text
        self._put_back(uses, turn, len(self.turns) - 1, grown=text + grown)

    def _put_back(self, uses: Sequence[Taken], near: Turn, place: int, *, grown: float) -> None:
        """Puts model calls back that are near to one that was made.

        Args:
            place: of that one in the restored run.
            grown: tokens by which the prompt was longer for the next one, with the texts of the uses.
        """
        for each in uses:
            self.changes[each.owner].puts.append(Put(place, each.text))
            for results in each.results:
                self.changes[each.owner].saved.append(len(self.turns))
                prompt = near.longer(near.more + self.longer[near.scope] + grown)
                self.turns.append(replace(prompt, recorded=False))
                self.longer[near.scope] += near.usage.output_tokens + results
