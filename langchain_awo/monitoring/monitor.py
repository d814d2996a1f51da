"""Recorded runs and a toolkit in, decisions out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.phrasing import format_count
from langchain_awo.model.trace.trace import Trace
from langchain_awo.monitoring.bookkeeping import Bookkeeper
from langchain_awo.monitoring.decisions import Decision, Period, decide, decide_toolkit
from langchain_awo.monitoring.drift import Drift, measure_drift
from langchain_awo.monitoring.experiment import Arms, Experiment
from langchain_awo.monitoring.findings import Finding, FindingSum, RunAccount
from langchain_awo.monitoring.judging import judge
from langchain_awo.monitoring.ledger import Amount, Ledger, LedgerSum
from langchain_awo.monitoring.members import Members
from langchain_awo.monitoring.observing import Observed, Progress, build_observed_corpus, observe
from langchain_awo.monitoring.prices import PriceTable
from langchain_awo.optimizer.counting.sample import Bounds
from langchain_awo.optimizer.counting.summary import Sampled, Summary, summarize
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.log.habits import Together, find_asked_together, read_together
from langchain_awo.optimizer.log.variants import PathCounter

WATCHED: Final = Bounds(fair=6_000, rare=200, all_rare=6_000)
"""How much of a log is looked at before its runs are settled, and for trying bindings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One meta-tool: what the runs say about it, and what to do."""

    found: Finding
    decision: Decision

    @property
    def name(self) -> str:
        """Of the meta-tool."""
        return self.found.meta_tool.name

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        return {**self.found.as_json(), "decision": self.decision.as_json()}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Monitoring:
    """What monitoring found.

    Attributes:
        runs: that were looked at, each the whole of a thread; `with_toolkit` those that could use a meta-tool.
        held_out: threads that did without, to compare with.
        period: first and last day of the runs.
        currency: of costs.
        meta_tools: in the order of the toolkit.
        decision: about the toolkit.
        ledger: the books, as far as it is known that a result of a meta-tool was used; so what it saves is the least.
        most: what it saves if every result was.
        notes: what limits this, in sentences.
    """

    runs: int
    with_toolkit: int
    held_out: int
    period: Period
    currency: str
    meta_tools: tuple[Watched, ...]
    decision: Decision
    ledger: Ledger
    most: Amount
    drift: Drift
    experiment: Experiment | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_work(self) -> bool:
        """Whether somebody has to do something."""
        return self.decision.is_work

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data, as the command line prints it and the report shows it."""
        return {
            "runs": self.runs,
            "with_toolkit": self.with_toolkit,
            "held_out": self.held_out,
            "first": _to_iso(self.period.first),
            "last": _to_iso(self.period.last),
            "currency": self.currency,
            "decision": self.decision.as_json(),
            "meta_tools": [each.as_json() for each in self.meta_tools],
            "ledger": {**self.ledger.as_json(), "net_most": self.most.as_json()},
            "drift": self.drift.as_json(),
            "experiment": self.experiment.as_json() if self.experiment else None,
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.runs:,} runs: {describe_decision(self.decision)}>"

    def __str__(self) -> str:
        lines = [f"{each.name}: {describe_decision(each.decision)}" for each in self.meta_tools]
        return "\n".join([*lines, f"toolkit: {describe_decision(self.decision)}"])


def describe_decision(decision: Decision) -> str:
    """A decision on one line, such as `change mode to continue (seldom chosen)`."""
    action = decision.action.replace("_", " ") + (f" to {decision.mode}" if decision.mode else "")
    cause = f" ({decision.cause.replace('_', ' ')})" if decision.cause != "none" else ""
    until = f", look again by {decision.until}" if decision.until else ""
    return f"{action}{cause}{until}"


