"""Holds routines against tasks they were not mined from.

The tasks are dealt into folds. What a step does is tried on the calls of each fold: a recorded call of the step's tool,
in a place where the routine could run, counts as agreement if the step makes exactly that call. A binding that the other
folds alone would not have chosen counts as contradicted there. The lower Beta confidence bound of the agreement must
reach the threshold, which is higher for writes: a wrong read costs a call, a wrong write is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.stats import beta, fisher_exact

from langchain_awo.model.binding import Item, Parameter, leaves
from langchain_awo.model.encoding import digest
from langchain_awo.model.metatool import BindingEvidence, Evidence, MetaTool, Refused, Step
from langchain_awo.model.notation import format_step
from langchain_awo.optimizer.corpus import Call, Corpus
from langchain_awo.optimizer.grow import MIN_TASKS, advance_step, explained_by
from langchain_awo.optimizer.occurrences import Occurrence, occurrences_of

FOLDS: Final = 4
"""Parts the tasks are dealt into; each is held out once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What a routine must reach.

    Attributes:
        confidence: of the lower bound.
        reads: lower bound of the share of recorded calls that a reading step makes exactly.
        writes: the same for a writing step.
        failure_p: a routine is refused if runs with it fail more often than others with at most this p-value.
    """

    confidence: float = 0.95
    reads: float = 0.15
    writes: float = 0.6
    failure_p: float = 0.001


def verify(
    candidate: MetaTool, corpus: Corpus, thresholds: Thresholds
) -> tuple[MetaTool | None, list[Refused]]:
    """The candidate with its evidence, less the steps that do not hold, and why these were refused.

    A step falls with the steps it depends on. What is left of the routine must still be one: more than the anchor, or
    a batch.
    """
    batch = candidate.steps[0].over is not None
    occurrences = occurrences_of(corpus, candidate.steps[0].tool, batch=batch)
    verdicts, refused = {1: _Verdict(candidate.steps[0])}, []
    for number, step in enumerate(candidate.steps[1:], start=2):
        verdict = _try_step(step, occurrences)
        if not step.depends_on <= verdicts.keys():
            continue
        if doubt := _doubt(candidate, verdict, thresholds):
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


def lower_bound(agree: float, total: float, confidence: float) -> float:
    """Lower Beta (Clopper-Pearson) confidence bound of a share; 0 if nothing agreed."""
    return float(beta.ppf(1 - confidence, agree, total - agree + 1)) if agree > 0 else 0.0


@dataclass(slots=True)
class _Verdict:
    step: Step
    agree: int = 0
    total: int = 0

    def bound(self, confidence: float) -> float:
        return lower_bound(self.agree, self.total, confidence)


def _try_step(step: Step, occurrences: Sequence[Occurrence]) -> _Verdict:
    """Counts each occurrence in which the agent went on with the step's tool, held out fold by fold."""
    hits: Counter[int] = Counter()
    misses: Counter[int] = Counter()
    tasks: dict[int, set[str]] = {}
    for each in occurrences:
        wanted = [call for call in each.followers if call.tool == step.tool and _sayable(step, call, each)]
        if wanted:
            fold = int(digest(each.run.task), 16) % FOLDS
            made = explained_by(step, each)
            hit = any(call.key in made for call in wanted)
            (hits if hit else misses)[fold] += 1
            if hit:
                tasks.setdefault(fold, set()).add(each.run.task)
    verdict = _Verdict(step)
    for fold in sorted(hits.keys() | misses.keys()):
        elsewhere = sum(len(found) for other, found in tasks.items() if other != fold)
        verdict.total += hits[fold] + misses[fold]
        verdict.agree += hits[fold] if elsewhere >= MIN_TASKS - 1 else 0
    return verdict


def _sayable(step: Step, call: Call, each: Occurrence) -> bool:
    """Whether the caller could have given the arguments that are the caller's to give."""
    listed = step.over is not None and isinstance(step.over.source, Parameter)
    opened = (Parameter, Item) if listed else (Parameter,)
    names = [n for n, b in step.args.items() if any(isinstance(leaf, opened) for leaf in leaves(b))]
    return all(each.knows(call.args[name]) for name in names if name in call.args)


def _doubt(candidate: MetaTool, verdict: _Verdict, thresholds: Thresholds) -> Refused | None:
    asked = verdict.step.effect.is_read or not _flows(verdict.step)
    wanted = thresholds.reads if asked else thresholds.writes
    bound = verdict.bound(thresholds.confidence)
    if bound >= wanted:
        return None
    reason = (
        f"{format_step(verdict.step)} was reproduced in {verdict.agree} of {verdict.total} held-out places: "
        f"lower bound {bound:.2f}, below {wanted:.2f}"
    )
    routine = (candidate.steps[0].tool, f"{verdict.step.tool}*" if verdict.step.over else verdict.step.tool)
    return Refused(routine=routine, code="unverified", reason=reason, occurrences=verdict.total)


def _flows(step: Step) -> bool:
    """Whether any argument is bound to what came before, so that it could be bound wrongly."""
    return bool(step.depends_on)


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
    verdicts: Mapping[int, _Verdict],
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


def _with_verdict(step: Step, verdict: _Verdict) -> Step:
    if not verdict.total:
        return step
    evidence = {
        place: replace(seen, held_out_agree=verdict.agree, held_out_contradict=verdict.total - verdict.agree)
        for place, seen in (step.evidence or {"": BindingEvidence()}).items()
    }
    return replace(step, evidence=evidence)


def refusal(candidate: MetaTool, code: str, reason: str, occurrences: int) -> Refused:
    """A refused candidate, named by its tools."""
    routine = tuple(f"{step.tool}*" if step.over else step.tool for step in candidate.steps)
    return Refused(routine=routine, code=code, reason=reason, occurrences=occurrences)
