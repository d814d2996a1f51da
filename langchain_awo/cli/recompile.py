"""`awo recompile`: new traces and the toolkit in use, to a new toolkit and what changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from langchain_awo.cli.keeping import ensure_kept, read_earlier
from langchain_awo.cli.options import (
    CACHING,
    PHASES,
    AsJson,
    Domain,
    Effects,
    Model,
    Protect,
    Rules,
    State,
    Toolkit,
    Tools,
    Traces,
    Workers,
    parse_effects,
)
from langchain_awo.cli.reading import Reading, count
from langchain_awo.cli.sources import load_live_tools
from langchain_awo.cli.terminal import format_count, progress, put, put_json, say

if TYPE_CHECKING:
    from langchain_awo.optimizer.log.echo import Echo


def recompile_toolkit(
    traces: Traces,
    *,
    toolkit: Toolkit,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the new toolkit.")] = Path(
        "new-toolkit.json"
    ),
    tools: Tools = None,
    rules: Rules = None,
    max_tools: Annotated[
        int | None,
        typer.Option(min=1, help="At most this many meta-tools; by default, as before.", show_default=False),
    ] = None,
    prompt_caching: Annotated[bool | None, CACHING] = None,
    domain: Domain = None,
    model: Model = None,
    protect: Protect = None,
    effect: Effects = None,
    state: State = None,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Compile new traces, keeping the meta-tools that still hold, and show what changed and why.

    Example: `awo recompile new-traces.db --toolkit toolkit.json -o new-toolkit.json`
    """
    from langchain_awo.api.phases import check_names
    from langchain_awo.model.views.token_costs import describe_token_costs
    from langchain_awo.optimizer.counting.sample import WHOLE
    from langchain_awo.optimizer.pipeline import Options
    from langchain_awo.optimizer.recompile.recompile import as_compiled, recompile_summary
    from langchain_awo.optimizer.rules.file import read_rules
    from langchain_awo.plan_file import check_target, read_plan, write_plan
    from langchain_awo.runtime.tool.signatures import read_spec

    check_target(output)
    there = read_earlier(output)
    former = read_plan(toolkit)
    specs = [read_spec(tool) for tool in load_live_tools(tools)]
    before = as_compiled(former, live=bool(specs), rules=read_rules(rules) if rules else None)
    named = Options(protected=frozenset(protect or ()), effects=parse_effects(effect))
    options = replace(
        before,
        max_tools=max_tools or before.max_tools,
        protected=before.protected | named.protected,
        effects={**before.effects, **named.effects},
        prices=before.prices if prompt_caching is None else replace(before.prices, caching=prompt_caching),
    )
    bounds = WHOLE if options.strategy == "awo" else None
    log = count(Reading(traces, domain=domain, model=model), workers=workers, state=state, bounds=bounds)
    check_names(named, {spec.name for spec in specs}, log.tool_names)
    with progress(PHASES) as tell:
        changes = recompile_summary(log, former, options=options, tools=specs, progress=tell)
    if as_json:
        put_json(changes.as_json())
    else:
        put(str(changes))
    ensure_kept(changes.plan, there, output)
    write_plan(changes.plan, output)
    for line in _describe_echo(changes.echo):
        say(line)
    read = format_count(len(log.runs), "trace")
    say(f"{format_count(len(changes.plan.meta_tools), 'meta-tool')} in {output}, compiled from {read}")
    if costs := describe_token_costs(changes.plan):
        say(costs)


def _describe_echo(echo: Echo) -> list[str]:
    """What in the traces was the doing of meta-tools, and what could not be told."""
    lines = []
    if echo.model_calls:
        lines.append(
            f"{format_count(echo.uses.total(), 'call')} of meta-tools and {format_count(echo.continued.total(), 'call')} made "
            f"unasked count as if a model had asked: {format_count(echo.model_calls, 'model call')} put back"
        )
    if unused := echo.unused.total():
        lines.append(f"{format_count(unused, 'call')} made unasked left out: nothing they returned was used")
    lines += [
        f"{format_count(number, 'call')} of {name} left out: what it did is not in the traces"
        for name, number in sorted(echo.dropped.items())
    ]
    return lines
