"""The phases joined: where a user says a path, a store is opened; where traces come in, a toolkit goes out."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor
from dataclasses import fields
from typing import Any, Final, Literal, TypeAlias

from langchain_core.language_models import BaseChatModel
from langchain_core.tools import BaseTool

from langchain_awo.api.partitions import count_traces, draw_fair_sample
from langchain_awo.api.sources import OnSkipped, Source, check_traces, stream_traces
from langchain_awo.errors import ArgumentError
from langchain_awo.model.ir.argument_checks import (
    check_effects,
    check_known_tools,
    check_not_one_text,
    check_share,
    check_whole_number,
    describe_kind,
)
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.ir.option_kinds import (
    FUNCTION,
    PATH,
    TEXT,
    TEXTS,
    Kind,
    check_options,
    instance_of,
    whole_number,
)
from langchain_awo.model.rules import RuleSet
from langchain_awo.model.text.phrasing import did_you_mean
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.thread import join_threads
from langchain_awo.model.trace.trace import Trace
from langchain_awo.monitoring.estimate import Estimate, estimate_saving
from langchain_awo.monitoring.prices import PRICES, PriceTable, read_prices
from langchain_awo.monitoring.worth import Assumptions
from langchain_awo.optimizer.counting.sample import WHOLE
from langchain_awo.optimizer.pipeline import Options, Progress, Strategy, compile_summary
from langchain_awo.optimizer.recompile.decisions import carry_over
from langchain_awo.optimizer.recompile.recompile import Recompilation, as_compiled, recompile_summary
from langchain_awo.optimizer.rules.file import RULES, read_rules
from langchain_awo.optimizer.selection.polish import Namer, polish_names
from langchain_awo.plan_file import read_plan
from langchain_awo.runtime.approval.protection import check_case, collect_tool_names
from langchain_awo.runtime.chat_namer import chat_namer
from langchain_awo.runtime.inner.live_tools import as_tools
from langchain_awo.runtime.tool.signatures import read_spec
from langchain_awo.runtime.tool.toolkit import MetaToolkit

_log = logging.getLogger(__name__)

Tool: TypeAlias = BaseTool | Callable[..., Any] | dict[str, Any]
"""Whatever `create_agent` takes as a tool; tools that the provider runs, as dictionaries, are in no routine."""


KINDS: Final = {
    "options": instance_of(Options, fix="pass either options=Options(...) or individual options").optional,
    "rules": RULES,
    "progress": FUNCTION.optional,
    "state": PATH.optional,
}
"""Kinds of the options that compiling takes."""

EXECUTOR: Final = {
    "executor": Kind(lambda value: hasattr(value, "submit"), "pass a concurrent.futures.Executor").optional
}

ESTIMATING: Final = {
    "options": KINDS["options"],
    "prices": PRICES,
    "priced_as": Kind(TEXTS.accepts, "write a list of names of models"),
    "assumptions": instance_of(Assumptions, fix="pass Assumptions(...)").optional,
    "split_seed": whole_number(0),
    "progress": FUNCTION.optional,
}


def load_traces(
    source: Source,
    *,
    domain: str | None = None,
    model: str | None = None,
    on_skipped: OnSkipped | None = None,
) -> list[Trace]:
    """Traces from wherever they are, the runs of one conversation joined.

    Args:
        source: a store or its path, runs in any format that `import_traces` reads, or traces.
        domain: only traces with this domain.
        model: only traces of this model.
        on_skipped: called with each record that cannot be read; without it they are logged as warnings.

    Raises:
        StoreError: there is no such store or file, or it cannot be read.
        ImportFormatError: it is neither a store nor runs in a known format.
    """
    check_options(
        {"domain": TEXT.optional, "model": TEXT.optional, "on_skipped": FUNCTION.optional},
        {"domain": domain, "model": model, "on_skipped": on_skipped},
    )
    return join_threads(stream_traces(source, domain=domain, model=model, on_skipped=on_skipped))


def compile_toolkit(
    traces: Source,
    *,
    tools: Sequence[Tool] = (),
    rules: RuleSet | str | os.PathLike[str] | None = None,
    strategy: Strategy = "default",
    max_tools: int = 10,
    effects: Mapping[str, Effect | str] | None = None,
    protected: Iterable[str | BaseTool] = (),
    writes: Literal["none", "guarded"] = "none",
    options: Options | None = None,
    namer: BaseChatModel | Namer | None = None,
    progress: Progress | None = None,
    state: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    decided: MetaToolkit | ToolkitPlan | str | os.PathLike[str] | None = None,
) -> MetaToolkit:
    """Compiles the routines that agents repeat into a toolkit of meta-tools.

    Args:
        traces: a store or its path or URL, a file of messages, several of these, or traces.
        tools: the live tools; without them shapes are taken from the traces and checked when the toolkit is loaded.
        rules: merging rules, or the path of a rules file; the safe defaults if not given.
        strategy: `default`, or `awo` for the paper's algorithm as published.
        max_tools: at most this many meta-tools.
        effects: effect classes by tool name; the last word over hints and names.
        protected: tools that no meta-tool may call: names, or the tools themselves.
        writes: `none`, or `guarded` to compile writes too that always follow, or that a condition explains.
        options: everything at once; the other options are then ignored.
        namer: a chat model, or a function from a meta-tool to a name and a description, to word them better. What it says is
            checked; on any failure the wording stays as it is without one.
        progress: called with the pass, how much is done and how much there is.
        state: a file that keeps what was counted and sampled; given again, the traces are added to those of before, each once.
        decided: an earlier toolkit, or where it was saved, whose decisions are carried over: rejections, acceptance of what
            does the same, and what a person chose of name, description and mode.
        executor: counts each of several stores in a worker, such as a process pool or `distributed.Client.get_executor()`.

    Raises:
        StoreError: the traces cannot be read.
        RuleError: the rules are malformed, or would be unsound for these traces.
        CompileError: the options contradict each other.
        ApprovalError: `protected` is not a list of tools, or names one that does not exist.
        ArgumentError: an option is of another kind, none of its words, or given beside `options`.
    """
    check_traces(traces)
    check_options(KINDS, {"options": options, "rules": rules, "progress": progress, "state": state})
    if namer is not None and not callable(namer) and not isinstance(namer, BaseChatModel):
        raise ArgumentError(
            f"namer is {describe_kind(namer)}; pass a chat model, such as init_chat_model('openai:gpt-4.1-mini')"
        )
    single = Options(
        rules=read_rules(rules) if isinstance(rules, str | os.PathLike) else rules,
        strategy=strategy,
        max_tools=max_tools,
        writes=writes,
        effects=check_effects(effects),
        protected=collect_tool_names(protected, option="protected"),
    )
    if options and single != Options():
        raise ArgumentError(
            "options=Options(...) is given beside single options, which would be lost; "
            f"write {_list_changed(single)} into the Options"
        )
    chosen = options or single
    live = as_tools(tools)
    specs = [read_spec(tool) for tool in live]
    bounds = WHOLE if chosen.strategy == "awo" else None
    log = count_traces(traces, state=state, executor=executor, bounds=bounds, progress=progress)
    check_names(chosen, {spec.name for spec in specs}, log.tool_names)
    former = ToolkitPlan() if decided is None else _get_plan(decided)
    plan = compile_summary(log, options=chosen, tools=specs, rejected=former.rejected, progress=progress)
    if namer is not None:
        plan = polish_names(plan, chat_namer(namer) if isinstance(namer, BaseChatModel) else namer)
    plan, _ = carry_over(plan, former)
    return MetaToolkit(plan=plan, tools=live, effects=dict(chosen.effects))


def _list_changed(options: Options) -> str:
    usual = Options()
    changed = (
        each.name for each in fields(options) if getattr(options, each.name) != getattr(usual, each.name)
    )
    return ", ".join(f"{name}=..." for name in changed)


def collect_names(traces: Iterable[Trace]) -> set[str]:
    """Names of the tools that were called or offered."""
    found = list(traces)
    called = {call.name for trace in found for call in trace.tool_calls}
    return called | {spec.name for trace in found for spec in trace.tools}


def _get_plan(toolkit: MetaToolkit | ToolkitPlan | str | os.PathLike[str]) -> ToolkitPlan:
    if isinstance(toolkit, MetaToolkit):
        return toolkit.plan
    return toolkit if isinstance(toolkit, ToolkitPlan) else read_plan(toolkit)


def check_names(options: Options, live: AbstractSet[str], recorded: AbstractSet[str]) -> None:
    """Makes sure that what is said of tools by name is said of tools that exist.

    Where the live tools are given these and the recorded ones are all there are. Without them a name that was never recorded may
    still be right, so it is only warned of, unless it differs from a tool in nothing but case.

    Raises:
        ApprovalError: a protected tool does not exist, and nothing would be protected.
        ArgumentError: the effect of a tool is declared that does not exist.
    """
    tool_names = live | recorded
    check_case(options.protected, tool_names, exact=bool(live))
    rules = options.rules.effects if options.rules else {}
    by_option = {"protected": options.protected, "effects": options.effects.keys() - rules.keys()}
    if live:
        check_known_tools(by_option["effects"], tool_names, option="effects")
    for option, names in by_option.items() if tool_names else ():
        for name in sorted(names - tool_names):
            _log.warning(
                "%s names %r, which no trace calls; %s", option, name, did_you_mean(name, tool_names)
            )


def recompile(
    traces: Source,
    toolkit: MetaToolkit | ToolkitPlan | str | os.PathLike[str],
    *,
    tools: Sequence[Tool] = (),
    rules: RuleSet | str | os.PathLike[str] | None = None,
    options: Options | None = None,
    progress: Progress | None = None,
    state: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
) -> tuple[MetaToolkit, Recompilation]:
    """Compiles new traces, keeping of a toolkit what still holds and the names of what means the same.

    The traces may have been recorded with the toolkit installed: calls of meta-tools count as their steps.

    Args:
        traces: new ones: a store or its path or URL, a file of messages, or traces.
        toolkit: the former one, or where it was saved.
        tools: the live tools; those of the former toolkit if it has some.
        rules: merging rules, or the path of a rules file; needed if the former toolkit was compiled with some.
        options: everything at once, instead of `rules` and of what the former toolkit was compiled with.
        progress: called as the passes go on.
        state: a file that keeps what was counted, as for `compile_toolkit`; likewise `executor`.

    Returns:
        The new toolkit, and what changed: `print` shows it, `as_json()` gives it as data.

    Raises:
        StoreError: the traces cannot be read.
        PlanError: the former toolkit cannot be read.
        CompileError: the former toolkit was compiled with merging rules, and there are none now.
        ApprovalError: a protected tool does not exist, and nothing would be protected.
        ArgumentError: an option is of another kind, or says the effect of a tool that does not exist.

    Example:
        >>> toolkit, changes = recompile("new-traces.db", "toolkit.json", tools=tools)  # doctest: +SKIP
        >>> print(changes)  # doctest: +SKIP
    """
    check_options(
        KINDS | EXECUTOR,
        {
            "options": options,
            "rules": rules,
            "progress": progress,
            "state": state,
            "executor": executor,
        },
    )
    former_tools: Sequence[BaseTool] = ()
    effects = dict(options.effects) if options else {}
    if isinstance(toolkit, MetaToolkit):
        former, former_tools, effects = toolkit.plan, toolkit.tools, {**toolkit.effects, **effects}
    else:
        former = _get_plan(toolkit)
    live = as_tools(tools or former_tools)
    ruled = read_rules(rules) if isinstance(rules, str | os.PathLike) else rules
    chosen = options or as_compiled(former, live=bool(live), rules=ruled)
    specs = [read_spec(tool) for tool in live]
    bounds = WHOLE if chosen.strategy == "awo" else None
    log = count_traces(traces, state=state, executor=executor, bounds=bounds, progress=progress)
    check_names(chosen, {spec.name for spec in specs}, log.tool_names | former.tools.keys())
    recompilation = recompile_summary(log, former, options=chosen, tools=specs, progress=progress)
    return MetaToolkit(plan=recompilation.plan, tools=live, effects=effects), recompilation


def estimate(
    traces: Source,
    *,
    runs_a_day: int = 100,
    prices: PriceTable | str | os.PathLike[str] | None = None,
    priced_as: Iterable[str] = (),
    assumptions: Assumptions | None = None,
    tools: Sequence[Tool] = (),
    options: Options | None = None,
    held_out: float = 0.5,
    split_seed: int = 0,
    progress: Progress | None = None,
) -> Estimate:
    """What adopting would save a month, and whether it is worth it; measured on tasks that are held out.

    Args:
        traces: a store or its path or URL, a file of messages, or traces.
        runs_a_day: for the verdict; 10, 100 and 1,000 are estimated too.
        prices: a table of prices, or the path of one; the one that comes with this package if not given.
        priced_as: models at whose price the tokens are counted, instead of those that were recorded.
        assumptions: what setting up and keeping up costs, and how often a model uses what it is offered.
        tools: the live tools, as for `compile_toolkit`; likewise `options` and `progress`.
        held_out: share of the tasks that is held out, between 0 and 1; `split_seed` says which.

    Raises:
        StoreError: the traces cannot be read.
        PriceError: the prices cannot be read, or lack a model that was asked for.
        EstimateError: the number of runs makes no sense.
        CompileError: there are fewer than two tasks, or the share leaves one side empty.
        ApprovalError: a protected tool does not exist, and nothing would be protected.
        ArgumentError: an option is of another kind, or says the effect of a tool that does not exist.

    Example:
        >>> print(estimate("traces.db", runs_a_day=300))  # doctest: +SKIP
    """
    check_share(held_out, option="held_out")
    check_whole_number(runs_a_day, option="runs_a_day")
    check_not_one_text(priced_as, option="priced_as")
    check_options(
        ESTIMATING,
        {
            "options": options,
            "prices": prices,
            "priced_as": priced_as,
            "assumptions": assumptions,
            "split_seed": split_seed,
            "progress": progress,
        },
    )
    found, specs = draw_fair_sample(traces).traces, [read_spec(tool) for tool in as_tools(tools)]
    check_names(options or Options(), {spec.name for spec in specs}, collect_names(found))
    return estimate_saving(
        found,
        table=prices if isinstance(prices, PriceTable) else read_prices(prices),
        options=options,
        tools=specs,
        runs_a_day=runs_a_day,
        priced_as=tuple(priced_as),
        assumptions=assumptions,
        held_out=held_out,
        split_seed=split_seed,
        progress=progress,
    )
