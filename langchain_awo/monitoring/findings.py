"""What the runs say about one meta-tool: figures, no judgement yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from langchain_awo.ledger.interval import Interval, mean_of
from langchain_awo.model.ir.metatool import MetaTool, Mode
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.monitoring.bindings import Violation, find_violations
from langchain_awo.monitoring.intervals import Share
from langchain_awo.monitoring.judging import Judged
from langchain_awo.monitoring.ledger import Amount, Ledger
from langchain_awo.monitoring.observing import Observed
from langchain_awo.monitoring.usage import StoppedAt, Use
from langchain_awo.optimizer.log.corpus import Corpus, Run
from langchain_awo.optimizer.replay.installed import replay_installed


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
        stranded: of the runs that had it beside the tools it calls and never chose it, those that would miss a tool if these were hidden.
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
    stranded: int = 0

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


def collect_finding(
    meta_tool: MetaTool, accounts: Sequence[RunAccount], corpus: Corpus, changed: Sequence[str]
) -> Finding:
    """The figures of one meta-tool over all runs."""
    name = meta_tool.name
    had = [each for each in accounts if name in each.seen.had]
    judged = [one for each in had for one in each.judged if one.use.meta_tool == name]
    uses = [one.use for one in judged]
    ended = [use for use in uses if not use.is_open]
    used = [each for each in had if name in each.seen.used]
    applied = [each for each in had if name in each.seen.applied]
    saved = sum((each.ledger.saved.get(name, Amount()) for each in had), Amount())
    return Finding(
        meta_tool=meta_tool,
        mode=_determine_mode(meta_tool, had),
        runs=len(accounts),
        offered=len(had),
        uses=len(uses),
        utilisation=Share(sum(each.helped(name) for each in applied), len(applied)),
        completed=Share(sum(use.hand_back is None for use in ended), len(ended)),
        success=_measure_success(used),
        success_without=_measure_success([each for each in had if name not in each.seen.used]),
        hand_backs=_group_hand_backs(uses),
        made=sum(each.made for each in judged),
        wasted=sum(each.wasted for each in judged),
        saved=saved.model_calls,
        savings=_average_savings([each.ledger.net(name) for each in had]),
        changed=tuple(changed),
        violations=tuple(find_violations(meta_tool, corpus, uses)),
        most=_average_savings([each.most.net(name) for each in had]),
        stranded=0 if uses else _count_stranded(meta_tool, [each.seen.run for each in had], corpus),
    )


def _count_stranded(meta_tool: MetaTool, runs: Sequence[Run], corpus: Corpus) -> int:
    """Runs that call a tool of the meta-tool where that does not apply."""
    theirs = replace(corpus, runs=tuple(runs))
    return len(replay_installed([meta_tool], theirs, mode="replace").stranded)


def _determine_mode(meta_tool: MetaTool, had: Sequence[RunAccount]) -> Mode:
    seen = Counter(mode for each in had if (mode := each.seen.usage.modes[meta_tool.name]) is not None)
    return min(seen, key=lambda mode: (-seen[mode], mode)) if seen else meta_tool.mode


def _measure_success(accounts: Sequence[RunAccount]) -> Share:
    known = [each.seen.trace.success for each in accounts if each.seen.trace.success is not None]
    return Share(sum(known), len(known))


def _group_hand_backs(uses: Sequence[Use]) -> tuple[tuple[StoppedAt, int], ...]:
    """Of equal step, tool and cause the first, with their number; the most frequent first."""
    found: dict[tuple[int, str, str], list[StoppedAt]] = {}
    for use in uses:
        if (back := use.hand_back) is not None:
            found.setdefault((back.step, back.tool, back.cause), []).append(back)
    ranked = sorted(found, key=lambda key: (-len(found[key]), key))
    return tuple((found[key][0], len(found[key])) for key in ranked)


def _average_savings(nets: Sequence[Amount]) -> NetSaving:
    return NetSaving(
        model_calls=mean_of([each.model_calls for each in nets]),
        tokens=mean_of([float(each.tokens) for each in nets]),
        cost=mean_of([each.cost for each in nets]),
        seconds=mean_of([each.seconds for each in nets]),
    )
