"""Each run as monitoring sees it: what it used of a toolkit, and where it could have.

A meta-tool *applied* in a run if the run used it, or if a replay of it on what the agent did instead saves at least one
model call: the same simulation that chose it when it was compiled. Calls of other meta-tools are left as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from langchain_awo.model.ir.metatool import MetaTool, Mode, ToolkitPlan
from langchain_awo.model.trace.trace import ToolSpec, Trace
from langchain_awo.monitoring.usage import Usage, measure_usage
from langchain_awo.optimizer.log.corpus import Corpus, Run, build_corpus
from langchain_awo.optimizer.replay.counterfactual import replay_chooser, replay_continue
from langchain_awo.optimizer.replay.simulations import Simulations

Progress = Callable[[str, int, int], None]
"""Called with the phase, how many runs are done, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One run.

    Attributes:
        run: the same as the optimizer sees it, without what ran inside meta-tools.
        applied: names of the meta-tools that it had and that applied.
    """

    usage: Usage
    run: Run
    applied: frozenset[str]

    @property
    def trace(self) -> Trace:
        """What was recorded."""
        return self.usage.trace

    @property
    def used(self) -> frozenset[str]:
        """Names of the meta-tools that were used."""
        return frozenset(use.meta_tool for use in self.usage.uses)

    @property
    def had(self) -> frozenset[str]:
        """Names of the meta-tools that it could use."""
        return frozenset() if self.usage.held_out else frozenset(self.usage.modes)


def build_observed_corpus(
    traces: Iterable[Trace], plan: ToolkitPlan, *, recorded: Iterable[ToolSpec] = ()
) -> Corpus:
    """The runs with the effects that the toolkit knows, those of its meta-tools among them.

    Args:
        recorded: what traces that are not among these say of the tools.
    """
    tools = {name: signature.effect for name, signature in plan.tools.items()}
    declared = {**tools, **{each.name: each.effect for each in plan.meta_tools}}
    return build_corpus(traces, declared=declared, recorded=recorded)


def observe(trace: Trace, corpus: Corpus, plan: ToolkitPlan) -> Observed:
    """A run with what it used and could have used; of one that had nothing of the toolkit, outputs are not looked at.

    Args:
        corpus: tells what is known of the tools; it may hold other runs.
    """
    usage = measure_usage(trace, plan)
    run = corpus.build_run(trace, outputs=bool(usage.modes or usage.uses))
    return Observed(usage=usage, run=run, applied=_find_applicable(usage, run, plan))


def _find_applicable(usage: Usage, run: Run, plan: ToolkitPlan) -> frozenset[str]:
    if usage.held_out:
        return frozenset()
    used = {use.meta_tool for use in usage.uses}
    return frozenset(
        each.name
        for each in plan.meta_tools
        if each.name in usage.modes and (each.name in used or would_save(each, usage.modes[each.name], run))
    )


def would_save(meta_tool: MetaTool, mode: Mode | None, run: Run) -> bool:
    """Whether a meta-tool would have saved a model call of what an agent did by itself."""
    replayed = replay_continue if (mode or meta_tool.mode) in ("continue", "prefetch") else replay_chooser
    known = Simulations(Corpus((run,), {}, {}))
    return any(
        replayed([meta_tool], run, segment, [None] * len(segment.rounds), known).saved
        for segment in run.segments
    )
