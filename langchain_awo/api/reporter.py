"""Gathers what a report shows: graphs before and after merging, replay, evaluation and usage."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias

from langchain_awo.api.logs import Log, read_log
from langchain_awo.api.partitions import MEASURED, FairSample
from langchain_awo.api.sources import Source, stream_traces
from langchain_awo.api.watcher import Toolkit, get_plan
from langchain_awo.errors import CompileError
from langchain_awo.model.graph import WorkflowGraph
from langchain_awo.model.ir.argument_checks import check_share
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.ir.option_kinds import FLAG, FUNCTION, TEXT, check_options, whole_number
from langchain_awo.model.rules import RuleSet
from langchain_awo.model.secrets import hide_secrets
from langchain_awo.model.trace.thread import join_threads
from langchain_awo.model.trace.trace import Trace
from langchain_awo.monitoring.monitor import WATCHED, monitor_runs
from langchain_awo.monitoring.prices import PRICES, PriceTable, read_prices
from langchain_awo.monitoring.quoting import with_money
from langchain_awo.optimizer.baseline.merge import build_graph
from langchain_awo.optimizer.log.corpus import Corpus, build_corpus
from langchain_awo.optimizer.log.habits import read_together
from langchain_awo.optimizer.pipeline import Options, Progress
from langchain_awo.optimizer.replay.evaluate import evaluate, replay_report
from langchain_awo.optimizer.rules.file import RULES, read_rules
from langchain_awo.optimizer.settings import restore_options
from langchain_awo.reporting.notebook import DrawnGraph
from langchain_awo.reporting.report import Report
from langchain_awo.reporting.timeline import Timeline

Rules: TypeAlias = RuleSet | str | os.PathLike[str] | None
"""Merging rules, or the path of a rules file; the safe defaults if `None`."""


REPORTED: Final = replace(WATCHED, fair=MEASURED.fair)
"""How much of a log is looked at closely."""

_KINDS: Final = {
    "rules": RULES,
    "evaluated": FLAG,
    "split_seed": whole_number(0),
    "prices": PRICES,
    "source": TEXT,
    "progress": FUNCTION.optional,
}


def report(
    traces: Source,
    toolkit: Toolkit,
    *,
    rules: Rules = None,
    evaluated: bool = True,
    held_out: float = 0.5,
    split_seed: int = 0,
    prices: PriceTable | str | os.PathLike[str] | None = None,
    source: str = "",
    progress: Progress | None = None,
) -> Report:
    """Everything about some traces and a toolkit, as one page: `.save("report.html")`, or `.html`.

    Graphs and savings of a large log are those of a fair sample of it, which the page says; use over time is that of all traces.

    Args:
        traces: a store or its path or URL, a file of messages, or traces.
        toolkit: a toolkit or a plan, or the path of a saved one.
        rules: for the merged graph, and for the evaluation.
        evaluated: also split by task, compile one part and replay it on the other, which takes as long as compiling
            three times.
        held_out: share of the tasks that is held out of the evaluation.
        split_seed: which tasks those are.
        prices: of the tokens that the toolkit saved and took, where the traces are of agents that had it; as for `monitor`.
        source: what to call the traces; the path if there is one.
        progress: called as the passes of the evaluation go on.

    Raises:
        StoreError: the traces cannot be read.
        PlanError: the toolkit cannot be read.
        PriceError: the prices cannot be read.
        RuleError: the rules are malformed, or would be unsound for these traces.
    """
    check_share(held_out, option="held_out")
    check_options(
        _KINDS,
        {
            "rules": rules,
            "evaluated": evaluated,
            "split_seed": split_seed,
            "prices": prices,
            "source": source,
            "progress": progress,
        },
    )
    plan, ruled = get_plan(toolkit), _load_rules(rules)
    return collect_report(
        read_log(traces, bounds=REPORTED),
        plan,
        rules=ruled,
        evaluated=evaluated,
        held_out=held_out,
        split_seed=split_seed,
        prices=prices if isinstance(prices, PriceTable) else read_prices(prices),
        source=source or _name_source(traces),
        progress=progress,
    )


def collect_report(
    log: Log,
    plan: ToolkitPlan,
    *,
    rules: RuleSet | None,
    evaluated: bool,
    held_out: float,
    split_seed: int,
    prices: PriceTable,
    source: str,
    progress: Progress | None,
) -> Report:
    """The report on a log that was counted and sampled with the bounds `REPORTED`; otherwise as `report`."""
    sample = log.fair_sample
    options = restore_options(plan, rules=rules)
    corpus = build_corpus(sample.traces, declared=options.effects, recorded=log.summary.all_specs())
    evaluation, why_not = _evaluate_traces(
        sample.traces,
        options,
        table=prices,
        evaluated=evaluated,
        held_out=held_out,
        split_seed=split_seed,
        progress=progress,
    )
    timeline = Timeline([meta_tool.name for meta_tool in plan.meta_tools])
    monitoring = monitor_runs(_note_each(log.runs(), timeline.add), log.summary, plan, prices=prices)
    return Report(
        plan=plan,
        before=_draw_corpus(corpus, RuleSet()),
        after=_draw_corpus(corpus, options.rules),
        source=_describe_source(source, sample),
        effects={tool: str(effect) for tool, effect in corpus.effects.items()},
        replay=_replay_plan(sample.traces, plan, options, prices, corpus),
        evaluation=evaluation,
        not_evaluated=why_not,
        timeline=timeline.rows(),
        monitoring=monitoring.as_json() if monitoring.with_toolkit or monitoring.held_out else None,
    )


def _note_each(traces: Iterable[Trace], note: Callable[[Trace], None]) -> Iterator[Trace]:
    """The traces; each is noted as it goes by."""
    for trace in traces:
        note(trace)
        yield trace


def workflow_graph(traces: Source, *, rules: Rules = None, history: int | None = None) -> WorkflowGraph:
    """The workflow graph of some traces: histories of canonical calls, merged; a `networkx.DiGraph`.

    In a notebook it shows itself; `draw_mermaid()` gives it as text.

    Args:
        traces: a store or its path or URL, a file of messages, or traces.
        rules: merging rules, or the path of a rules file; the safe defaults if not given. `RuleSet()` joins equal histories
            only.
        history: pool states by so many recent calls instead of the full history; such a graph may have cycles.

    Raises:
        StoreError: the traces cannot be read.
        RuleError: the rules are malformed, or would be unsound for these traces.
    """
    check_options({"rules": RULES, "history": whole_number(1).optional}, {"rules": rules, "history": history})
    corpus = build_corpus(join_threads(stream_traces(traces)))
    return _draw_corpus(corpus, _load_rules(rules), history=history)


def _draw_corpus(corpus: Corpus, rules: RuleSet | None, *, history: int | None = None) -> DrawnGraph:
    effects = {tool: str(effect) for tool, effect in corpus.effects.items()}
    return DrawnGraph.of(build_graph(corpus, rules=rules, history=history), effects=effects)


def _load_rules(rules: Rules) -> RuleSet | None:
    return read_rules(rules) if isinstance(rules, str | os.PathLike) else rules


def _evaluate_traces(
    traces: Sequence[Trace],
    options: Options,
    *,
    table: PriceTable,
    evaluated: bool,
    held_out: float,
    split_seed: int,
    progress: Progress | None,
) -> tuple[dict[str, Any] | None, str]:
    if not evaluated:
        return None, "it was not asked for"
    try:
        evaluation = evaluate(
            traces, options=options, held_out=held_out, split_seed=split_seed, progress=progress
        )
    except CompileError as error:
        return None, str(error)
    return with_money(evaluation.as_json(), evaluation.result, traces, table), ""


def _replay_plan(
    traces: Sequence[Trace], plan: ToolkitPlan, options: Options, table: PriceTable, corpus: Corpus
) -> dict[str, Any]:
    together = read_together(plan.corpus.get("together"))
    replay = replay_report(traces, plan.meta_tools, options=options, together=together, recorded=corpus)
    return with_money(replay.as_json(), replay.result, traces, table)


def _describe_source(source: str, sample: FairSample) -> str:
    if sample.is_whole:
        return source
    return f"{source} (graphs and savings: a fair sample of {len(sample.traces):,} of {sample.of:,} runs)"


def _name_source(traces: Source) -> str:
    return Path(hide_secrets(os.fspath(traces))).name if isinstance(traces, str | os.PathLike) else "traces"