def describe_net(least: Amount, most: Amount, currency: str) -> str:
    """What a toolkit saved: a figure, or from where to where it may be.

    >>> describe_net(Amount(model_calls=7), Amount(model_calls=7), "USD")
    '7.0 model calls, 0 \u00b1 0 tokens, USD 0.0000'
    >>> describe_net(Amount(model_calls=7), Amount(model_calls=33, input_tokens=900, margin=90), "USD")
    '7.0 to 33.0 model calls, 0 to 900 \u00b1 90 tokens, USD 0.0000 to 0.0000'
    """
    calls, tokens, money = f"{least.model_calls:,.1f}", f"{least.tokens:,}", f"{least.cost:,.4f}"
    if most.model_calls != least.model_calls or most.tokens != least.tokens:
        calls, tokens = f"{calls} to {most.model_calls:,.1f}", f"{tokens} to {most.tokens:,}"
        money = f"{money} to {most.cost:,.4f}"
    margin = max(least.margin, most.margin)
    return f"{calls} model calls, {tokens} \u00b1 {margin:,.0f} tokens, {currency} {money}"


def monitor_traces(
    traces: Iterable[Trace], plan: ToolkitPlan, *, prices: PriceTable, progress: Progress | None = None
) -> Monitoring:
    """What some runs say about a toolkit; the same traces in any order give the same.

    Args:
        traces: one for each thread; they are held in memory. `monitor_runs` takes them one by one.
        plan: the toolkit.
        prices: by model.
        progress: called as the runs are looked at.
    """
    found = list(traces)
    return monitor_runs(found, summarize(found, bounds=WATCHED), plan, prices=prices, progress=progress)


def monitor_runs(
    runs: Iterable[Trace],
    log: Summary,
    plan: ToolkitPlan,
    *,
    prices: PriceTable,
    progress: Progress | None = None,
) -> Monitoring:
    """What some runs say about a toolkit; each is settled as it comes, and none is kept.

    What has to be known before the first run is settled (which tools agents ask for at once, what stands around a message), and
    what is tried on calls that agents made by themselves, is taken from the sample of the log.

    Args:
        runs: one for each thread, in any order.
        log: the same traces, counted and sampled.
    """
    watch = _Watch.of(log, plan, prices)
    tell = progress or (lambda _phase, _done, _total: None)
    for done, trace in enumerate(runs, start=1):
        watch.add(trace)
        tell("observe", done, max(done, len(log.runs)))
    return watch.conclude()


