"""`awo report`: everything about some traces and a toolkit, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from langchain_awo.cli.options import (
    PHASES,
    Domain,
    HeldOut,
    Model,
    PriceFile,
    Rules,
    SplitSeed,
    Toolkit,
    Traces,
)
from langchain_awo.cli.reading import Reading, read_log
from langchain_awo.cli.terminal import format_count, progress, say
from langchain_awo.model.secrets import hide_secrets


def report(
    traces: Traces,
    *,
    toolkit: Toolkit,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the page.")] = Path(
        "report.html"
    ),
    no_evaluate: Annotated[
        bool,
        typer.Option("--no-evaluate", help="Omit savings on held-out tasks, which need another compilation."),
    ] = False,
    held_out: HeldOut = 0.5,
    split_seed: SplitSeed = 0,
    rules: Rules = None,
    prices: PriceFile = None,
    domain: Domain = None,
    model: Model = None,
) -> None:
    """Write one self-contained HTML page: savings, workflow graph, meta-tools, refusals, use.

    Example: `awo report traces.db --toolkit toolkit.json -o report.html`
    """
    from langchain_awo.api.reporter import REPORTED, collect_report
    from langchain_awo.monitoring.prices import read_prices
    from langchain_awo.optimizer.rules.file import read_rules
    from langchain_awo.plan_file import read_plan
    from langchain_awo.reporting.report import check_page_target

    check_page_target(output)
    plan, table, ruled = read_plan(toolkit), read_prices(prices), read_rules(rules) if rules else None
    reading = Reading(traces, domain=domain, model=model)
    log = read_log(reading, bounds=REPORTED)
    with progress(PHASES) as tell:
        page = collect_report(
            log,
            plan,
            rules=ruled,
            evaluated=not no_evaluate,
            held_out=held_out,
            split_seed=split_seed,
            prices=table,
            source=Path(hide_secrets(traces)).name,
            progress=tell,
        )
    reading.tell(known=0)
    page.save(output)
    say(
        f"{format_count(len(log.summary.runs), 'trace')} and {format_count(len(plan.meta_tools), 'meta-tool')} in {output}"
    )
