"""`awo evaluate`: what compiling some traces would have saved on the tasks of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_awo.cli.hints import check_tool_names, tell_unknown_effects
from langchain_awo.cli.options import (
    PHASES,
    AsJson,
    Domain,
    Effects,
    HeldOut,
    MaxTools,
    Model,
    Protect,
    SplitSeed,
    Tools,
    Traces,
    Writes,
    parse_effects,
)
from langchain_awo.cli.sources import load_live_tools, read_sample
from langchain_awo.cli.tables import put_savings
from langchain_awo.cli.terminal import format_count, progress, put, put_json

if TYPE_CHECKING:
    from langchain_awo.optimizer.replay.evaluate import Evaluation


def evaluate_traces(
    traces: Traces,
    *,
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
    """Measure what a toolkit would save on tasks it was not compiled from.

    Example: `awo evaluate traces.db --held-out 0.3 --json`
    """
    from langchain_awo.optimizer.pipeline import Options
    from langchain_awo.optimizer.replay.evaluate import evaluate
    from langchain_awo.runtime.tool.signatures import read_spec

    options = Options(
        writes="guarded" if writes else "none",
        max_tools=max_tools,
        effects=parse_effects(effect),
        protected=frozenset(protect or ()),
    )
    specs = [read_spec(tool) for tool in load_live_tools(tools)]
    found = read_sample(traces, domain=domain, model=model)
    check_tool_names(options, found, specs)
    with progress(PHASES) as tell:
        evaluation = evaluate(
            found,
            options=options,
            tools=specs,
            held_out=held_out,
            split_seed=split_seed,
            progress=tell,
        )
    if as_json:
        put_json(evaluation.as_json())
    else:
        _put(evaluation)
        tell_unknown_effects(found, specs=specs, declared=options.effects, protected=options.protected)


def _put(evaluation: Evaluation) -> None:
    put(
        f"{format_count(evaluation.traces, 'trace')}; compiled {format_count(evaluation.tasks_train, 'task')}, "
        f"held out {format_count(evaluation.tasks_held_out, 'task')} with {format_count(evaluation.model_calls, 'model call')}\n"
    )
    put_savings(
        {
            "AWO, literal": evaluation.baseline_awo,
            "AWO, our bindings": evaluation.baseline_awo_consensus,
            "this package": evaluation.result,
        },
        evaluation.ceiling,
    )
    if evaluation.unsaved:
        put(f"Continue mode saves next to nothing of its ceiling here: {evaluation.unsaved}.")
    put(
        "Shares are of held-out model calls. Prompt caching is assumed: what stood in a prompt before counts a "
        "tenth. docs/metrics.md defines all figures."
    )
