"""What the runs say about one meta-tool: figures, no judgement yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from langchain_awo.ledger.interval import Interval
from langchain_awo.model.ir.metatool import MetaTool, Mode
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.monitoring.bindings import Endings, Violation, find_violations
from langchain_awo.monitoring.intervals import Share
from langchain_awo.monitoring.judging import Judged
from langchain_awo.monitoring.ledger import Amount, AmountSum, Ledger
from langchain_awo.monitoring.moments import Moments
from langchain_awo.monitoring.observing import Observed
from langchain_awo.monitoring.usage import StoppedAt
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.replay.installed import is_stranded


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAccount:
    """One run with its uses judged and its books done; `most` are the books if every call of its meta-tools was wanted."""

    seen: Observed
    judged: tuple[Judged, ...]
    ledger: Ledger
    most: Ledger

    def helped(self, name: str) -> bool:
        """Whether a meta-tool was used to any purpose: what runs unasked must have fetched something that was wanted."""
        own = [each for each in self.judged if each.use.meta_tool == name]
        return any(each.use.way != "continued" or each.wasted < each.made or not each.made for each in own)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetSaving:
    """What a run that had a meta-tool saved by it on average, net of its schema and of what it fetched in vain."""

    model_calls: Interval
    tokens: Interval
    cost: Interval
    seconds: Interval

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        return {name: getattr(self, name).as_json() for name in ("model_calls", "tokens", "cost", "seconds")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Figures of one meta-tool.

    Attributes:
        mode: how it was installed most often, else how the plan says.
        runs: all that were looked at, and `offered` those that had it.
        uses: how often it ran.
        utilisation: of the runs in which it applied, those that used it to any purpose.
        completed: of the uses that ended, those that were not handed back.
        success: of the runs that used it and whose outcome is known, those that succeeded; `success_without` of the runs that
            had it and did not use it.
        hand_backs: by step, tool and cause.
        made: calls that ran inside, and `wasted` those that nobody wanted.
        changed: what is different about its members.
        violations: bindings that hold less often than they did.
        most: what it saved if every call of it was wanted; of `savings` the most, as those count what is known to be used.
        strands: it was never chosen, and some of the runs that had it would miss a tool if those that it calls were hidden.
    """

    meta_tool: MetaTool
    mode: Mode
    runs: int
    offered: int
    uses: int
    utilisation: Share
    completed: Share
    success: Share
    success_without: Share
    hand_backs: tuple[tuple[StoppedAt, int], ...]
    made: int
    wasted: int
    saved: float
    savings: NetSaving
    changed: tuple[str, ...] = ()
    violations: tuple[Violation, ...] = ()
    most: NetSaving | None = None
    strands: bool = False

    @property
    def over_fetch(self) -> float:
        """Calls that nobody wanted, for each model call saved; their number if none was saved."""
        return self.wasted / self.saved if self.saved > 0 else float(self.wasted)

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        return {
            "name": self.meta_tool.name,
            "mode": self.mode,
            "offered": self.offered,
            "uses": self.uses,
            "utilisation": self.utilisation.as_json(),
            "completed": self.completed.as_json(),
            "success": self.success.as_json(),
            "success_without": self.success_without.as_json(),
            "hand_backs": [
                {
                    "step": each.step,
                    "tool": each.tool,
                    "cause": each.cause,
                    "count": count,
                    "example": each.reason,
                }
                for each, count in self.hand_backs
            ],
            "over_fetch": {
                "calls": self.made,
                "in_vain": self.wasted,
                "for_each_model_call_saved": round(self.over_fetch, 3),
            },
            "savings": self.savings.as_json(),
        }


@dataclass(slots=True)
class NetSum:
    """What runs saved, a run at a time."""

    model_calls: Moments = field(default_factory=Moments)
    tokens: Moments = field(default_factory=Moments)
    cost: Moments = field(default_factory=Moments)
    seconds: Moments = field(default_factory=Moments)

    def add(self, net: Amount) -> None:
        """Adds what a run saved."""
        self.model_calls.add(net.model_calls)
        self.tokens.add(net.tokens)
        self.cost.add(net.cost)
        self.seconds.add(net.seconds)

    @property
    def average(self) -> NetSaving:
        """Of a run."""
        return NetSaving(
            model_calls=self.model_calls.interval(),
            tokens=self.tokens.interval(),
            cost=self.cost.interval(),
            seconds=self.seconds.interval(),
        )


