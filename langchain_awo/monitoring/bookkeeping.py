"""Does the books of a run.

The lines add up to the recorded usage, to the token. Of each prompt, the schemas of the meta-tools that were offered and
what had been fetched in vain are estimated at four characters a token and never more than the prompt; the rest is work. What was
saved is settled as a forecast is: the run is restored as it would have been without the toolkit, see `langchain_awo.ledger.restore`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from langchain_awo.ledger.balance import UNCERTAINTY, Rates
from langchain_awo.ledger.restore import Restored, Taken, restore
from langchain_awo.ledger.settle import START, PlainRun, PlainTurn
from langchain_awo.ledger.tokens import estimate_bound_tokens, estimate_schema_tokens, estimate_text_tokens
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.trace.trace import ModelCallRecord, TokenUsage, Trace
from langchain_awo.monitoring.judging import Judged
from langchain_awo.monitoring.ledger import Amount, Ledger, Lines, Purpose
from langchain_awo.monitoring.message_overhead import measure_overhead
from langchain_awo.monitoring.observing import Observed
from langchain_awo.monitoring.prices import Price, PriceTable, rates_of
from langchain_awo.monitoring.usage import measure_usage
from langchain_awo.optimizer.log.corpus import Corpus, estimate_spec_tokens

_Wanted: TypeAlias = tuple[tuple[Purpose, str], int, bool]
"""What stands in a prompt for whom, its tokens, and whether it stands there for the first time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookkeeper:
    """What is needed to do the books of a run.

    Attributes:
        sizes: what the schema of each meta-tool, and of each tool that they call, takes of a prompt, in tokens.
        members: by meta-tool, the tools that it calls.
        prices: by model.
        overhead: tokens around one tool call and its result: the median of the runs, or of a fair sample of them.
    """

    sizes: Mapping[str, int]
    members: Mapping[str, Sequence[str]]
    prices: PriceTable
    overhead: float = 0.0

    @classmethod
    def of(
        cls, plan: ToolkitPlan, corpus: Corpus, prices: PriceTable, traces: Iterable[Trace] = ()
    ) -> Bookkeeper:
        """The one for a toolkit and the runs in which it was used, or a fair sample of them."""
        members = {each.name: tuple(dict.fromkeys(each.tools)) for each in plan.meta_tools}
        meta_tools = {each.name: each for each in plan.meta_tools}
        usages = (measure_usage(trace, plan) for trace in traces)
        found = [tokens for usage in usages for tokens in measure_overhead(usage, meta_tools)]
        sizes = schema_sizes(plan, corpus)
        return cls(sizes=sizes, members=members, prices=prices, overhead=median(found or [0.0]))

    def books(self, seen: Observed, judged: Sequence[Judged]) -> Ledger:
        """The books of one run, whose uses were judged."""
        calls = seen.trace.model_calls
        prices = self.prices.prices_of(calls)
        recorded = [_measure_recorded(call, prices[call.model]) for call in calls]
        lines, saved = self._settle(seen, recorded, judged)
        known = {call.model for call in calls if call.usage}
        return Ledger(
            recorded=sum(recorded, Amount()),
            lines=lines,
            saved=saved,
            cached=sum(call.usage.cached_tokens for call in calls if call.usage),
            unreported=sum(call.usage is None for call in calls),
            unpriced=frozenset(model for model in known if not prices[model]),
        )

    def _settle(
        self, seen: Observed, recorded: Sequence[Amount], judged: Sequence[Judged]
    ) -> tuple[Lines, dict[str, Amount]]:
        """What the recorded amounts were for, and what was saved by meta-tool; nothing where there were none."""
        if not (seen.had or judged):
            return {("without", ""): sum(recorded, Amount())} if recorded else {}, {}
        calls = seen.trace.model_calls
        rates, before = rates_of(calls, self.prices), _find_predecessors(calls)
        split = [
            self._split(amount, rates[index], self._wanted(index, before[index], seen, judged), seen)
            for index, amount in enumerate(recorded)
        ]
        lines: Lines = defaultdict(Amount)
        for key, part in (pair for each in split for pair in each.items()):
            lines[key] += part
        work = [each.get(("work", ""), amount) for each, amount in zip(split, recorded, strict=True)]
        return dict(lines), self._saved(seen, work, rates, judged)

    def _split(self, amount: Amount, rates: Rates, wanted: Iterable[_Wanted], seen: Observed) -> Lines:
        """One model call by what it was for; the parts add up to it."""
        if not seen.had:
            return {("without", ""): amount}
        left, lines = amount.input_tokens, Lines()
        for key, tokens, is_new in wanted:
            taken = min(tokens, left)
            left -= taken
            cost = taken * (rates.fresh if is_new else rates.reread)
            lines[key] = lines.get(key, Amount()) + Amount(
                input_tokens=taken, cost=cost, margin=UNCERTAINTY * taken
            )
        lines["work", ""] = amount - sum(lines.values(), Amount())
        return lines

    def _wanted(
        self, index: int, before: int | None, seen: Observed, judged: Sequence[Judged]
    ) -> Iterator[_Wanted]:
        """What the toolkit takes of one prompt.

        Args:
            before: the model call of the same agent before this one.
        """
        for name in seen.trace.model_calls[index].offered:
            if name in self.members:
                yield ("schema", name), self.sizes[name], before is None
        for each in judged:
            if _reads(index, each, seen):
                is_new = before is None or not _reads(before, each, seen)
                yield ("over_fetch", each.use.meta_tool), each.wasted_tokens, is_new

    def _saved(
        self, seen: Observed, work: Sequence[Amount], rates: Sequence[Rates], judged: Sequence[Judged]
    ) -> dict[str, Amount]:
        saved: dict[str, Amount] = defaultdict(Amount)
        for each in judged:
            if each.model_calls < 0 and each.use.issued_by is not None:
                saved[each.use.meta_tool] -= work[each.use.issued_by]
        for name, balance in self._restored(seen, work, rates, judged).settled().items():
            saved[name] += Amount.of(balance)
        return dict(saved)

    def _restored(
        self, seen: Observed, work: Sequence[Amount], rates: Sequence[Rates], judged: Sequence[Judged]
    ) -> Restored:
        """The run without its meta-tools, whose schemas and whose results in vain `work` does not have any more."""
        turns = [
            PlainTurn(
                TokenUsage(input_tokens=each.input_tokens, output_tokens=each.output_tokens),
                scope=call.scope,
                seconds=each.seconds,
                rates=own,
            )
            for call, each, own in zip(seen.trace.model_calls, work, rates, strict=True)
        ]
        taken = [self._taken(each) for each in judged if each.use.way != "prefetched"]
        return restore(
            PlainRun(turns), taken, self._results(seen, judged, len(turns)), hidden=self._hidden(seen)
        )

    def _taken(self, judged: Judged) -> Taken:
        behind = START if judged.use.issued_by is None else judged.use.issued_by
        results = [
            tokens + count * self.overhead for tokens, count in zip(judged.results, judged.asked, strict=True)
        ]
        return Taken(judged.use.meta_tool, behind, judged.said, results, judged.text)

    def _results(self, seen: Observed, judged: Iterable[Judged], turns: int) -> list[float]:
        """Behind each model call, tokens of the results that stand there without the meta-tools too."""
        results = [0.0] * turns
        own = {each.use.key for each in judged if each.use.way == "called"}
        for called in seen.trace.tool_calls:
            if called.model_call is not None:
                told = 0.0 if called.call_id in own else estimate_text_tokens(called.output)
                results[called.model_call] += self.overhead + told
        for each in judged:
            if each.use.issued_by is not None:
                results[each.use.issued_by] += each.asked_for
        return results

    def _hidden(self, seen: Observed) -> dict[str, float]:
        """By meta-tool in `replace` mode, tokens of the tools that stood in no prompt because of it, in a prompt on average."""
        offers = [frozenset(call.offered) for call in seen.trace.model_calls if call.offered]
        hidden: dict[str, float] = {}
        known: set[str] = set()
        for name, mode in seen.usage.modes.items():
            if mode == "replace" and name in seen.had and offers:
                own = [tool for tool in self.members[name] if tool not in known]
                known |= {*own}
                sizes = {**self.sizes, **seen.usage.hidden}
                missing = sum(sizes[tool] * (tool not in offered) for tool in own for offered in offers)
                hidden[name] = missing / len(offers)
        return hidden


