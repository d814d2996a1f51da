"""The books of a toolkit: what was recorded, which part of it the toolkit took, and what it saved.

The lines add up to the recorded usage, to the token. Of each prompt, the schemas of the meta-tools that were offered and
what had been fetched in vain are estimated at four characters a token and never more than the prompt; the rest is work. What was
saved is settled as a forecast is: the run is restored as it would have been without the toolkit, see `langchain_awo.ledger.restore`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal, Self, TypeAlias

from langchain_awo.ledger.balance import Balance
from langchain_awo.ledger.restore import Restored, Taken, restore
from langchain_awo.ledger.settle import START, PlainRun, PlainTurn
from langchain_awo.ledger.tokens import schema_tokens, text_tokens
from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import ModelCallRecord, TokenUsage
from langchain_awo.monitoring.judging import Judged
from langchain_awo.monitoring.observing import Observed
from langchain_awo.monitoring.prices import PriceTable
from langchain_awo.optimizer.log.corpus import Corpus, spec_tokens

Purpose: TypeAlias = Literal["without", "work", "schema", "over_fetch"]
"""What recorded tokens were for: runs without meta-tools, the work of the other runs, schemas of meta-tools in prompts,
and what meta-tools had fetched in vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """So much of each; `cost` in the currency of the prices, `seconds` of waiting for the model."""

    model_calls: float = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Self) -> Self:
        names = [each.name for each in fields(self)]
        return type(self)(**{name: getattr(self, name) + getattr(other, name) for name in names})

    def __sub__(self, other: Self) -> Self:
        return self + other.times(-1)

    def times(self, factor: float) -> Self:
        """So many times as much, whole tokens."""
        return type(self)(
            model_calls=self.model_calls * factor,
            input_tokens=round(self.input_tokens * factor),
            output_tokens=round(self.output_tokens * factor),
            cost=self.cost * factor,
            seconds=self.seconds * factor,
        )

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        return {
            "model_calls": round(self.model_calls, 3),
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cost": round(self.cost, 6),
            "seconds": round(self.seconds, 3),
        }


Lines: TypeAlias = dict[tuple[Purpose, str], Amount]
"""Recorded amounts by purpose and meta-tool; the name is empty where it is none's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The books of one run, or of many.

    Attributes:
        recorded: what the provider reported, over all model calls.
        lines: the same, split by what it was for.
        saved: by meta-tool, model calls that were not made.
        unreported: model calls of which no usage was recorded; they count without tokens.
        unpriced: models that the table of prices does not have; they cost nothing here.
    """

    recorded: Amount = field(default_factory=Amount)
    lines: Lines = field(default_factory=dict)
    saved: Mapping[str, Amount] = field(default_factory=dict)
    unreported: int = 0
    unpriced: frozenset[str] = frozenset()

    def net(self, name: str) -> Amount:
        """What a meta-tool saved, less its schemas and what it fetched in vain."""
        took = [self.lines.get((purpose, name), Amount()) for purpose in _OWN]
        return self.saved.get(name, Amount()) - sum(took, Amount())

    @property
    def total(self) -> Amount:
        """The net of all meta-tools."""
        names = {*self.saved, *(name for _, name in self.lines if name)}
        return sum((self.net(name) for name in sorted(names)), Amount())

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        lines = sorted(self.lines.items())
        return {
            "recorded": self.recorded.as_json(),
            "lines": [{"purpose": p, "meta_tool": name, **amount.as_json()} for (p, name), amount in lines],
            "saved": [{"meta_tool": name, **each.as_json()} for name, each in sorted(self.saved.items())],
            "net": self.total.as_json(),
            "unreported_model_calls": self.unreported,
            "unpriced_models": sorted(self.unpriced),
        }


_OWN: tuple[Purpose, ...] = ("schema", "over_fetch")