@dataclass(slots=True, kw_only=True)
class _Watch:
    """What is known of the runs so far, and what is needed to settle the next one."""

    plan: ToolkitPlan
    sampled: Sampled
    tools: Corpus
    together: Together
    keeper: Bookkeeper
    findings: Sequence[FindingSum]
    paths: PathCounter
    members: Members
    arms: Arms = field(default_factory=Arms)
    ledger: LedgerSum = field(default_factory=LedgerSum)
    most: LedgerSum = field(default_factory=LedgerSum)
    period: Period = field(default_factory=Period)
    runs: int = 0
    with_toolkit: int = 0
    held_out: int = 0
    unmarked: int = 0
    wasted: int = 0

    @classmethod
    def of(cls, log: Summary, plan: ToolkitPlan, prices: PriceTable) -> _Watch:
        """Nothing seen yet."""
        fair, known = log.sampled().fair_traces, read_together(plan.corpus.get("together"))
        tools = build_observed_corpus([], plan, recorded=log.all_specs())
        return cls(
            plan=plan,
            sampled=log.sampled(),
            tools=tools,
            together=find_asked_together(fair, known=known),
            keeper=Bookkeeper.of(plan, tools, prices, fair),
            findings=[FindingSum(each) for each in plan.meta_tools],
            paths=PathCounter(plan.meta_tools),
            members=Members(plan),
        )

    def add(self, trace: Trace) -> None:
        """Settles a run."""
        account = self._settle(observe(trace, self.tools, self.plan))
        seen = account.seen
        self.runs += 1
        self.with_toolkit += bool(seen.had)
        self.held_out += seen.usage.held_out
        self.unmarked += bool(seen.had) and None in seen.usage.modes.values()
        self.wasted += sum(each.wasted for each in account.judged)
        self.ledger.add(account.ledger)
        self.most.add(account.most)
        self.period = self.period.reach(trace.started_at)
        for part in (self.arms, self.members):
            part.add(trace)
        for each in self.findings:
            each.add(account)
        self.paths.add(seen.run)

    def _settle(self, seen: Observed) -> RunAccount:
        meta_tools = {each.name: each for each in self.plan.meta_tools}
        judged = judge(seen, meta_tools, together=self.together)
        ledger = self.keeper.books(seen, judged)
        most = self.keeper.books(seen, [one.most or one for one in judged]) if judged else ledger
        return RunAccount(seen=seen, judged=tuple(judged), ledger=ledger, most=most)

    def conclude(self) -> Monitoring:
        """What all of them say."""
        drift = measure_drift(self.paths.mix, self.plan)
        watched = self._decide(drift)
        ledger, most, currency = self.ledger.ledger, self.most.ledger.total, self.keeper.prices.currency
        books = f"net of the books: {describe_net(ledger.total, most, currency)}"
        named = [(each.name, each.decision) for each in watched]
        return Monitoring(
            runs=self.runs,
            with_toolkit=self.with_toolkit,
            held_out=self.held_out,
            period=self.period,
            currency=currency,
            meta_tools=tuple(watched),
            decision=decide_toolkit(named, drift, self.period, net=[books, *_describe_expected(watched)]),
            ledger=ledger,
            most=most,
            drift=drift,
            experiment=self.arms.compare(),
            notes=tuple(self._collect_notes(ledger)),
        )

    def _decide(self, drift: Drift) -> list[Watched]:
        changed = self.members.find_changed()
        watched, sample = [], self._build_sample()
        for each in self.findings:
            told = [f"{tool}: {changed[tool]}" for tool in each.meta_tool.tools if tool in changed]
            finding = each.finding(sample, told)
            watched.append(Watched(found=finding, decision=decide(finding, drift, self.period)))
        return watched

    def _build_sample(self) -> Corpus:
        """The sampled runs, to try bindings on; none if no run had a meta-tool, whose bindings do not matter then."""
        if not self.with_toolkit:
            return self.tools
        traces = self.sampled.traces
        runs = tuple(
            self.tools.build_run(trace) for trace in sorted(traces, key=lambda trace: trace.trace_id)
        )
        return replace(self.tools, runs=runs, fair=self.sampled.fair, calling=self.sampled.calling)

    def _collect_notes(self, ledger: Ledger) -> Iterator[str]:
        if self.runs and self.period.last is None:
            yield "The traces have no times, so no date for the next check can be given."
        if ledger.unreported:
            yield f"{ledger.unreported:,} model calls have no recorded usage and count without tokens."
        if ledger.unpriced:
            names = ", ".join(sorted(name or "a model without a name" for name in ledger.unpriced))
            yield f"The table of prices does not have {names}: their cost counts as zero."
        if self.wasted:
            yield (
                f"Of {self.wasted:,} calls that meta-tools made nothing came back in what agents said or asked for afterwards. They count as "
                "made in vain, so savings are the least that they can be; the most is if all of them were wanted."
            )
        if self.unmarked:
            yield (
                f"{self.unmarked:,} runs do not record how the toolkit was installed, which MetaToolMiddleware does; "
                "meta-tools that only continue count there only if they ran."
            )


def _describe_expected(watched: Iterable[Watched]) -> Iterator[str]:
    """What as many uses saved where the toolkit was compiled: what agents do in silence with what they are told is seen only there."""
    found = [each.found for each in watched if each.found.uses and each.found.mode != "prefetch"]
    expected = sum(each.uses * each.meta_tool.evidence.calls_saved for each in found)
    if found:
        yield f"as compiled, {format_count(sum(each.uses for each in found), 'use')} would save {expected:,.1f} model calls"


def _to_iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
