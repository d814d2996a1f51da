"""The run that a toolkit shortened, as long as it would have been without: the other way round than `PlainRun.changed`.

What was executed is known, and what meta-tools did in it; `restore` puts back the model calls that they saved and takes their texts out
again. Settling the result gives what the toolkit saved, by the one definition in `langchain_awo.ledger.settle`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from langchain_awo.ledger.balance import Balance
from langchain_awo.ledger.settle import START, PlainRun, PlainTurn, Put, Settlement, settle


@dataclass(frozen=True, slots=True)
class Taken:
    """What one use of a meta-tool took out of a run, and what it put in.

    Attributes:
        owner: whose use it is.
        behind: index of the executed model call behind which it ran; `START` for the beginning.
        said: tokens of the calls that each saved model call would have asked for.
        results: tokens that their results would have taken, with what stands around such messages.
        text: tokens by which the context became longer there, less what would have stood there anyway.
    """

    owner: str
    behind: int
    said: Sequence[float]
    results: Sequence[float]
    text: float


@dataclass(frozen=True, slots=True)
class Restored:
    """A run without a toolkit.

    Attributes:
        changes: what each owner changed about it.
    """

    account: PlainRun
    changes: Mapping[str, Settlement]

    def settled(self) -> dict[str, Balance]:
        """What each owner saved beside those before it; they add up to what all of them saved together."""
        so_far, before = Settlement(), Balance()
        found: dict[str, Balance] = {}
        for owner, change in self.changes.items():
            so_far.add(change)
            after = settle(self.account, so_far)
            found[owner] = after + before.times(-1)
            before = after
        return found


def restore(
    executed: PlainRun,
    taken: Sequence[Taken],
    results: Sequence[float],
    *,
    hidden: Mapping[str, float],
) -> Restored:
    """The run as it would have been without the uses in it; a saved model call is taken to say nothing but its calls.

    Args:
        executed: its model calls with prompts that have no schemas of meta-tools in them.
        taken: what the uses took and put in.
        results: behind each executed model call, tokens of the results that stand there without them too, with what stands around
            such messages.
        hidden: by owner, tokens of the schemas that it kept out of every prompt.
    """
    behind: dict[int, list[Taken]] = defaultdict(list)
    for each in taken:
        behind[each.behind].append(each)
    builder = _TurnBuilder(executed, results)
    builder.begin(behind[START])
    for index in range(len(executed.turns)):
        builder.go_on(index, behind[index])
    for owner, tokens in hidden.items():
        builder.changes[owner].schemas -= tokens
    shown = sum(hidden.values())
    return Restored(PlainRun([each.longer(shown) for each in builder.turns]), builder.changes)


class _TurnBuilder:
    """The turns so far, and by how much the prompts of each agent are longer than those that were executed."""

    def __init__(self, executed: PlainRun, results: Sequence[float]) -> None:
        self.executed = executed
        self.results = results
        self.turns: list[PlainTurn] = []
        self.changes: dict[str, Settlement] = defaultdict(Settlement)
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
        self.turns.append(turn.longer(self.longer[turn.scope]))
        if not uses:
            return
        own = turn.usage.output_tokens + self.results[index]
        told = max(1.0, sum(each.text for each in uses))
        share = min(1.0, max(0.0, self.executed.left_behind(index) - own) / told)
        uses = [replace(each, text=each.text * share) for each in uses]
        text = sum(each.text for each in uses)
        self.longer[turn.scope] -= text
        self._put_back(uses, turn, len(self.turns) - 1, grown=text + own)

    def _put_back(self, uses: Sequence[Taken], near: PlainTurn, place: int, *, grown: float) -> None:
        """Puts model calls back that are near to one that was made.

        Args:
            place: of that one in the restored run.
            grown: tokens by which the prompt was longer for the next one, with the texts of the uses.
        """
        for each in uses:
            self.changes[each.owner].puts.append(Put(place, each.text))
            for said, results in zip(each.said, each.results, strict=True):
                self.changes[each.owner].saved.append(len(self.turns))
                prompt = near.longer(self.longer[near.scope] + grown)
                usage = replace(near.usage, output_tokens=round(said))
                self.turns.append(replace(prompt, usage=usage, recorded=False))
                self.longer[near.scope] += said + results