def ledger_of(parts: Iterable[Ledger]) -> Ledger:
    """The books of many runs together."""
    recorded, unreported, unpriced = Amount(), 0, frozenset[str]()
    lines: Lines = defaultdict(Amount)
    saved: dict[str, Amount] = defaultdict(Amount)
    for part in parts:
        recorded += part.recorded
        unreported += part.unreported
        unpriced |= part.unpriced
        for key, amount in part.lines.items():
            lines[key] += amount
        for name, amount in part.saved.items():
            saved[name] += amount
    return Ledger(
        recorded=recorded, lines=dict(lines), saved=dict(saved), unreported=unreported, unpriced=unpriced
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookkeeper:
    """What is needed to do the books of a run.

    Attributes:
        sizes: what the schema of each meta-tool takes of a prompt, in tokens.
        prices: by model.
    """

    sizes: Mapping[str, int]
    prices: PriceTable

    def books(self, seen: Observed, judged: Sequence[Judged]) -> Ledger:
        """The books of one run, whose uses were judged."""
        calls = seen.trace.model_calls
        recorded = [self._recorded(call) for call in calls]
        split = [self._split(index, amount, seen, judged) for index, amount in enumerate(recorded)]
        lines: Lines = defaultdict(Amount)
        for key, part in (pair for each in split for pair in each.items()):
            lines[key] += part
        saved: dict[str, Amount] = defaultdict(Amount)
        for each in judged:
            if each.model_calls < 0 and each.use.issued_by is not None:
                saved[each.use.meta_tool] -= recorded[each.use.issued_by]
        work = [each.get(("work", ""), amount) for each, amount in zip(split, recorded, strict=True)]
        for name, balance in _restored(seen, work, judged).settled().items():
            saved[name] += self._amount(balance, calls)
        known = {call.model for call in calls if call.usage}
        return Ledger(
            recorded=sum(recorded, Amount()),
            lines=dict(lines),
            saved=dict(saved),
            unreported=sum(call.usage is None for call in calls),
            unpriced=frozenset(model for model in known if not self.prices.price_of(model)),
        )

    def _recorded(self, call: ModelCallRecord) -> Amount:
        usage = call.usage or TokenUsage()
        price = self.prices.price_of(call.model)
        timed = call.started_at is not None and call.ended_at is not None
        return Amount(
            model_calls=1,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost=price.cost(usage) if price else 0.0,
            seconds=max(0.0, (call.ended_at or 0.0) - (call.started_at or 0.0)) if timed else 0.0,
        )

    def _split(self, index: int, amount: Amount, seen: Observed, judged: Sequence[Judged]) -> Lines:
        """One model call by what it was for; the parts add up to it."""
        if not seen.had:
            return {("without", ""): amount}
        call = seen.trace.model_calls[index]
        wanted: dict[tuple[Purpose, str], int] = defaultdict(int)
        for name in call.offered:
            if name in self.sizes:
                wanted["schema", name] += self.sizes[name]
        for each in judged:
            if _reads(index, each, seen):
                wanted["over_fetch", each.use.meta_tool] += each.wasted_tokens
        rate, left = self._input_rate(call), amount.input_tokens
        lines: Lines = {}
        for key, tokens in wanted.items():
            taken = min(tokens, left)
            left -= taken
            lines[key] = Amount(input_tokens=taken, cost=taken * rate)
        lines["work", ""] = amount - sum(lines.values(), Amount())
        return lines

    def _amount(self, balance: Balance, calls: Sequence[ModelCallRecord]) -> Amount:
        """A balance, priced as the tokens of the run were on average."""
        usage = sum((call.usage or TokenUsage() for call in calls), TokenUsage())
        read = sum(self._input_rate(call) * (call.usage or TokenUsage()).input_tokens for call in calls)
        written = sum(
            price.cost(TokenUsage(output_tokens=call.usage.output_tokens))
            for call in calls
            if call.usage and (price := self.prices.price_of(call.model))
        )
        cost = balance.input * read / max(1, usage.input_tokens)
        return Amount(
            model_calls=balance.model_calls,
            input_tokens=round(balance.input),
            output_tokens=round(balance.output),
            cost=cost + balance.output * written / max(1, usage.output_tokens),
            seconds=balance.seconds,
        )

    def _input_rate(self, call: ModelCallRecord) -> float:
        """What an input token of this model call cost on average, those from the cache among them."""
        price = self.prices.price_of(call.model)
        if price is None or call.usage is None or not call.usage.input_tokens:
            return 0.0
        read = TokenUsage(input_tokens=call.usage.input_tokens, cached_tokens=call.usage.cached_tokens)
        return price.cost(read) / call.usage.input_tokens


def schema_sizes(meta_tools: Iterable[MetaTool], corpus: Corpus) -> dict[str, int]:
    """What the schema of each meta-tool takes of a prompt: as it was recorded, else as it is compiled."""
    specs = corpus.specs
    return {
        each.name: spec_tokens(specs[each.name])
        if each.name in specs and specs[each.name].parameters
        else schema_tokens(each)
        for each in meta_tools
    }


def _reads(index: int, each: Judged, seen: Observed) -> bool:
    """Whether what a use fetched stands in the prompt of a model call: a later one of the same agent."""
    issued_by, calls = each.use.issued_by, seen.trace.model_calls
    return issued_by is None or (index > issued_by and calls[index].scope == calls[issued_by].scope)


def _restored(seen: Observed, work: Sequence[Amount], judged: Sequence[Judged]) -> Restored:
    """The run without its meta-tools, whose schemas and whose results in vain `work` does not have any more."""
    turns = [
        PlainTurn(
            TokenUsage(input_tokens=each.input_tokens, output_tokens=each.output_tokens),
            scope=call.scope,
            seconds=each.seconds,
        )
        for call, each in zip(seen.trace.model_calls, work, strict=True)
    ]
    taken = [
        Taken(
            each.use.meta_tool,
            START if each.use.issued_by is None else each.use.issued_by,
            each.said,
            each.results,
            each.text,
        )
        for each in judged
        if each.use.way != "prefetched"
    ]
    results = [0.0] * len(turns)
    own = {each.use.key for each in judged if each.use.way == "called"}
    for called in seen.trace.tool_calls:
        if called.model_call is not None and called.call_id not in own:
            results[called.model_call] += text_tokens(called.output)
    for each in judged:
        if each.use.issued_by is not None:
            results[each.use.issued_by] += each.asked_for
    return restore(PlainRun(turns), taken, results)
