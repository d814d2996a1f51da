"""`awo estimate`: whether adopting is worth it, before anything is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from langchain_awo.cli.hints import check_tool_names, tell_unknown_effects
from langchain_awo.cli.options import (
    PHASES,
    AsJson,
    Domain,
    Effects,
    HeldOut,
    MaxTools,
    Model,
    PriceFile,
    Protect,
    SplitSeed,
    Tools,
    Traces,
    Writes,
    parse_effects,
)
from langchain_awo.cli.sources import load_live_tools, read_sample
from langchain_awo.cli.terminal import format_count, format_percent, progress, put, put_json, put_table

if TYPE_CHECKING:
    from langchain_awo.monitoring.estimate import Estimate, ModelEstimate, Way


def estimate_traces(
    traces: Traces,
    *,
    runs_a_day: Annotated[
        int, typer.Option(min=1, help="Volume to judge by; 10, 100 and 1,000 are shown as well.")
    ] = 100,
    prices: PriceFile = None,
    price_as: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL", help="Price tokens as this model's; repeatable."),
    ] = None,
    utilisation: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of the possible uses that the model makes.")
    ] = 0.5,
    setup_hours: Annotated[
        float, typer.Option(min=0.0, help="Hours of work until the toolkit is merged.")
    ] = 8.0,
    upkeep_hours: Annotated[float, typer.Option(min=0.0, help="Hours of maintenance a month.")] = 1.0,
    hourly_rate: Annotated[float, typer.Option(min=0.0, help="Cost of an hour of work.")] = 100.0,
    payback_months: Annotated[
        float, typer.Option(min=0.1, help="Worth it if the set-up pays for itself within this many months.")
    ] = 12.0,
    split_seed: SplitSeed = 0,
    held_out: HeldOut = 0.5,
    domain: Domain = None,
    model: Model = None,
    max_tools: MaxTools = 10,
    writes: Writes = False,
    tools: Tools = None,
    protect: Protect = None,
    effect: Effects = None,
    as_json: AsJson = False,
) -> None:
    """Estimate what a toolkit saves a month, and from how many runs a day it pays; exit code 1 if it does not.

    Example: `awo estimate traces.db --runs-a-day 500 --price-as gpt-4.1-mini`
    """
    from langchain_awo.monitoring.estimate import estimate_saving
    from langchain_awo.monitoring.prices import read_prices
    from langchain_awo.monitoring.worth import Assumptions
    from langchain_awo.optimizer.pipeline import Options
    from langchain_awo.runtime.tool.signatures import read_spec

    options = Options(
        writes="guarded" if writes else "none",
        max_tools=max_tools,
        effects=parse_effects(effect),
        protected=frozenset(protect or ()),
    )
    table = read_prices(prices)
    specs = [read_spec(tool) for tool in load_live_tools(tools)]
    found = read_sample(traces, domain=domain, model=model)
    check_tool_names(options, found, specs)
    with progress(PHASES) as tell:
        estimate = estimate_saving(
            found,
            table=table,
            options=options,
            tools=specs,
            runs_a_day=runs_a_day,
            priced_as=price_as or (),
            assumptions=Assumptions(
                utilisation=utilisation,
                setup_hours=setup_hours,
                upkeep_hours=upkeep_hours,
                hourly_rate=hourly_rate,
                payback_months=payback_months,
            ),
            held_out=held_out,
            split_seed=split_seed,
            progress=tell,
        )
    if as_json:
        put_json(estimate.as_json())
    else:
        _put(estimate)
        tell_unknown_effects(found, specs=specs, declared=options.effects, protected=options.protected)
    raise typer.Exit(0 if estimate.worth_it else 1)


def _put(estimate: Estimate) -> None:
    runs, usage = estimate.runs, estimate.usage
    put(
        f"{format_count(estimate.traces, 'trace')}; compiled {format_count(estimate.tasks_train, 'task')}, "
        f"held out {format_count(estimate.tasks_held_out, 'task')} with {format_count(runs, 'run')}\n"
    )
    put_table(
        "A held-out run, on average",
        ["", "model calls", "tokens", "with caching", "calls in vain", "schemas"],
        [
            [
                "today",
                f"{estimate.model_calls / runs:.2f}",
                f"{usage.total_tokens / runs:,.0f}",
                "",
                "",
                "",
            ],
            *(_format_way(way, runs) for way in estimate.ways),
        ],
    )
    for model in estimate.models if estimate.meta_tools else ():
        _put_model(model, estimate.currency)
    put(_format_assumptions(estimate))
    put(f"\n{estimate.reason}", style="bold")


WAYS: Final = {
    "installed": "saved as compiled",
    "continue": "saved if all continue",
    "append": "saved if all are appended",
}


def _format_way(way: Way, runs: int) -> list[str]:
    saved = way.expected.times(1 / runs)
    return [
        WAYS[way.name],
        f"{saved.model_calls:.2f}",
        f"{saved.tokens:,.0f} \u00b1 {saved.margin:,.0f}",
        f"{saved.cached_tokens():,.0f}",
        f"{saved.over_fetched:.2f}",
        f"{way.schemas:,.0f}",
    ]


def _put_model(model: ModelEstimate, currency: str) -> None:
    from langchain_awo.monitoring.prices import PER

    as_if = "" if model.recorded else ", if it were used"
    put(
        f"{model.model}{as_if}: a run costs {currency} {model.run:.4f}; the toolkit saves "
        f"{model.saved_uncached:.4f} of it, {model.saved_cached:.4f} with prompt caching"
    )
    put_table(
        "Saved a month",
        ["runs a day", "model calls", "tokens", "money", "after upkeep", "pays back"],
        [
            [
                f"{each.runs_a_day:,}",
                f"{each.model_calls:,}",
                f"{each.tokens / PER:,.1f} M",
                f"{each.saved:,.2f}",
                f"{each.net:,.2f}",
                "never" if each.payback_months is None else f"{each.payback_months:,.1f} months",
            ]
            for each in model.months
        ],
    )


def _format_assumptions(estimate: Estimate) -> str:
    assumed, recorded = estimate.assumptions, estimate.recorded_usage
    return (
        "Prompt caching: what stood in the prompt before counts a tenth, or the price of cached tokens; "
        "the months count the lower saving.\n"
        f"Assumed: a model makes {format_percent(assumed.utilisation)} of the possible uses of appended meta-tools; "
        f"{assumed.setup_hours:g} hours to set it up\nand {assumed.upkeep_hours:g} a month to keep it up, "
        f"at {estimate.currency} {assumed.hourly_rate:g} an hour. "
        f"Tokens as recorded for {format_percent(recorded)} of the model calls"
        f"{'' if recorded == 1 else ', estimated for the others'}.\nTime that users wait less is not counted."
    )
