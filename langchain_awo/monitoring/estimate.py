"""What adopting would save, before anything is installed: held-out savings, priced, at so many runs a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from langchain_awo.errors import EstimateError, PriceError
from langchain_awo.model.ir.schema import adapter
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import TokenUsage, ToolSpec, Trace
from langchain_awo.monitoring.prices import PER, Price, PriceTable
from langchain_awo.monitoring.worth import Assumptions, Month, break_even, month
from langchain_awo.optimizer.log.corpus import Corpus, build_corpus
from langchain_awo.optimizer.log.inline import without_echo
from langchain_awo.optimizer.pipeline import Options, Progress, compile_corpus
from langchain_awo.optimizer.replay.cost import schema_tokens
from langchain_awo.optimizer.replay.counterfactual import replay
from langchain_awo.optimizer.replay.evaluate import split
from langchain_awo.optimizer.replay.tally import Tally

USUAL_RUNS_A_DAY: Final = (10, 100, 1000)
"""An estimate always has a row for these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What one way of use saved on the held-out runs, all of them together.

    Attributes:
        name: `continue` runs what follows a call unasked; in `append` a model has to choose the meta-tool.
        model_calls: saved.
        usage: of the saved model calls.
        in_vain: tokens of the outputs that nobody needed.
        schemas: tokens that the schemas took of all prompts.
        share: of the savings that can be expected: the assumed utilisation in `append`, 1 in `continue`.
    """

    name: Literal["continue", "append"]
    model_calls: int
    usage: TokenUsage
    in_vain: float
    schemas: int
    share: float

    @property
    def expected_calls(self) -> float:
        """Model calls saved at the expected share."""
        return self.share * self.model_calls

    @property
    def tokens(self) -> float:
        """Tokens saved at the expected share, less schemas and what was fetched in vain."""
        return self.share * (self.usage.total_tokens - self.in_vain) - self.schemas

    def money(self, price: Price, prompts: TokenUsage, *, recorded: float) -> float:
        """The same in money.

        Args:
            price: of the model.
            prompts: usage of all held-out model calls; schemas are cached as much as these.
            recorded: share of the model calls whose usage was recorded; of the others nobody knows what was cached, and
                schemas, which stand in the unchanged beginning of every prompt, are taken to be.
        """
        cached = price.input if price.cached is None else price.cached
        read = price.cost(TokenUsage(input_tokens=prompts.input_tokens, cached_tokens=prompts.cached_tokens))
        as_read = read / max(1, prompts.input_tokens)
        schemas = self.schemas * (recorded * as_read + (1 - recorded) * cached / PER)
        in_vain = self.in_vain * price.input / PER
        return self.share * (price.cost(self.usage) - in_vain) - schemas


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEstimate:
    """The estimate at the price of one model.

    Attributes:
        recorded: whether the traces are of this model; otherwise their tokens are priced as if they were.
        run: what a run costs today.
        way: the way of use that saves most.
        saved: what it saves of a run, in money.
        break_even: the fewest runs a day at which it is worth it, `None` if there is no such number.
        months: by runs a day.
    """

    model: str
    recorded: bool
    run: float
    way: Literal["continue", "append"]
    saved: float
    break_even: int | None
    months: tuple[Month, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What adopting would save.

    Attributes:
        traces: all runs.
        runs: held-out runs, on which the savings were measured.
        model_calls: of the held-out runs; likewise `usage`.
        recorded_usage: share of the model calls of all runs whose tokens the provider reported; the others are estimated.
        ways: of use, measured.
        models: the estimate at the price of each model; the first decides.
        runs_a_day: at which the verdict is given.
        worth_it: the verdict.
        reason: the verdict in words.
    """

    traces: int
    tasks_train: int
    tasks_held_out: int
    runs: int
    model_calls: int
    usage: TokenUsage
    recorded_usage: float
    meta_tools: int
    ways: tuple[Way, ...]
    assumptions: Assumptions
    currency: str
    models: tuple[ModelEstimate, ...]
    runs_a_day: int
    worth_it: bool
    reason: str

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data, as the command line prints it."""
        data: dict[str, JSONValue] = adapter(Estimate).dump_python(self, mode="json")
        return data

    def __str__(self) -> str:
        return self.reason


def estimate_saving(
    traces: Iterable[Trace],
    *,
    table: PriceTable,
    options: Options | None = None,
    tools: Sequence[ToolSpec] = (),
    runs_a_day: int = 100,
    priced_as: Sequence[str] = (),
    assumptions: Assumptions | None = None,
    held_out: float = 0.5,
    split_seed: int = 0,
    progress: Progress | None = None,
) -> Estimate:
    """Compiles the traces of some tasks, replays the result on those of the others, and prices what it saves.

    Args:
        table: prices.
        runs_a_day: for the verdict; the usual ones are estimated too.
        priced_as: models at whose price the tokens are counted; those recorded if not given, and if the table has none of them
            the cheapest, the median and the dearest of the table.
        assumptions: what cannot be measured.

    Raises:
        EstimateError: the number of runs makes no sense.
        PriceError: the table lacks a model that was asked for.
        CompileError: there are fewer than two tasks, or the share leaves one side empty.
    """
    if runs_a_day < 1:
        raise EstimateError(f"runs_a_day is {runs_a_day}; it must be at least 1")
    chosen, assumed, found = (
        options or Options(),
        assumptions or Assumptions(),
        without_echo(traces, frozenset())[0],
    )
    corpus = build_corpus(found, tools=tools, declared=chosen.effects)
    train, rest = split(corpus, held_out=held_out, seed=split_seed)
    meta_tools, _ = compile_corpus(train, chosen, progress=progress)
    replayed = replay(meta_tools, rest)
    schemas = sum(map(schema_tokens, meta_tools)) * rest.model_calls
    ways = (
        _way("continue", replayed.continue_, rest, schemas=0, share=1.0),
        _way("append", replayed.chooser, rest, schemas=schemas, share=assumed.utilisation),
    )
    usage, recorded = _usage(rest), _recorded(found)
    models = tuple(
        _priced(model, ways, rest, recorded=recorded, runs_a_day=runs_a_day, assumptions=assumed)
        for model in _models(found, table, priced_as, usage)
    )
    first = models[0]
    decisive = next(each for each in first.months if each.runs_a_day == runs_a_day)
    return Estimate(
        traces=len(corpus.runs),
        tasks_train=len(train.tasks),
        tasks_held_out=len(rest.tasks),
        runs=len(rest.runs),
        model_calls=rest.model_calls,
        usage=usage,
        recorded_usage=recorded,
        meta_tools=len(meta_tools),
        ways=ways,
        assumptions=assumed,
        currency=table.currency,
        models=models,
        runs_a_day=runs_a_day,
        worth_it=decisive.worth_it,
        reason=_reason(first, decisive, meta_tools=len(meta_tools), currency=table.currency, assumed=assumed),
    )


def _way(
    name: Literal["continue", "append"], tally: Tally, rest: Corpus, *, schemas: int, share: float
) -> Way:
    return Way(
        name=name,
        model_calls=tally.saved,
        usage=tally.usage,
        in_vain=tally.wasted_tokens(rest.output_tokens),
        schemas=schemas,
        share=share,
    )


def _priced(
    model: _Model,
    ways: Sequence[Way],
    rest: Corpus,
    *,
    recorded: float,
    runs_a_day: int,
    assumptions: Assumptions,
) -> ModelEstimate:
    runs, usage = len(rest.runs), _usage(rest)
    money = {way.name: way.money(model.price, usage, recorded=recorded) for way in ways}
    best = max(ways, key=lambda way: money[way.name])
    saved = money[best.name] / runs
    a_run = {"model_calls": best.expected_calls / runs, "tokens": best.tokens / runs, "money": saved}
    numbers = sorted({*USUAL_RUNS_A_DAY, runs_a_day})
    return ModelEstimate(
        model=model.name,
        recorded=model.recorded,
        run=model.price.cost(usage) / runs,
        way=best.name,
        saved=saved,
        break_even=break_even(saved, assumptions),
        months=tuple(month(number, **a_run, assumptions=assumptions) for number in numbers),
    )


@dataclass(frozen=True, slots=True)
class _Model:
    name: str
    price: Price
    recorded: bool


def _models(
    traces: Sequence[Trace], table: PriceTable, priced_as: Sequence[str], usage: TokenUsage
) -> list[_Model]:
    """The models to price by, the one that decides first."""
    used = Counter(call.model or trace.model for trace in traces for call in trace.model_calls)
    if priced_as:
        return [_Model(name, _price(table, name), name in used) for name in dict.fromkeys(priced_as)]
    ranked = sorted(used, key=lambda name: (-used[name], name))
    if known := [_Model(name, price, recorded=True) for name in ranked if (price := table.price_of(name))]:
        return known
    costs = sorted((price.cost(usage), name) for name, price in table.models.items())
    if not costs:
        raise PriceError("the table of prices is empty; add the model that your agents use")
    some = dict.fromkeys(costs[place][1] for place in (len(costs) // 2, 0, len(costs) - 1))
    return [_Model(name, table.models[name], recorded=False) for name in some]


def _price(table: PriceTable, name: str) -> Price:
    if price := table.price_of(name):
        return price
    near = get_close_matches(name.lower(), table.models, n=3, cutoff=0.5)
    hint = f"; it has {', '.join(near)}" if near else ""
    raise PriceError(f"the table of prices has no model {name!r}{hint}. Add it to a table of your own.")


def _usage(corpus: Corpus) -> TokenUsage:
    return sum((run.usage for run in corpus.runs), TokenUsage())


def _recorded(traces: Sequence[Trace]) -> float:
    calls = [call.usage is not None for trace in traces for call in trace.model_calls]
    return sum(calls) / max(1, len(calls))


def _reason(model: ModelEstimate, at: Month, *, meta_tools: int, currency: str, assumed: Assumptions) -> str:
    if not meta_tools:
        return "Not worth it: no routine was found that holds on tasks it was not compiled from."
    if model.break_even is None:
        return (
            f"Not worth it at any number of runs with {model.model}: "
            "schemas and outputs fetched in vain cost more than is saved."
        )
    runs = f"{at.runs_a_day:,} {'run' if at.runs_a_day == 1 else 'runs'} a day with {model.model}"
    saved = f"it saves {currency} {at.saved:,.2f} a month"
    if at.worth_it:
        return (
            f"Worth it at {runs}: {saved}, {at.net:,.2f} of them after upkeep, "
            f"and has paid for the set-up after {at.payback_months:,.1f} months."
        )
    return (
        f"Not worth it at {runs}: {saved}, upkeep costs {assumed.upkeep:,.2f}. From {model.break_even:,} runs a day "
        f"it pays for the set-up within {assumed.payback_months:g} months."
    )
