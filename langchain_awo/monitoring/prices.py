"""What tokens cost: a table of prices by model, which a user can replace."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from math import isfinite
from typing import Any, Final, Literal

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from langchain_awo.errors import PriceError
from langchain_awo.ledger.balance import UNPRICED, Balance, Rates
from langchain_awo.model.ir.option_kinds import instance_of
from langchain_awo.model.ir.schema import describe_first_problem
from langchain_awo.model.trace.trace import ModelCallRecord, TokenUsage
from langchain_awo.small_files import read_small_file

PER: Final = 1_000_000
"""Prices are for so many tokens."""

MAX_CHARACTERS: Final = 1_000_000
"""A longer file is no table of prices."""

_VERSION: Final = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|\d{3}|latest)")

_BEDROCK: Final = re.compile(r"-v\d+:\d+$")


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model costs, for a million tokens.

    Attributes:
        cached: of input tokens that the provider read from its cache; as other input if it is not given.
    """

    input: float
    output: float
    cached: float | None = None

    def cost(self, usage: TokenUsage) -> float:
        """What some tokens cost, in the currency of the table.

        >>> Price(input=2, cached=0.5, output=8).cost(
        ...     TokenUsage(input_tokens=1_000_000, cached_tokens=400_000, output_tokens=100_000)
        ... )
        2.2
        """
        cached = self.input if self.cached is None else self.cached
        fresh = usage.input_tokens - usage.cached_tokens
        return (fresh * self.input + usage.cached_tokens * cached + usage.output_tokens * self.output) / PER

    def of_input(self, cached: int, tokens: int) -> float:
        """What one of so many input tokens costs on average, of which some are from the cache."""
        usage = TokenUsage(input_tokens=tokens, cached_tokens=cached)
        return self.cost(usage) / tokens if tokens else self.input / PER


def rates_of(calls: Sequence[ModelCallRecord], table: PriceTable) -> list[Rates]:
    """What a token of each model call of a run cost; nothing where its price or its usage is not known.

    What the provider read from its cache was in the prompt before, if so much was.
    """
    before: dict[str, int] = {}
    prices = table.prices_of(calls)
    return [_compute_rates(call, prices[call.model], before) for call in calls]


def _compute_rates(call: ModelCallRecord, price: Price | None, before: dict[str, int]) -> Rates:
    usage = call.usage or TokenUsage()
    known = min(usage.input_tokens, before.get(call.scope, 0))
    before[call.scope] = usage.input_tokens
    if price is None:
        return UNPRICED
    reread = min(usage.cached_tokens, known)
    return Rates(
        fresh=price.of_input(usage.cached_tokens - reread, usage.input_tokens - known),
        reread=price.of_input(reread, known),
        output=price.output / PER,
    )


def compute_money(balance: Balance, price: Price, *, cached: bool) -> float:
    """What a balance comes to in money.

    >>> compute_money(Balance(reread=1_000_000), Price(input=2, cached=0.5, output=8), cached=True)
    0.5

    Args:
        cached: whether what stood in the prompt before costs the price of cached tokens.
    """
    again = price.cached if cached and price.cached is not None else price.input
    return (balance.fresh * price.input + balance.reread * again + balance.output * price.output) / PER


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTable:
    """Prices of models.

    Attributes:
        as_of: when they were true.
        source: where they were taken from.
        models: by name, lower case.
    """

    version: Literal[1] = 1
    currency: str = "USD"
    as_of: date | None = None
    source: str = ""
    models: Mapping[str, Price] = field(default_factory=dict)

    def price_of(self, model: str) -> Price | None:
        """The price of a model as providers and LangChain name it, or `None` if the table does not have it.

        A provider in front of the name and a date or version behind it do not matter.

        >>> table = PriceTable(models={"gpt-4.1-mini": Price(input=0.4, output=1.6)})
        >>> table.price_of("openai:gpt-4.1-mini-2025-04-14")
        Price(input=0.4, output=1.6, cached=None)
        >>> table.price_of("gpt-4.1") is None
        True
        """
        full = _BEDROCK.sub("", model.strip().lower())
        bare = re.split(r"[/:]|anthropic\.", full)[-1]
        for name in (full, bare):
            if name in self.models:
                return self.models[name]
        known = (each for each in self.models if _VERSION.fullmatch(bare.removeprefix(each)))
        name = max((each for each in known if bare.startswith(each)), key=len, default="")
        return self.models.get(name)

    def prices_of(self, calls: Iterable[ModelCallRecord]) -> dict[str, Price | None]:
        """The price of each model that was called; a model is looked up once."""
        return {model: self.price_of(model) for model in {call.model for call in calls}}


PRICES: Final = instance_of(PriceTable, str, os.PathLike, fix="give the path of a table of prices").optional
"""What an option of prices takes."""


def read_prices(path: str | os.PathLike[str] | None = None) -> PriceTable:
    """A table of prices from a YAML file, or the one that comes with this package.

    Args:
        path: of a file like `langchain_awo/monitoring/prices.yaml`.

    Raises:
        PriceError: the file cannot be read, or is no table of prices.
    """
    where = "the table of prices" if path is None else os.fspath(path)
    try:
        text = (
            files(__package__).joinpath("prices.yaml").read_text(encoding="utf-8")
            if path is None
            else read_small_file(path, limit=4 * MAX_CHARACTERS).decode()
        )
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PriceError(f"{where} cannot be read: {reason}") from error
    return load_prices(text, where=where)


def load_prices(text: str, *, where: str = "the table of prices") -> PriceTable:
    """A table of prices from YAML text.

    Raises:
        PriceError: it is not YAML, or a price is missing, negative or no number.
    """
    if len(text) > MAX_CHARACTERS:
        raise PriceError(f"{where} is larger than {MAX_CHARACTERS:,} characters, the limit for price tables")
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PriceError(f"{where} is not YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(data, dict) or not isinstance(data.get("models"), dict):
        raise PriceError(f"{where} has no models; write `models: {{NAME: {{input: 2, output: 8}}}}`")
    return _check_prices(_lower_names(data), where)


def _lower_names(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "models": {str(name).lower(): price for name, price in data["models"].items()}}


def _check_prices(data: dict[str, Any], where: str) -> PriceTable:
    try:
        table = TypeAdapter(PriceTable).validate_python(data)
    except ValidationError as error:
        raise PriceError(f"{where}: {describe_first_problem(error)}") from error
    for name, price in table.models.items():
        amounts = (price.input, price.output, price.cached or 0.0)
        if not all(isfinite(amount) and amount >= 0 for amount in amounts):
            raise PriceError(f"{where}: models/{name}: a price is a number that is not negative")
    return table