def _measure_recorded(call: ModelCallRecord, price: Price | None) -> Amount:
    usage = call.usage or TokenUsage()
    timed = call.started_at is not None and call.ended_at is not None
    return Amount(
        model_calls=1,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost=price.cost(usage) if price else 0.0,
        seconds=max(0.0, (call.ended_at or 0.0) - (call.started_at or 0.0)) if timed else 0.0,
    )


def schema_sizes(plan: ToolkitPlan, corpus: Corpus) -> dict[str, int]:
    """What the schema of each meta-tool, and of each tool that they call, takes of a prompt: as it was recorded, else as the plan has it."""
    specs = {name: spec for name, spec in corpus.specs.items() if spec.parameters}
    own = {each.name: estimate_schema_tokens(each) for each in plan.meta_tools}
    told = {name: spec.description for name, spec in corpus.specs.items()}
    members = {
        name: estimate_bound_tokens(name, told.get(name, ""), signature.parameters)
        for name, signature in plan.tools.items()
    }
    unknown = {tool: 0 for each in plan.meta_tools for tool in each.tools}
    recorded = {name: estimate_spec_tokens(spec) for name, spec in specs.items()}
    return {**unknown, **members, **own, **recorded}


def _find_predecessors(calls: Sequence[ModelCallRecord]) -> list[int | None]:
    latest: dict[str, int] = {}
    before: list[int | None] = []
    for index, call in enumerate(calls):
        before.append(latest.get(call.scope))
        latest[call.scope] = index
    return before


def _reads(index: int, each: Judged, seen: Observed) -> bool:
    """Whether what a use fetched stands in the prompt of a model call: a later one of the same agent."""
    issued_by, calls = each.use.issued_by, seen.trace.model_calls
    return issued_by is None or (index > issued_by and calls[index].scope == calls[issued_by].scope)
