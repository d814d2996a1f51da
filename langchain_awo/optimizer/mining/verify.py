"""Holds routines against tasks they were not mined from: every step is tried on held-out calls, and the whole on outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import fisher_exact

from langchain_awo.model.binding import Parameter, leaves
from langchain_awo.model.metatool import BindingEvidence, Evidence, MetaTool, Refused, Step
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.mining.align import advance_step
from langchain_awo.optimizer.mining.cross_validate import Thresholds, Verdict, doubt_of, try_step
from langchain_awo.optimizer.mining.occurrences import Occurrence, occurrences_of


def verify(
    candidate: MetaTool, corpus: Corpus, thresholds: Thresholds
) -> tuple[MetaTool | None, list[Refused]]:
    """The candidate with its evidence, less the steps that do not hold, and why these were refused.

    A step falls with the steps it depends on. What is left of the routine must still be one: more than the anchor, or
    a batch.
    """
    batch = candidate.steps[0].over is not None
    occurrences = occurrences_of(corpus, candidate.steps[0].tool, batch=batch)
    verdicts, refused = {1: Verdict(candidate.steps[0])}, []
    for number, step in enumerate(candidate.steps[1:], start=2):
        verdict = try_step(step, occurrences)
        if not step.depends_on <= verdicts.keys():
            continue
        if doubt := doubt_of(verdict, candidate.steps[0].tool, thresholds):
            refused.append(doubt)
            continue
        verdicts[number] = verdict
        for each in occurrences:
            advance_step(number, step, each)
    if len(verdicts) == 1 and not batch:
        return None, refused
    kept = _with_evidence(candidate, occurrences, verdicts, thresholds)
    failing = _too_often_failed(kept, corpus, thresholds)
    return (None, [*refused, failing]) if failing else (kept, refused)


def _too_often_failed(candidate: MetaTool, corpus: Corpus, thresholds: Thresholds) -> Refused | None:
    """Fisher's exact test: of the runs that call the anchor, do those that go on with the routine fail more often?

    The others are the fair comparison: tasks that never need the tool may simply be easier.
    """
    outcomes = [(_goes_on(candidate, calls), ok) for calls, ok in _outcomes(corpus, candidate.steps[0].tool)]
    counts = Counter(outcomes)
    table = [[counts[True, False], counts[True, True]], [counts[False, False], counts[False, True]]]
    if not (sum(table[0]) and sum(table[1])):
        return None
    p_value = float(fisher_exact(np.array(table), alternative="greater").pvalue)
    if p_value > thresholds.failure_p:
        return None
    failed, all_ = table[0][0], sum(table[0])
    reason = (
        f"{failed} of {all_} runs that went through it failed, and {table[1][0]} of {sum(table[1])} "
        f"that called {candidate.steps[0].tool} without going on (p = {p_value:.4f})"
    )
    return refusal(candidate, "fails_often", reason, all_)


def _outcomes(corpus: Corpus, anchor: str) -> Iterable[tuple[Counter[str], bool]]:
    """Successful calls by tool, and the outcome, of each run that is known to have ended well or badly."""
    for run in corpus.runs:
        calls = (call for segment in run.segments for each in segment.rounds for call in each.calls)
        counted = Counter(call.tool for call in calls if call.ok)
        if run.success is not None and counted[anchor]:
            yield counted, run.success


def _goes_on(candidate: MetaTool, calls: Counter[str]) -> bool:
    wanted = Counter(step.tool for step in candidate.steps if not step.guard)
    if candidate.steps[0].over:
        wanted[candidate.steps[0].tool] += 1
    return all(calls[tool] >= count for tool, count in wanted.items())


def _with_evidence(
    candidate: MetaTool,
    occurrences: Sequence[Occurrence],
    verdicts: Mapping[int, Verdict],
    thresholds: Thresholds,
) -> MetaTool:
    tried = [verdict for number, verdict in verdicts.items() if number > 1]
    weakest = min(tried, key=lambda v: v.bound(thresholds.confidence), default=None)
    evidence = Evidence(
        tasks=len({each.run.task for each in occurrences}),
        occurrences=len(occurrences),
        held_out=weakest.total if weakest else 0,
        held_out_exact=weakest.agree if weakest else 0,
        lower_bound=round(weakest.bound(thresholds.confidence), 4) if weakest else 0.0,
    )
    numbers = {old: new for new, old in enumerate(verdicts, start=1)}
    steps = tuple(
        _with_verdict(candidate.steps[old - 1], verdict).renumbered(numbers)
        for old, verdict in verdicts.items()
    )
    used = {
        leaf.name
        for step in steps
        for binding in step.bindings
        for leaf in leaves(binding)
        if isinstance(leaf, Parameter)
    }
    parameters = tuple(spec for spec in candidate.parameters if spec.name in used)
    return replace(candidate, evidence=evidence, steps=steps, parameters=parameters)


def _with_verdict(step: Step, verdict: Verdict) -> Step:
    if not verdict.total:
        return step
    evidence = {
        place: replace(seen, held_out_agree=verdict.agree, held_out_contradict=verdict.total - verdict.agree)
        for place, seen in (step.evidence or {"": BindingEvidence()}).items()
    }
    return replace(step, evidence=evidence)


def refusal(candidate: MetaTool, code: str, reason: str, occurrences: int) -> Refused:
    """A refused candidate, named by its tools."""
    return Refused(routine=routine_of(candidate), code=code, reason=reason, occurrences=occurrences)


def routine_of(candidate: MetaTool) -> tuple[str, ...]:
    """The tools of a routine, those that it calls for each item of a list with a star."""
    return tuple(f"{step.tool}*" if step.over else step.tool for step in candidate.steps)
