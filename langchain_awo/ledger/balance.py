"""A balance: what a run without a toolkit spends, less what the same run spends with it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Self

from langchain_awo.model.text.json_value import JSONValue

UNCERTAINTY: Final = 0.25
"""Share by which an estimate of four characters a token may be off: providers count differently."""

CACHED_SHARE: Final = 0.1
"""What a token costs that the provider reads from its cache, of what other input tokens cost, unless a price says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What one token of a model call costs.

    Attributes:
        fresh: an input token that stands in a prompt of its agent for the first time.
        reread: one that stood in the prompt before, as far as the provider reads such tokens from its cache.
    """

    fresh: float = 0.0
    reread: float = 0.0
    output: float = 0.0

    def cost(self, *, fresh: float, reread: float, output: float) -> float:
        """What so many tokens cost."""
        return fresh * self.fresh + reread * self.reread + output * self.output


UNPRICED: Final = Rates()
"""Of a model call whose price nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Spent without a toolkit, less spent with it; a loss is below 0. Balances add up.

    Attributes:
        model_calls: saved.
        over_fetched: tool calls made that the agent without a toolkit does not make.
        fresh: input tokens saved that stand in a prompt of their agent for the first time.
        reread: input tokens saved that stood in the prompt before; these alone a cache makes cheaper.
        output: output tokens saved.
        seconds: waiting saved, as far as times were recorded.
        money: saved, where the tokens of the run have prices, see `Rates`; a forecast is priced as a whole instead.
        unsure: calls by which `over_fetched` may be off: nobody recorded how long a list would have been, or knows whether a model takes a
            routine of which it wants the first call alone.
        margin: tokens by which the figures may be off because texts and schemas are estimated, up or down.
    """

    model_calls: float = 0.0
    over_fetched: float = 0.0
    unsure: float = 0.0
    fresh: float = 0.0
    reread: float = 0.0
    output: float = 0.0
    seconds: float = 0.0
    money: float = 0.0
    margin: float = 0.0

    @property
    def input(self) -> float:
        """Input tokens saved."""
        return self.fresh + self.reread

    @property
    def tokens(self) -> float:
        """Net tokens without prompt caching: input and output together."""
        return self.fresh + self.reread + self.output

    def cached_tokens(self, share: float = CACHED_SHARE) -> float:
        """Net tokens with prompt caching: what was in the prompt before counts only a share.

        >>> Balance(fresh=100, reread=1000, output=10).cached_tokens()
        210.0
        """
        return self.fresh + share * self.reread + self.output

    def __add__(self, other: Self) -> Self:
        return type(self)(
            **{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)}
        )

    def times(self, factor: float) -> Self:
        """So many times as much."""
        return type(self)(**{each.name: getattr(self, each.name) * factor for each in fields(self)})

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data, tokens both without and with prompt caching."""
        return {
            "model_calls": round(self.model_calls, 3),
            "over_fetched": round(self.over_fetched, 3),
            "over_fetched_margin": round(self.unsure, 3),
            "tokens": round(self.tokens),
            "tokens_cached": round(self.cached_tokens()),
            "tokens_margin": round(self.margin),
            "seconds": round(self.seconds, 3),
        }
