"""What adopting would save, before anything is installed: held-out savings, priced, at so many runs a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal, TypeAlias, get_args

from langchain_awo.errors import EstimateError, PriceError
from langchain_awo.ledger.balance import Balance
from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.ir.schema import get_adapter
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.trace import TokenUsage, ToolSpec, Trace
from langchain_awo.monitoring.prices import Price, PriceTable, compute_money
from langchain_awo.monitoring.worth import Assumptions, Month, estimate_month, find_break_even
from langchain_awo.optimizer.log.corpus import Corpus, build_corpus
from langchain_awo.optimizer.log.inline import without_echo
from langchain_awo.optimizer.pipeline import Options, Progress, compile_corpus
from langchain_awo.optimizer.replay.cost import Books
from langchain_awo.optimizer.replay.evaluate import split
from langchain_awo.optimizer.replay.installed import measure_schemas, replay_installed, set_mode

USUAL_RUNS_A_DAY: Final = (10, 100, 1000)
"""An estimate always has a row for these."""


WayName: TypeAlias = Literal["installed", "continue", "append"]
"""`installed` is the toolkit as it is compiled, each meta-tool in its mode; the others use all of them in one mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What one way of use saves on the held-out runs, all of them together, by the ledger.

    Attributes:
        possible: with every use that a blind model can make.
        expected: at the assumed utilisation of what a model has to choose; what runs unasked always runs.
        schemas: tokens that stand in every prompt.
    """

    name: WayName
    possible: Balance
    expected: Balance
    schemas: float

    def money(self, price: Price, *, cached: bool) -> float:
        """What is expected, in money.

        Args:
            cached: whether the provider reads what stood in the prompt before from its cache.
        """
        return compute_money(self.expected, price, cached=cached)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEstimate:
    """The estimate at the price of one model.

    Attributes:
        recorded: whether the traces are of this model; otherwise their tokens are priced as if they were.
        run: what a run costs today, as recorded.
        saved: what the toolkit as it is installed saves of a run, in money: the less of the two below.
        saved_uncached: without prompt caching.
        saved_cached: with prompt caching: what stood in the prompt before costs the price of cached tokens.
        break_even: the fewest runs a day at which it is worth it, `None` if there is no such number.
        months: by runs a day.
    """

    model: str
    recorded: bool
    run: float
    saved: float
    saved_uncached: float
    saved_cached: float
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
        data: dict[str, JSONValue] = get_adapter(Estimate).dump_python(self, mode="json")
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
    ways = tuple(_measure_ways(meta_tools, rest, assumed.utilisation))
    usage, recorded = _sum_usage(rest), _measure_recorded(found)
    models = tuple(
        _price_ways(model, ways[0], rest, runs_a_day=runs_a_day, assumptions=assumed)
        for model in _choose_models(found, table, priced_as, usage)
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
        reason=_explain_worth(
            first, decisive, meta_tools=len(meta_tools), currency=table.currency, assumed=assumed
        ),
    )


def _measure_ways(meta_tools: Sequence[MetaTool], rest: Corpus, utilisation: float) -> Iterator[Way]:
    books = Books(rest)
    for name in get_args(WayName):
        mode = None if name == "installed" else name
        used = [set_mode(each, mode) if mode else each for each in meta_tools]
        shown = measure_schemas(used, rest)
        possible = replay_installed(used, rest, books=books).balance
        unasked = replay_installed([each for each in used if each.mode in UNASKED], rest, books=books)
        never = books.balance(unasked.tally, schemas=shown)
        expected = possible.times(utilisation) + never.times(1 - utilisation)
        yield Way(name=name, possible=possible, expected=expected, schemas=shown)


UNASKED: Final = ("continue", "entry", "prefetch")
"""Modes in which no model has to choose."""


def _price_ways(
    model: _Model, way: Way, rest: Corpus, *, runs_a_day: int, assumptions: Assumptions
) -> ModelEstimate:
    runs = len(rest.runs)
    uncached, cached = (way.money(model.price, cached=each) / runs for each in (False, True))
    saved = min(uncached, cached)
    of_a_run = way.expected.times(1 / runs)
    a_run = {"model_calls": of_a_run.model_calls, "tokens": of_a_run.tokens, "money": saved}
    numbers = sorted({*USUAL_RUNS_A_DAY, runs_a_day})
    return ModelEstimate(
        model=model.name,
        recorded=model.recorded,
        run=model.price.cost(_sum_usage(rest)) / runs,
        saved=saved,
        saved_uncached=uncached,
        saved_cached=cached,
        break_even=find_break_even(saved, assumptions),
        months=tuple(estimate_month(number, **a_run, assumptions=assumptions) for number in numbers),
    )


@dataclass(frozen=True, slots=True)
class _Model:
    name: str
    price: Price
    recorded: bool


def _choose_models(
    traces: Sequence[Trace], table: PriceTable, priced_as: Sequence[str], usage: TokenUsage
) -> list[_Model]:
    """The models to price by, the one that decides first."""
    used = Counter(call.model or trace.model for trace in traces for call in trace.model_calls)
    if priced_as:
        return [_Model(name, _look_up_price(table, name), name in used) for name in dict.fromkeys(priced_as)]
    ranked = sorted(used, key=lambda name: (-used[name], name))
    if known := [_Model(name, price, recorded=True) for name in ranked if (price := table.price_of(name))]:
        return known
    costs = sorted((price.cost(usage), name) for name, price in table.models.items())
    if not costs:
        raise PriceError("the price table is empty; add the model that your agents use")
    some = dict.fromkeys(costs[place][1] for place in (len(costs) // 2, 0, len(costs) - 1))
    return [_Model(name, table.models[name], recorded=False) for name in some]


def _look_up_price(table: PriceTable, name: str) -> Price:
    if price := table.price_of(name):
        return price
    near = get_close_matches(name.lower(), table.models, n=3, cutoff=0.5)
    hint = f"; it has {', '.join(near)}" if near else ""
    raise PriceError(f"the price table does not list {name!r}{hint}. Add it to your own price table.")


def _sum_usage(corpus: Corpus) -> TokenUsage:
    return sum((run.usage for run in corpus.runs), TokenUsage())


def _measure_recorded(traces: Sequence[Trace]) -> float:
    calls = [call.usage is not None for trace in traces for call in trace.model_calls]
    return sum(calls) / max(1, len(calls))


def _explain_worth(
    model: ModelEstimate, at: Month, *, meta_tools: int, currency: str, assumed: Assumptions
) -> str:
    if not meta_tools:
        return "Not worth it: no routine held up on tasks it was not compiled from."
    if model.break_even is None:
        return (
            f"Not worth it at any number of runs with {model.model}: "
            "schemas and unused outputs cost more than is saved."
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
