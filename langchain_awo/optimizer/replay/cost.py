"""What things cost, in usual model calls."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.text.encoding import dumps
from langchain_awo.optimizer.log.corpus import CHARACTERS_PER_TOKEN, Corpus
from langchain_awo.optimizer.replay.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What things cost, in model calls.

    Attributes:
        over_fetch: the least that a tool call costs that nobody wanted; more if its output is long.
        schema: what a token of a schema costs that stands in every prompt, of what other tokens cost. Providers bill
            the unchanged beginning of a prompt at about a tenth; and a saved model call is also the time that somebody
            would have waited, here taken to be worth as much again. 1 counts tokens alone, at full price.
        min_gain: a meta-tool must add at least this many saved model calls.
        max_over_fetch: calls run unasked and in vain, for each saved model call, that all continuing may cause together.
    """

    over_fetch: float = 0.05
    schema: float = 0.05
    min_gain: float = 0.5
    max_over_fetch: float = 2.5


@dataclass(frozen=True)
class Cost:
    """Prices on some runs."""

    corpus: Corpus
    prices: Prices

    @cached_property
    def usual_tokens(self) -> float:
        """What a tool-calling model call costs on average, in tokens."""
        rounds = [current.tokens for _, segment in self.corpus.segments() for current in segment.rounds]
        return max(1.0, sum(rounds) / max(1, len(rounds)))

    @cached_property
    def wasted_call(self) -> dict[str, float]:
        """By tool, what a call costs that nobody wanted: its output is read by the next model call."""
        sizes = self.corpus.output_tokens
        return {tool: max(self.prices.over_fetch, size / self.usual_tokens) for tool, size in sizes.items()}

    def of_schema(self, meta_tool: MetaTool) -> float:
        """What showing a meta-tool in every prompt of the runs costs."""
        return self.prices.schema * schema_tokens(meta_tool) * self.corpus.model_calls / self.usual_tokens

    def worth(self, tally: Tally) -> float:
        """The model calls that a tally saved, less what was fetched in vain; a repeat saves nothing worth a routine."""
        price = self.wasted_call
        wasted = sum(count * price.get(tool, self.prices.over_fetch) for tool, count in tally.wasted.items())
        return tally.saved - tally.repeats - wasted


def schema_tokens(meta_tool: MetaTool) -> int:
    """What the schema of a named meta-tool adds to a prompt, estimated from what `bind_tools` sends."""
    required = [spec.name for spec in meta_tool.parameters if spec.required]
    properties = {spec.name: spec.schema for spec in meta_tool.parameters}
    parameters = {"properties": properties, "required": required, "type": "object"}
    function = {"name": meta_tool.name, "description": meta_tool.description, "parameters": parameters}
    return len(dumps({"type": "function", "function": function})) // CHARACTERS_PER_TOKEN
