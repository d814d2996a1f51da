"""Reads that always found something: where one of them finds nothing, a routine writes nothing.

A routine that writes relies on what it read. Where recorded agents never saw a read come back empty, nobody knows what they would
have done then, and the routine stops before its write.

before (of a routine that ends with a write)::

    find_user(email) → {"id": ...}      31 of 31 outputs

after::

    find_user is `never_empty`, and its evidence says that 31 outputs were looked at
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from langchain_awo.model.ir.guard import is_empty
from langchain_awo.model.ir.metatool import BindingEvidence, MetaTool, Step
from langchain_awo.model.stepping.deciding import Withheld, decide
from langchain_awo.optimizer.mining.cross_validate import Thresholds
from langchain_awo.optimizer.mining.occurrences import Occurrence
from langchain_awo.optimizer.statistics import compute_lower_bound


def expect_output(
    candidate: MetaTool, kept: Collection[int], places: Sequence[Occurrence], thresholds: Thresholds
) -> MetaTool:
    """The candidate with its reads before a write marked that never came back empty, in enough places to be sure.

    Args:
        candidate: what to mark.
        kept: numbers of the steps that hold.
        places: where it could run, with the recorded outputs of its steps.
        thresholds: as sure as of a write.
    """
    last_write = max((n for n in kept if not candidate.steps[n - 1].effect.is_read), default=0)
    steps = [
        _add_expectation(number, step, places, thresholds) if number < last_write else step
        for number, step in enumerate(candidate.steps, start=1)
    ]
    return replace(candidate, steps=tuple(steps))


def _add_expectation(number: int, step: Step, places: Sequence[Occurrence], thresholds: Thresholds) -> Step:
    if step.over or not step.effect.is_read:
        return step
    outputs = [
        occurrence.frame.outputs[number] for occurrence in places if number in occurrence.frame.outputs
    ]
    count = len(outputs)
    if compute_lower_bound(count, count, thresholds.confidence) < thresholds.writes or any(
        map(is_empty, outputs)
    ):
        return step
    if any(_lacks_source(step, occurrence) for occurrence in places):
        return step
    whole = replace(step.evidence.get("", BindingEvidence()), outputs=count)
    return replace(step, never_empty=True, evidence={**step.evidence, "": whole})


def _lacks_source(step: Step, occurrence: Occurrence) -> bool:
    """Whether there was nothing to call a read for, which the executor takes as a read that found nothing."""
    decision = decide(step, occurrence.frame)
    return isinstance(decision, Withheld) and decision.cause == "null"
