"""`awo show`: what a toolkit holds, or what traces hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from langchain_awo.cli.notation import lay_out_plan
from langchain_awo.cli.options import AsJson, Domain, Model
from langchain_awo.cli.reading import Reading
from langchain_awo.cli.sources import load_live_tools, read_sample
from langchain_awo.cli.terminal import format_count, measure_width, put, put_json, put_table, put_wrapped, say

if TYPE_CHECKING:
    from langchain_awo.model.ir.metatool import ToolkitPlan
    from langchain_awo.model.trace.trace import Trace


def show(
    source: Annotated[
        str,
        typer.Argument(
            metavar="TOOLKIT|TRACES", help="A compiled toolkit, a trace store, or a file of messages."
        ),
    ],
    *,
    refused: Annotated[bool, typer.Option("--refused", help="What was not compiled, and why.")] = False,
    mermaid: Annotated[
        bool,
        typer.Option("--mermaid", help="A diagram of each meta-tool, as Markdown with Mermaid blocks."),
    ] = False,
    tools: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:ATTR",
            help="Check the toolkit against these live tools; exit with 1 if any meta-tool cannot run.",
        ),
    ] = None,
    ngrams: Annotated[
        bool, typer.Option("--ngrams", help="The call sequences that traces repeat, most frequent first.")
    ] = False,
    min_length: Annotated[int, typer.Option(min=1, help="Minimum length of a sequence, in calls.")] = 2,
    min_freq: Annotated[int, typer.Option(min=1, help="Minimum number of occurrences.")] = 2,
    domain: Domain = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Show a toolkit in readable notation, or summarize traces.

    Example: `awo show toolkit.json --refused`, or `awo show traces.db --ngrams --min-freq 5`
    """
    from langchain_awo.cli.show_traces import show_traces
    from langchain_awo.plan_file import is_plan_file, read_plan_file

    if Path(source).is_file() and is_plan_file(source):
        if ngrams:
            raise typer.BadParameter(f"{source} is a compiled toolkit; pass traces", param_hint="--ngrams")
        file = read_plan_file(source)
        _show_plan(file.plan, refused=refused, mermaid=mermaid, as_json=as_json)
        if problem := file.problem():
            say(problem, style="yellow")
        if tools:
            _check_plan(file.plan, tools)
        return
    if refused or tools or mermaid:
        hint = "--refused" if refused else "--tools" if tools else "--mermaid"
        raise typer.BadParameter(f"{source} is not a compiled toolkit", param_hint=hint)
    if ngrams:
        traces = read_sample(source, domain=domain, model=model)
        _show_ngrams(traces, min_length=min_length, min_freq=min_freq, as_json=as_json)
    else:
        show_traces(Reading(source, domain=domain, model=model), as_json=as_json)


def _show_plan(plan: ToolkitPlan, *, refused: bool, mermaid: bool, as_json: bool) -> None:
    from langchain_awo.model.views.mermaid import markdown_diagrams
    from langchain_awo.model.views.refusals import format_refusals
    from langchain_awo.plan_file import encode_plan

    if as_json:
        data = json.loads(encode_plan(plan))
        put_json(data.get("refused", []) if refused else data)
    elif mermaid:
        put(markdown_diagrams(plan.meta_tools) or "no meta-tools")
    elif refused:
        put_wrapped(format_refusals(plan.refused) or "no candidate was refused")
    else:
        put_wrapped(_describe_origin(plan))
        put("")
        put(lay_out_plan(plan, measure_width()))


def _check_plan(plan: ToolkitPlan, tools: str) -> None:
    from langchain_awo.runtime.tool.toolkit import MetaToolkit

    disabled = MetaToolkit(plan=plan, tools=load_live_tools(tools)).disabled
    for name, reason in disabled.items():
        say(f"{name} is disabled: {reason}", style="red")
    if disabled:
        raise typer.Exit(1)
    say(f"{format_count(len(plan.meta_tools), 'meta-tool')} can run over {tools}")


def _describe_origin(plan: ToolkitPlan) -> str:
    from langchain_awo.model.views.token_costs import describe_token_costs
    from langchain_awo.optimizer.settings import is_caching

    counts = {key: value for key, value in plan.corpus.items() if isinstance(value, int)}
    told = ", ".join(f"{value:,} {key.replace('_', ' ')}" for key, value in counts.items())
    origin = f"strategy {plan.strategy}" + (f", compiled from {told}" if told else "")
    if not is_caching(plan):
        origin += ", for a provider that caches no prompts"
    names: dict[str, list[str]] = {}
    for each in plan.meta_tools:
        names.setdefault(each.mode, []).append(each.name)
    modes = (f"{mode}: {', '.join(names[mode])}" for mode in sorted(names))
    costs = describe_token_costs(plan)
    return "\n".join([origin, *modes, *([costs] if costs else []), ""])


def _show_ngrams(traces: Sequence[Trace], *, min_length: int, min_freq: int, as_json: bool) -> None:
    from langchain_awo.optimizer.baseline.ngrams import find_ngrams
    from langchain_awo.optimizer.log.corpus import build_corpus

    found = find_ngrams(build_corpus(traces), min_length=min_length, min_freq=min_freq)
    if as_json:
        put_json(
            [{"calls": list(each.labels), "support": each.support, "tasks": each.tasks} for each in found]
        )
        return
    rows = [[" > ".join(each.labels), f"{each.support:,}", f"{each.tasks:,}"] for each in found]
    if rows:
        put_table("Sequences of calls", ["calls", "times", "tasks"], rows)
    else:
        put(f"no sequence of at least {format_count(min_length, 'call')} occurs {min_freq:,} times")