@dataclass(slots=True)
class ShareSum:
    """How many of how many, one at a time; what is not known counts for neither."""

    count: int = 0
    of: int = 0

    def add(self, is_so: bool | None) -> None:  # noqa: FBT001  # the one thing that is added
        """Adds one."""
        self.count += is_so is True
        self.of += is_so is not None

    @property
    def share(self) -> Share:
        """Of those so far."""
        return Share(self.count, self.of)


@dataclass(slots=True)
class FindingSum:
    """The figures of one meta-tool, a run at a time; the same runs in any order give the same."""

    meta_tool: MetaTool
    runs: int = 0
    offered: int = 0
    uses: int = 0
    made: int = 0
    wasted: int = 0
    modes: Counter[Mode] = field(default_factory=Counter)
    utilisation: ShareSum = field(default_factory=ShareSum)
    success: ShareSum = field(default_factory=ShareSum)
    success_without: ShareSum = field(default_factory=ShareSum)
    endings: Endings = field(default_factory=Endings)
    saved: AmountSum = field(default_factory=AmountSum)
    net: NetSum = field(default_factory=NetSum)
    most: NetSum = field(default_factory=NetSum)
    strands: bool = False
    _backs: dict[_Place, tuple[int, _First]] = field(default_factory=dict)

    def add(self, account: RunAccount) -> None:
        """Adds a run."""
        name, seen = self.meta_tool.name, account.seen
        self.runs += 1
        if name not in seen.had:
            return
        self.offered += 1
        if (mode := seen.usage.modes[name]) is not None:
            self.modes[mode] += 1
        if name in seen.applied:
            self.utilisation.add(account.helped(name))
        (self.success if name in seen.used else self.success_without).add(seen.trace.success)
        for each in account.judged:
            if each.use.meta_tool == name:
                self._add_use(each, seen.run.trace_id)
        self.saved.add(account.ledger.saved.get(name, Amount()))
        self.net.add(account.ledger.net(name))
        self.most.add(account.most.net(name))
        if not self.uses and not self.strands:  # asked only of what is never used
            self.strands = is_stranded(self.meta_tool, seen.run)

    def finding(self, sample: Corpus, changed: Sequence[str]) -> Finding:
        """The figures so far.

        Args:
            sample: runs on which bindings are tried, a fair sample of those that call the first tool.
            changed: what is different about its members.
        """
        ended, completed = self.endings.ended, self.endings.completed
        return Finding(
            meta_tool=self.meta_tool,
            mode=min(self.modes, key=lambda mode: (-self.modes[mode], mode), default=self.meta_tool.mode),
            runs=self.runs,
            offered=self.offered,
            uses=self.uses,
            utilisation=self.utilisation.share,
            completed=Share(completed, ended),
            success=self.success.share,
            success_without=self.success_without.share,
            hand_backs=self._list_hand_backs(),
            made=self.made,
            wasted=self.wasted,
            saved=self.saved.amount.model_calls,
            savings=self.net.average,
            changed=tuple(changed),
            violations=tuple(find_violations(self.meta_tool, sample, self.endings)),
            most=self.most.average,
            strands=self.strands and not self.uses,
        )

    def _add_use(self, judged: Judged, trace_id: str) -> None:
        self.uses += 1
        self.made += judged.made
        self.wasted += judged.wasted
        self.endings.add(judged.use)
        if (back := judged.use.hand_back) is not None:
            place = back.step, back.tool, back.cause
            count, first = self._backs.get(place, (0, None))
            mine = trace_id, back
            earlier = mine if first is None or trace_id < first[0] else first
            self._backs[place] = count + 1, earlier

    def _list_hand_backs(self) -> tuple[tuple[StoppedAt, int], ...]:
        """Of equal step, tool and cause the first by trace id, with their number; the most frequent first."""
        ranked = sorted(self._backs, key=lambda place: (-self._backs[place][0], place))
        found = (self._backs[place] for place in ranked)
        return tuple((first[1], count) for count, first in found if first)


_Place: TypeAlias = tuple[int, str, str]
"""A step, its tool, and why a routine stopped there."""

_First: TypeAlias = tuple[str, StoppedAt] | None
"""The smallest id of a trace in which one stopped, and how it did."""
