"""The books of a toolkit: what was recorded, which part of it the toolkit took, and what it saved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, Self, TypeAlias

from langchain_awo.ledger.balance import Balance
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.monitoring.moments import UNIT, to_units

Purpose: TypeAlias = Literal["without", "work", "schema", "over_fetch"]
"""What recorded tokens were for: runs without meta-tools, the work of the other runs, schemas of meta-tools in prompts,
and what meta-tools had fetched in vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """So much of each; `cost` in the currency of the prices, `seconds` of waiting for the model.

    Attributes:
        margin: tokens by which it may be off, up or down, because nobody counted them.
    """

    model_calls: float = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    margin: float = 0.0

    @classmethod
    def of(cls, balance: Balance) -> Self:
        """What a balance comes to."""
        return cls(
            model_calls=balance.model_calls,
            input_tokens=round(balance.input),
            output_tokens=round(balance.output),
            cost=balance.money,
            seconds=balance.seconds,
            margin=balance.margin,
        )

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Self) -> Self:
        return type(self)(
            model_calls=self.model_calls + other.model_calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=self.cost + other.cost,
            seconds=self.seconds + other.seconds,
            margin=self.margin + other.margin,
        )

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
            margin=self.margin * abs(factor),
        )

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        return {
            "model_calls": round(self.model_calls, 3),
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "tokens_margin": round(self.margin),
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
        cached: input tokens that the provider read from its cache, as recorded.
        unreported: model calls of which no usage was recorded; they count without tokens.
        unpriced: models that the table of prices does not have; they cost nothing here.
    """

    recorded: Amount = field(default_factory=Amount)
    lines: Lines = field(default_factory=dict)
    saved: Mapping[str, Amount] = field(default_factory=dict)
    cached: int = 0
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
            "cached_tokens": self.cached,
            "unreported_model_calls": self.unreported,
            "unpriced_models": sorted(self.unpriced),
        }


_OWN: tuple[Purpose, ...] = ("schema", "over_fetch")


@dataclass(slots=True)
class AmountSum:
    """Amounts that are added up exactly, in the order of `Amount`'s fields and in whole units."""

    units: list[int] = field(default_factory=lambda: [0] * len(_NAMES))

    def add(self, amount: Amount) -> None:
        """Adds an amount."""
        for place, name in enumerate(_NAMES):
            self.units[place] += to_units(getattr(amount, name))

    @property
    def amount(self) -> Amount:
        """All of it; tokens are whole numbers."""
        calls, entered, left, cost, seconds, margin = self.units
        return Amount(
            model_calls=calls / UNIT,
            input_tokens=entered // UNIT,
            output_tokens=left // UNIT,
            cost=cost / UNIT,
            seconds=seconds / UNIT,
            margin=margin / UNIT,
        )


_NAMES: tuple[str, ...] = tuple(each.name for each in fields(Amount))


@dataclass(slots=True)
class LedgerSum:
    """The books of many runs together, added one by one in any order."""

    recorded: AmountSum = field(default_factory=AmountSum)
    lines: dict[tuple[Purpose, str], AmountSum] = field(default_factory=lambda: defaultdict(AmountSum))
    saved: dict[str, AmountSum] = field(default_factory=lambda: defaultdict(AmountSum))
    cached: int = 0
    unreported: int = 0
    unpriced: frozenset[str] = frozenset()

    def add(self, part: Ledger) -> None:
        """Adds the books of a run."""
        self.recorded.add(part.recorded)
        for key, amount in part.lines.items():
            self.lines[key].add(amount)
        for name, amount in part.saved.items():
            self.saved[name].add(amount)
        self.cached += part.cached
        self.unreported += part.unreported
        self.unpriced |= part.unpriced

    @property
    def ledger(self) -> Ledger:
        """The books so far."""
        return Ledger(
            recorded=self.recorded.amount,
            lines={key: each.amount for key, each in sorted(self.lines.items())},
            saved={name: each.amount for name, each in sorted(self.saved.items())},
            cached=self.cached,
            unreported=self.unreported,
            unpriced=self.unpriced,
        )


def sum_ledgers(parts: Iterable[Ledger]) -> Ledger:
    """The books of many runs together."""
    total = LedgerSum()
    for part in parts:
        total.add(part)
    return total.ledger
