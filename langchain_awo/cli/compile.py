"""`awo compile`: from traces to a toolkit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from langchain_awo.cli.hints import list_unknown_effects, name_unknown_effects
from langchain_awo.cli.keeping import ensure_kept, read_earlier
from langchain_awo.cli.notation import lay_out_plan
from langchain_awo.cli.options import (
    CACHING,
    PHASES,
    AsJson,
    Domain,
    Effects,
    MaxTools,
    Model,
    Protect,
    Rules,
    State,
    Strategy,
    Tools,
    Traces,
    Workers,
    Writes,
    parse_effects,
)
from langchain_awo.cli.reading import Reading, count
from langchain_awo.cli.sources import load_chat_model, load_live_tools
from langchain_awo.cli.terminal import format_count, measure_terminal, progress, put, put_json, say
from langchain_awo.model.text.visible import make_visible_line


def compile_traces(
    traces: Traces,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the toolkit.")] = Path(
        "toolkit.json"
    ),
    tools: Tools = None,
    strategy: Strategy = "default",
    max_tools: MaxTools = 10,
    writes: Writes = False,
    prompt_caching: Annotated[bool, CACHING] = True,
    rules: Rules = None,
    threshold: Annotated[
        int | None,
        typer.Option(min=1, help="The paper's threshold T; only for the strategy `awo`.", show_default=False),
    ] = None,
    domain: Domain = None,
    model: Model = None,
    protect: Protect = None,
    effect: Effects = None,
    state: State = None,
    workers: Workers = 1,
    namer: Annotated[
        str | None,
        typer.Option(metavar="PROVIDER:NAME", help="A chat model that polishes names and descriptions."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compile the routines that agents repeat into a toolkit of meta-tools.

    Decisions about an earlier toolkit in `--output` are carried over. It is not overwritten if nothing was compiled.

    Example: `awo compile traces.db -o toolkit.json --tools shop.tools:TOOLS`
    """
    from langchain_awo.api.phases import check_names
    from langchain_awo.model.views.token_costs import describe_token_costs
    from langchain_awo.optimizer.counting.sample import WHOLE
    from langchain_awo.optimizer.log.effects import classify_effects
    from langchain_awo.optimizer.pipeline import Options, compile_summary
    from langchain_awo.optimizer.recompile.decisions import carry_over
    from langchain_awo.optimizer.replay.cost import Prices
    from langchain_awo.optimizer.rules.file import read_rules
    from langchain_awo.plan_file import check_target, encode_plan, write_plan
    from langchain_awo.runtime.tool.signatures import read_spec

    check_target(output)
    former = read_earlier(output)
    wording = load_chat_model(namer, hint="--namer") if namer else None
    options = Options(
        writes="guarded" if writes else "none",
        strategy="awo" if strategy == "awo" else "default",
        max_tools=max_tools,
        effects=parse_effects(effect),
        protected=frozenset(protect or ()),
        prices=Prices(caching=prompt_caching),
        rules=read_rules(rules) if rules else None,
        threshold=threshold,
    )
    specs = [read_spec(tool) for tool in load_live_tools(tools)]
    reading = Reading(traces, domain=domain, model=model)
    bounds = WHOLE if options.strategy == "awo" else None
    log = count(reading, workers=workers, state=state, bounds=bounds)
    check_names(options, {spec.name for spec in specs}, log.tool_names)
    with progress(PHASES) as tell:
        plan = compile_summary(log, options=options, tools=specs, rejected=former.rejected, progress=tell)
    if wording:
        from langchain_awo.optimizer.selection.polish import polish_names
        from langchain_awo.runtime.chat_namer import chat_namer

        plan = polish_names(plan, chat_namer(wording))
    plan, carried = carry_over(plan, former)
    effects = classify_effects([*log.known_specs(), *specs], options.effects)
    called = log.calls.keys() - options.protected
    ensure_kept(plan, former, output, unknown=list_unknown_effects(effects, called))
    write_plan(plan, output)
    if as_json:
        import json

        put_json(json.loads(encode_plan(plan)))
    else:
        put(lay_out_plan(plan, measure_terminal()))
        name_unknown_effects(effects, called)
    read = format_count(len(log.runs), "trace")
    say(f"{format_count(len(plan.meta_tools), 'meta-tool')} in {output}, compiled from {read}")
    for told in (describe_token_costs(plan), str(carried)):
        if told:
            say(told)
    if not plan.meta_tools and plan.refused:
        first = max(plan.refused, key=lambda each: (each.nearness, each.occurrences))
        say(
            make_visible_line(
                f"every candidate was refused, such as {' > '.join(first.routine)}: {first.reason}"
            )
        )
        say(f"awo show {output} --refused says why for each, awo explain {traces} for any routine you name")
