"""Holds routines against tasks they were not mined from.

The tasks are dealt into folds. What a step does is tried on the calls of each fold: a recorded call of the step's tool,
in a place where the routine could run, counts as agreement if the step makes exactly that call. A binding that the other
folds alone would not have chosen counts as contradicted there. The lower Beta confidence bound of the agreement must
reach the threshold, which is higher for writes: a wrong read costs a call, a wrong write is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.stats import beta, fisher_exact

from langchain_awo.model.encoding import digest
from langchain_awo.model.metatool import BindingEvidence, Evidence, MetaTool, Refused, Step
from langchain_awo.optimizer.corpus import Corpus
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
    failure_p: float = 0.01


def verify(candidate: MetaTool, corpus: Corpus, thresholds: Thresholds) -> MetaTool | Refused:
    """The candidate with its evidence, or why it is refused."""
    batch = candidate.steps[0].over is not None
    occurrences = occurrences_of(corpus, candidate.steps[0].tool, batch=batch)
    verdicts: list[_Verdict] = []
    for number, step in enumerate(candidate.steps[1:], start=2):
        verdicts.append(_try_step(step, occurrences))
        for each in occurrences:
            advance_step(number, step, each)
    return (
        _too_uncertain(candidate, verdicts, thresholds)
        or _too_often_failed(candidate, corpus, thresholds)
        or _with_evidence(candidate, occurrences, verdicts, thresholds)
    )


def lower_bound(agree: float, total: float, confidence: float) -> float:
    """Lower Beta (Clopper-Pearson) confidence bound of a share; 0 if nothing agreed."""
    return float(beta.ppf(1 - confidence, agree, total - agree + 1)) if agree > 0 else 0.0


@dataclass(slots=True)
class _Verdict:
    step: Step
    agree: int = 0
    total: int = 0
    tasks: int = 0

    def bound(self, confidence: float) -> float:
        return lower_bound(self.agree, self.total, confidence)


def _try_step(step: Step, occurrences: Sequence[Occurrence]) -> _Verdict:
    """Counts each occurrence in which the agent went on with the step's tool, held out fold by fold."""
    hits: Counter[int] = Counter()
    misses: Counter[int] = Counter()
    tasks: dict[int, set[str]] = {}
    for each in occurrences:
        wanted = [call for call in each.followers if call.tool == step.tool]
        if wanted:
            fold = int(digest(each.run.task), 16) % FOLDS
            made = explained_by(step, each)
            hit = any(call.key in made for call in wanted)
            (hits if hit else misses)[fold] += 1
            if hit:
                tasks.setdefault(fold, set()).add(each.run.task)
    verdict = _Verdict(step, tasks=sum(map(len, tasks.values())))
    for fold in sorted(hits.keys() | misses.keys()):
        elsewhere = sum(len(found) for other, found in tasks.items() if other != fold)
        verdict.total += hits[fold] + misses[fold]
        verdict.agree += hits[fold] if elsewhere >= MIN_TASKS - 1 else 0
    return verdict


def _too_uncertain(
    candidate: MetaTool, verdicts: Iterable[_Verdict], thresholds: Thresholds
) -> Refused | None:
    for verdict in verdicts:
        wanted = thresholds.reads if verdict.step.effect.is_read else thresholds.writes
        bound = verdict.bound(thresholds.confidence)
        if bound < wanted:
            return refusal(
                candidate,
                "unverified",
                f"{verdict.step.tool} was reproduced in {verdict.agree} of {verdict.total} held-out places: "
                f"lower bound {bound:.2f}, below {wanted:.2f}",
                verdict.total,
            )
    return None


def _too_often_failed(candidate: MetaTool, corpus: Corpus, thresholds: Thresholds) -> Refused | None:
    """Fisher's exact test: do runs that went through the routine fail more often than the others?"""
    counts = Counter(
        (_went_through(candidate, run_tools), success) for run_tools, success in _outcomes(corpus)
    )
    table = [[counts[True, False], counts[True, True]], [counts[False, False], counts[False, True]]]
    if not (sum(table[0]) and sum(table[1])):
        return None
    p_value = float(fisher_exact(np.array(table), alternative="greater").pvalue)
    if p_value > thresholds.failure_p:
        return None
    failed, all_ = table[0][0], sum(table[0])
    reason = f"{failed} of {all_} runs that went through it failed, more than others do (p = {p_value:.3f})"
    return refusal(candidate, "fails_often", reason, all_)


def _outcomes(corpus: Corpus) -> Iterable[tuple[frozenset[str], bool]]:
    for run in corpus.runs:
        if run.success is not None:
            calls = (call for segment in run.segments for each in segment.rounds for call in each.calls)
            yield frozenset(call.tool for call in calls if call.ok), run.success


def _went_through(candidate: MetaTool, tools: frozenset[str]) -> bool:
    return tools.issuperset(candidate.tools)


def _with_evidence(
    candidate: MetaTool,
    occurrences: Sequence[Occurrence],
    verdicts: Sequence[_Verdict],
    thresholds: Thresholds,
) -> MetaTool:
    weakest = min(verdicts, key=lambda v: v.bound(thresholds.confidence), default=None)
    evidence = Evidence(
        tasks=len({each.run.task for each in occurrences}),
        occurrences=len(occurrences),
        held_out=weakest.total if weakest else 0,
        held_out_exact=weakest.agree if weakest else 0,
        lower_bound=round(weakest.bound(thresholds.confidence), 4) if weakest else 0.0,
    )
    tried = dict(enumerate(verdicts, start=1))
    steps = tuple(_with_verdict(step, tried.get(i)) for i, step in enumerate(candidate.steps))
    return replace(candidate, evidence=evidence, steps=steps)


def _with_verdict(step: Step, verdict: _Verdict | None) -> Step:
    if verdict is None:
        return step
    counts = {"held_out_agree": verdict.agree, "held_out_contradict": verdict.total - verdict.agree}
    evidence = {place: replace(seen, **counts) for place, seen in step.evidence.items()}
    return replace(step, evidence=evidence or {"": BindingEvidence(**counts)})


def refusal(candidate: MetaTool, code: str, reason: str, occurrences: int) -> Refused:
    """A refused candidate, named by its tools."""
    routine = tuple(f"{step.tool}*" if step.over else step.tool for step in candidate.steps)
    return Refused(routine=routine, code=code, reason=reason, occurrences=occurrences)
