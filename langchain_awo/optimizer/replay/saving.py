"""What a set of meta-tools saves on some runs, as figures that can be quoted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields

from langchain_awo.ledger.balance import Balance
from langchain_awo.ledger.interval import Interval, sum_of
from langchain_awo.model.text.json_value import JSONValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What a set of meta-tools saves, as shares of all model calls of the runs it was replayed on.

    Attributes:
        chooser: saved if the agent picks a meta-tool whenever it applies and its parameters are known.
        continue_: saved if the rest follows the agent's own anchor call.
        over_fetch: in continue mode, tool calls the recorded agents did not make, for each model call saved.
        chooser_over_fetch: the same for chooser.
        chooser_repeats: part of `chooser` that only repeats earlier calls of the same run.
        continue_repeats: part of `continue_` that only repeats earlier calls.
        parts: what `chooser` is made of.
        blind: saved if whoever picks a meta-tool knows nothing of what it will show; `blind_parts` is what it is made of.
        blind_over_fetch: over-fetch of a blind chooser.
        unwanted_writes: uses of a blind chooser that would have written what the recorded agent did not; a count.
        net_tokens: what continue mode saves by the ledger, without prompt caching.
        chooser_net_tokens: the same for a chooser.
        installed: saved with each meta-tool in its own mode, chosen blindly where a model has to choose.
        stranded: runs in which the agent wants a tool that `replace` hides for something else than the whole routine: what it does
            without it nobody can know, and the figures are as if it had it, or took the routine all the same.
        by_task: what that saves of each task by the ledger, in everything.
    """

    meta_tools: int
    chooser: float
    continue_: float
    over_fetch: float
    chooser_over_fetch: float
    chooser_repeats: float
    continue_repeats: float
    net_tokens: int
    chooser_net_tokens: int
    parts: dict[str, float]
    blind: float
    blind_parts: dict[str, float]
    blind_over_fetch: float
    unwanted_writes: int
    installed: float = 0.0
    stranded: int = 0
    by_task: tuple[Balance, ...] = field(default=(), repr=False)

    @property
    def net(self) -> Balance:
        """What the toolkit saves as it is installed, of all runs together."""
        return sum(self.by_task, Balance())

    def interval(self, figure: Callable[[Balance], float], *, margin: float = 0.0) -> Interval:
        """One figure of the net, with the interval that follows from how tasks differ.

        Args:
            figure: of a balance.
            margin: by which it may be off besides, as it is estimated.
        """
        return sum_of([figure(each) for each in self.by_task]).widened(margin)

    @property
    def model_calls(self) -> Interval:
        """Model calls that are not made."""
        return self.interval(lambda each: each.model_calls)

    @property
    def tokens(self) -> Interval:
        """Net tokens without prompt caching."""
        return self.interval(lambda each: each.tokens, margin=self.net.margin)

    @property
    def cached_tokens(self) -> Interval:
        """Net tokens with prompt caching."""
        return self.interval(Balance.cached_tokens, margin=self.net.margin)

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data; `continue_` is called `continue`."""
        names = [each.name for each in fields(self) if each.name != "by_task"]
        intervals = {
            "model_calls": self.model_calls.as_json(),
            "tokens": self.tokens.as_json(),
            "tokens_cached": self.cached_tokens.as_json(),
        }
        return {
            **{name.rstrip("_"): getattr(self, name) for name in names},
            "net": {**self.net.as_json(), "intervals": intervals},
        }
