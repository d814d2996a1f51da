"""`awo monitor`: what recorded runs say about a toolkit, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from langchain_awo.cli.options import AsJson, Domain, Model, PriceFile, Since, Toolkit, Traces, parse_since
from langchain_awo.cli.reading import Reading, read_log
from langchain_awo.cli.tables import with_reach
from langchain_awo.cli.terminal import format_count, progress, put, put_json, put_table, put_wrapped

if TYPE_CHECKING:
    from langchain_awo.ledger.interval import Interval
    from langchain_awo.monitoring.experiment import Arm, Experiment
    from langchain_awo.monitoring.findings import Finding
    from langchain_awo.monitoring.intervals import Share
    from langchain_awo.monitoring.ledger import Amount, Ledger, Purpose
    from langchain_awo.monitoring.monitor import Monitoring, Watched

LONG = 100
"""Longer reasons are cut."""

PURPOSES: Final[Mapping[Purpose, str]] = {
    "without": "runs without",
    "work": "work",
    "schema": "schema of",
    "over_fetch": "fetched in vain by",
}
"""What the lines of the books are called, in this order."""

WORK = 1
"""Exit code if something has to be done."""


def monitor(
    traces: Traces,
    *,
    toolkit: Toolkit,
    prices: PriceFile = None,
    books: Annotated[bool, typer.Option("--books", help="Also print what every token was spent on.")] = False,
    otel: Annotated[
        bool, typer.Option("--otel", help="Also export the figures as OpenTelemetry metrics.")
    ] = False,
    since: Since = None,
    domain: Domain = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Show which meta-tools to keep, change or retire, and why; exit code 1 if action is needed.

    Example: `awo monitor traces.db --toolkit toolkit.json`
    """
    from langchain_awo.monitoring.monitor import WATCHED, monitor_runs
    from langchain_awo.monitoring.prices import read_prices
    from langchain_awo.plan_file import read_plan

    plan, table = read_plan(toolkit), read_prices(prices)
    reading = Reading(traces, domain=domain, model=model, since=parse_since(since))
    log = read_log(reading, bounds=WATCHED)
    with progress({"observe": "looking at runs"}) as tell:
        monitoring = monitor_runs(log.runs(), log.summary, plan, prices=table, progress=tell)
    reading.tell(known=0)
    if otel:
        from langchain_awo.monitoring.telemetry import publish

        publish(monitoring)
    if as_json:
        put_json(monitoring.as_json())
    else:
        _put(monitoring, books=books)
    raise typer.Exit(WORK if monitoring.is_work else 0)


def _put(found: Monitoring, *, books: bool) -> None:
    first, last = found.period.first, found.period.last
    days = f", {first} to {last}" if first and last else ""
    held_out = f", {found.held_out:,} held out" if found.held_out else ""
    put(f"{format_count(found.runs, 'run')}{days}; {found.with_toolkit:,} had the toolkit{held_out}\n")
    put_table(
        "Use, and what a run that had it saved at least, on average",
        ["", "had it", "applied", "used", "completed", "in vain, at most", "model calls", "tokens"],
        [[number, *_format_row(each.found)] for number, each in _number_meta_tools(found)],
    )
    if found.experiment:
        _put_experiment(found.experiment)
    if books:
        _put_books(
            found.ledger, found.currency, {each.name: number for number, each in _number_meta_tools(found)}
        )
    _put_decisions(found)


def _number_meta_tools(found: Monitoring) -> list[tuple[str, Watched]]:
    """The meta-tools with the numbers that tables call them by: names are long."""
    return [(f"#{number}", each) for number, each in enumerate(found.meta_tools, start=1)]


def _format_row(found: Finding) -> list[str]:
    return [
        f"{found.offered:,}",
        f"{found.utilisation.of:,}",
        _format_share(found.utilisation),
        _format_share(found.completed),
        f"{found.wasted:,} of {found.made:,}",
        with_reach(found.savings.model_calls, 2),
        with_reach(found.savings.tokens, 0),
    ]


def _put_experiment(found: Experiment) -> None:
    without, with_it = found.held_out, found.with_toolkit
    rows = [
        _format_arm("held out", without),
        _format_arm("with the toolkit", with_it),
        [
            "difference",
            "",
            with_reach(found.model_calls, 2, signed=True),
            with_reach(found.tokens, 0, signed=True),
            _format_points(found.success) if found.success else "",
        ],
    ]
    put_table("Experiment: a thread on average", ["", "threads", "model calls", "tokens", "success"], rows)


def _format_points(success: Interval) -> str:
    """A difference of shares in percentage points, with its interval, which is not symmetric."""
    low, high = success.low or 0.0, success.high or 0.0
    return f"{100 * success.value:+.0f} ({100 * low:+.0f} to {100 * high:+.0f})"


def _format_arm(name: str, arm: Arm) -> list[str]:
    calls, tokens = with_reach(arm.model_calls, 2), with_reach(arm.tokens, 0)
    return [name, f"{arm.threads:,}", calls, tokens, _format_share(arm.success)]


def _put_books(ledger: Ledger, currency: str, numbers: Mapping[str, str]) -> None:
    from langchain_awo.monitoring.ledger import Amount

    total = sum(ledger.lines.values(), Amount())

    def place(line: tuple[Purpose, str]) -> tuple[int, int]:
        return list(PURPOSES).index(line[0]), list(numbers).index(line[1]) if line[1] else -1

    rows = [
        _format_amount(f"{PURPOSES[purpose]} {numbers.get(name, '')}".strip(), ledger.lines[purpose, name])
        for purpose, name in sorted(ledger.lines, key=place)
    ]
    saved = [
        _format_amount(f"saved by {number}", ledger.saved[name])
        for name, number in numbers.items()
        if name in ledger.saved
    ]
    put_table(
        "Books",
        ["", "model calls", "input tokens", "output tokens", currency],
        [*rows, _format_amount("as recorded", total), *saved, _format_amount("net", ledger.total)],
    )


def _format_amount(name: str, amount: Amount) -> list[str]:
    calls = f"{amount.model_calls:,.1f}" if amount.model_calls else ""
    return [name, calls, f"{amount.input_tokens:,}", f"{amount.output_tokens:,}", f"{amount.cost:,.4f}"]


def _put_decisions(found: Monitoring) -> None:
    from langchain_awo.monitoring.monitor import describe_decision

    for number, each in _number_meta_tools(found):
        put(f"{number} {each.name}: {describe_decision(each.decision)}", style="bold")
        _put_lines(each.decision.evidence)
        _put_lines(
            f"handed back {format_count(count, 'time')} at step {back.step} {back.tool}, {back.cause}: {_shorten_line(back.reason)}"
            for back, count in each.found.hand_backs
        )
    put(f"toolkit: {describe_decision(found.decision)}", style="bold")
    _put_lines(found.decision.evidence)
    _put_lines(found.notes)


def _put_lines(lines: Iterable[str]) -> None:
    for line in lines:
        put_wrapped(f"  {line}")


def _shorten_line(text: str) -> str:
    """The beginning of a text, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= LONG else f"{words[:LONG]}..."


def _format_share(share: Share) -> str:
    if share.value is None:
        return ""
    return f"{share.value:.0%} ({100 * share.low:.0f}-{100 * share.high:.0f})"
