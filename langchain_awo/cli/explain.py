"""`awo explain`: why a routine that somebody knows is compiled, or is not."""

from __future__ import annotations

from typing import Annotated

import typer

from langchain_awo.cli.options import (
    AsJson,
    Domain,
    Effects,
    Model,
    Protect,
    Rules,
    Tools,
    Traces,
    Writes,
    parse_effects,
)
from langchain_awo.cli.reading import Reading, count
from langchain_awo.cli.sources import load_live_tools
from langchain_awo.cli.terminal import put_json, put_wrapped, waiting


def explain(
    traces: Traces,
    routine: Annotated[
        str,
        typer.Argument(metavar="ROUTINE", help="The tools in call order: 'a > b > c'."),
    ],
    *,
    tools: Tools = None,
    writes: Writes = False,
    rules: Rules = None,
    domain: Domain = None,
    model: Model = None,
    protect: Protect = None,
    effect: Effects = None,
    as_json: AsJson = False,
) -> None:
    """Explain why a routine is compiled or not, step by step.

    Example: `awo explain traces.db "get_alert > get_metrics > page_oncall"`
    """
    from langchain_awo.api.phases import check_names
    from langchain_awo.optimizer.explaining import explain_routine, parse_routine
    from langchain_awo.optimizer.pipeline import Options, build_sampled_corpus
    from langchain_awo.optimizer.rules.file import read_rules
    from langchain_awo.runtime.tool.signatures import read_spec

    names = parse_routine(routine)
    options = Options(
        writes="guarded" if writes else "none",
        effects=parse_effects(effect),
        protected=frozenset(protect or ()),
        rules=read_rules(rules) if rules else None,
    )
    specs = [read_spec(tool) for tool in load_live_tools(tools)]
    log = count(Reading(traces, domain=domain, model=model))
    check_names(options, {spec.name for spec in specs}, log.tool_names)
    corpus = build_sampled_corpus(log, options=options, tools=specs)
    with waiting("examining the routine"):
        found = explain_routine(corpus, names, options=options)
    if as_json:
        put_json(found.as_json())
    else:
        put_wrapped(str(found))
