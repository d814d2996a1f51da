"""Each run as monitoring sees it: what it used of a toolkit, and where it could have.

A meta-tool *applied* in a run if the run used it, or if a replay of it on what the agent did instead saves at least one
model call: the same simulation that chose it when it was compiled. Calls of other meta-tools are left as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from langchain_awo.model.ir.metatool import MetaTool, Mode, ToolkitPlan
from langchain_awo.model.trace.trace import Trace
from langchain_awo.monitoring.usage import Usage, measure_usage
from langchain_awo.optimizer.log.corpus import Corpus, Run, build_corpus
from langchain_awo.optimizer.replay.counterfactual import replay_chooser, replay_continue

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


def build_observed_corpus(traces: Iterable[Trace], plan: ToolkitPlan) -> Corpus:
    """The runs with the effects that the toolkit knows, those of its meta-tools among them."""
    tools = {name: signature.effect for name, signature in plan.tools.items()}
    return build_corpus(traces, declared={**tools, **{each.name: each.effect for each in plan.meta_tools}})


def observe(
    traces: Iterable[Trace], corpus: Corpus, plan: ToolkitPlan, *, progress: Progress | None = None
) -> list[Observed]:
    """Every run with what it used and could have used, by trace id."""
    tell = progress or (lambda _phase, _done, _total: None)
    known = {trace.trace_id: trace for trace in traces}
    seen = []
    for done, run in enumerate(corpus.runs, start=1):
        usage = measure_usage(known[run.trace_id], plan)
        seen.append(Observed(usage=usage, run=run, applied=_find_applicable(usage, run, plan)))
        tell("observe", done, len(corpus.runs))
    return seen


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
    return any(
        replayed([meta_tool], run, segment, [None] * len(segment.rounds)).saved for segment in run.segments
    )
