"""Holds routines against tasks: every step is tried on tasks it was not found in, the whole on what agents went on to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from langchain_awo.model.ir.metatool import Evidence, MetaTool, Refused, Step
from langchain_awo.model.ir.trimming import renumber_steps, with_steps
from langchain_awo.optimizer.log.corpus import Corpus
from langchain_awo.optimizer.mining.align import advance, list_loose_lookups
from langchain_awo.optimizer.mining.cross_validate import (
    Thresholds,
    Verdict,
    find_doubt,
    try_step,
    with_verdict,
)
from langchain_awo.optimizer.mining.expect import expect_output
from langchain_awo.optimizer.mining.occurrences import Occurrence, collect_occurrences
from langchain_awo.optimizer.replay.simulate import simulate
from langchain_awo.optimizer.statistics import compute_lower_bound


def verify(
    candidate: MetaTool, corpus: Corpus, thresholds: Thresholds
) -> tuple[MetaTool | None, list[Refused]]:
    """The candidate with its evidence, less the steps that do not hold, and why these were refused.

    A step falls with the steps it depends on. What is left of the routine must be more than the anchor.
    """
    anchor = candidate.steps[0].tool
    occurrences = collect_occurrences(corpus, anchor)
    going_on = [occurrence.copy() for occurrence in occurrences]
    verdicts, refused = {1: Verdict(candidate.steps[0])}, []
    for number, step in enumerate(candidate.steps[1:], start=2):
        verdict = try_step(step, going_on)
        if not step.depends_on <= verdicts.keys():
            continue
        if doubt := find_doubt(verdict, anchor, thresholds):
            refused.append(doubt)
            continue
        verdicts[number] = verdict
        for occurrence in going_on:
            advance(number, step, occurrence)
    for number in list_loose_lookups(candidate, verdicts):
        del verdicts[number]
    if len(verdicts) == 1:
        return None, refused
    kept = _keep_steps(expect_output(candidate, verdicts, going_on, thresholds), verdicts)
    kept = replace(kept, evidence=_measure_evidence(kept, occurrences, thresholds))
    failing = _refuse_too_often_failed(kept, corpus, thresholds)
    return (None, [*refused, failing]) if failing else (kept, refused)


def recount(routine: MetaTool, corpus: Corpus, thresholds: Thresholds) -> MetaTool:
    """A verified routine from which steps were left out since, with the counts of what is left of it."""
    counted = _measure_evidence(routine, collect_occurrences(corpus, routine.steps[0].tool), thresholds)
    held = {name: getattr(counted, name) for name in ("held_out", "held_out_exact", "lower_bound")}
    return replace(routine, evidence=replace(routine.evidence, **held))


def _measure_evidence(
    routine: MetaTool, occurrences: Sequence[Occurrence], thresholds: Thresholds
) -> Evidence:
    """Whole-routine replays: of the places where an agent went on with any later step, those reproduced call for call.

    At a place of a fold without which a step is not found the routine is not known, and reproduces nothing.
    """
    places = exact = 0
    tools = {step.tool for step in routine.steps[1:]}
    missed = {fold for step in routine.steps if "" in step.evidence for fold in step.evidence[""].missed}
    for occurrence in occurrences:
        recorded = {call.key for call in occurrence.followers if call.tool in tools}
        if recorded:
            places += 1
            exact += occurrence.fold not in missed and recorded <= _replay_routine(routine, occurrence)
    return Evidence(
        tasks=len({occurrence.task for occurrence in occurrences}),
        occurrences=len(occurrences),
        held_out=places,
        held_out_exact=exact,
        lower_bound=round(compute_lower_bound(exact, places, thresholds.confidence), 4),
    )


def _replay_routine(routine: MetaTool, occurrence: Occurrence) -> frozenset[str]:
    """Keys of the calls that the routine makes in a place, run as the executor runs it."""
    simulations = simulate(routine, occurrence.run, occurrence.segment, occurrence.position)
    return next(
        (simulation.keys for simulation in simulations if simulation.anchor == occurrence.anchor.key),
        frozenset(),
    )


def _keep_steps(candidate: MetaTool, verdicts: Mapping[int, Verdict]) -> MetaTool:
    kept = {
        number: _attach_verdict(candidate.steps[number - 1], verdict) for number, verdict in verdicts.items()
    }
    return with_steps(candidate, renumber_steps(kept))


def _refuse_too_often_failed(candidate: MetaTool, corpus: Corpus, thresholds: Thresholds) -> Refused | None:
    """Fisher's exact test: of the runs that call the anchor, do those that go on with the routine fail more often?

    The others are the fair comparison: tasks that never need the tool may simply be easier.
    """
    outcomes = [
        (_goes_on(candidate, calls), ok) for calls, ok in _count_outcomes(corpus, candidate.steps[0].tool)
    ]
    counts = Counter(outcomes)
    table = [[counts[True, False], counts[True, True]], [counts[False, False], counts[False, True]]]
    if not (sum(table[0]) and sum(table[1])):
        return None
    import numpy as np  # noqa: PLC0415
    from scipy.stats import fisher_exact  # noqa: PLC0415  # takes longer to import than most logs to compile

    p_value = float(fisher_exact(np.array(table), alternative="greater").pvalue)
    if p_value > thresholds.failure_p:
        return None
    failed, all_ = table[0][0], sum(table[0])
    reason = (
        f"{failed} of {all_} runs that went through it failed, and {table[1][0]} of {sum(table[1])} "
        f"that called {candidate.steps[0].tool} without going on (p = {p_value:.4f})"
    )
    return build_refusal(candidate, "fails_often", reason, all_)


def _count_outcomes(corpus: Corpus, anchor: str) -> Iterable[tuple[Counter[str], bool]]:
    """Successful calls by tool, and the outcome, of each run that is known to have ended well or badly."""
    for run in corpus.runs:
        calls = (call for segment in run.segments for current in segment.rounds for call in current.calls)
        counted = Counter(call.tool for call in calls if call.ok)
        if run.success is not None and counted[anchor]:
            yield counted, run.success


def _goes_on(candidate: MetaTool, calls: Counter[str]) -> bool:
    counts = Counter(step.tool for step in candidate.steps if not step.guard)
    return all(calls[tool] >= count for tool, count in counts.items())


def _attach_verdict(step: Step, verdict: Verdict) -> Step:
    """The step with what this trial showed, unless the trial in which it was found showed more."""
    is_tried = any(
        evidence.held_out_agree or evidence.held_out_contradict for evidence in step.evidence.values()
    )
    return step if is_tried else with_verdict(step, verdict)


def build_refusal(candidate: MetaTool, code: str, reason: str, occurrences: int) -> Refused:
    """A refused candidate, named by its tools."""
    return Refused(routine=list_tools(candidate), code=code, reason=reason, occurrences=occurrences)


def list_tools(candidate: MetaTool) -> tuple[str, ...]:
    """The tools of a routine, those that it calls for each item of a list with a star."""
    return tuple(f"{step.tool}*" if step.over else step.tool for step in candidate.steps)
