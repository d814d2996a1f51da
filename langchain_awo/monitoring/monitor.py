"""Recorded runs and a toolkit in, decisions out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.phrasing import format_count
from langchain_awo.model.trace.trace import Trace
from langchain_awo.monitoring.bookkeeping import Bookkeeper
from langchain_awo.monitoring.decisions import Decision, Period, decide, decide_toolkit
from langchain_awo.monitoring.drift import Drift, measure_drift
from langchain_awo.monitoring.experiment import Experiment, compare_arms
from langchain_awo.monitoring.findings import Finding, RunAccount, collect_finding
from langchain_awo.monitoring.judging import judge
from langchain_awo.monitoring.ledger import Amount, Ledger, sum_ledgers
from langchain_awo.monitoring.members import find_changed_members
from langchain_awo.monitoring.observing import Observed, Progress, build_observed_corpus, observe
from langchain_awo.monitoring.prices import PriceTable
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.log.habits import find_asked_together, read_together
from langchain_awo.optimizer.log.variants import count_paths


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
        traces: one for each thread.
        plan: the toolkit.
        prices: by model.
        progress: called as the runs are looked at.
    """
    found = sorted(traces, key=lambda trace: trace.trace_id)
    corpus = build_observed_corpus(found, plan)
    accounts = _build_accounts(observe(found, corpus, plan, progress=progress), corpus, plan, prices)
    drift = measure_drift(count_paths(corpus, plan.meta_tools), plan)
    period = _determine_period(found)
    changed = find_changed_members(found, plan)
    watched = []
    for meta_tool in plan.meta_tools:
        told = [f"{tool}: {changed[tool]}" for tool in meta_tool.tools if tool in changed]
        finding = collect_finding(meta_tool, accounts, corpus, told)
        watched.append(Watched(found=finding, decision=decide(finding, drift, period)))
    ledger = sum_ledgers(each.ledger for each in accounts)
    most = sum_ledgers(each.most for each in accounts).total
    books = f"net of the books: {describe_net(ledger.total, most, prices.currency)}"
    return Monitoring(
        runs=len(accounts),
        with_toolkit=sum(bool(each.seen.had) for each in accounts),
        held_out=sum(each.seen.usage.held_out for each in accounts),
        period=period,
        currency=prices.currency,
        meta_tools=tuple(watched),
        decision=decide_toolkit(
            [(each.name, each.decision) for each in watched],
            drift,
            period,
            net=[books, *_describe_expected(watched)],
        ),
        ledger=ledger,
        most=most,
        drift=drift,
        experiment=compare_arms(found),
        notes=tuple(_collect_notes(accounts, ledger, period)),
    )


def _build_accounts(
    seen: Sequence[Observed], corpus: Corpus, plan: ToolkitPlan, prices: PriceTable
) -> list[RunAccount]:
    meta_tools = {each.name: each for each in plan.meta_tools}
    together = find_asked_together(
        (each.trace for each in seen), known=read_together(plan.corpus.get("together"))
    )
    keeper = Bookkeeper.of(plan, corpus, prices, seen)
    accounts = []
    for each in seen:
        judged = judge(each, meta_tools, together=together)
        ledger = keeper.books(each, judged)
        most = keeper.books(each, [one.most or one for one in judged]) if judged else ledger
        accounts.append(RunAccount(seen=each, judged=tuple(judged), ledger=ledger, most=most))
    return accounts


def _describe_expected(watched: Iterable[Watched]) -> Iterator[str]:
    """What as many uses saved where the toolkit was compiled: what agents do in silence with what they are told is seen only there."""
    found = [each.found for each in watched if each.found.uses and each.found.mode != "prefetch"]
    expected = sum(each.uses * each.meta_tool.evidence.calls_saved for each in found)
    if found:
        yield f"as compiled, {format_count(sum(each.uses for each in found), 'use')} would save {expected:,.1f} model calls"


def _determine_period(traces: Sequence[Trace]) -> Period:
    days = sorted(
        datetime.fromtimestamp(trace.started_at, UTC).date()
        for trace in traces
        if trace.started_at is not None
    )
    return Period(days[0], days[-1]) if days else Period()


def _collect_notes(accounts: Sequence[RunAccount], ledger: Ledger, period: Period) -> list[str]:
    notes = []
    if accounts and period.last is None:
        notes.append("The traces have no times, so no date for the next check can be given.")
    if ledger.unreported:
        notes.append(f"{ledger.unreported:,} model calls have no recorded usage and count without tokens.")
    if ledger.unpriced:
        names = ", ".join(sorted(name or "a model without a name" for name in ledger.unpriced))
        notes.append(f"The table of prices does not have {names}: their cost counts as zero.")
    unknown = sum(one.wasted for each in accounts for one in each.judged)
    if unknown:
        notes.append(
            f"Of {unknown:,} calls that meta-tools made nothing came back in what agents said or asked for afterwards. They count as made "
            "in vain, so savings are the least that they can be; the most is if all of them were wanted."
        )
    unmarked = sum(bool(each.seen.had) and None in each.seen.usage.modes.values() for each in accounts)
    if unmarked:
        notes.append(
            f"{unmarked:,} runs do not record how the toolkit was installed, which MetaToolMiddleware does; "
            "meta-tools that only continue count there only if they ran."
        )
    return notes


def _to_iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
