"""Tries a step on tasks it was not found in.

The tasks are dealt into folds. For each fold the step must be found again from the others alone; then every recorded call of its
tool in the fold, in a place where the routine could run, counts as agreement if the step makes exactly that call. The lower
confidence bound of the agreement must reach the threshold: a wrong read costs a call, a wrong write is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from langchain_awo.model.binding import Parameter, leaves
from langchain_awo.model.encoding import digest
from langchain_awo.model.metatool import BindingEvidence, Refused, Step
from langchain_awo.model.notation import format_step
from langchain_awo.model.phrasing import times
from langchain_awo.optimizer.log.corpus import Call
from langchain_awo.optimizer.mining.align import align
from langchain_awo.optimizer.mining.occurrences import Occurrence
from langchain_awo.optimizer.statistics import lower_bound, places_missing

MIN_TASKS: Final = 2
"""A step that fewer tasks show is a coincidence."""

FOLDS: Final = 4
"""Parts the tasks are dealt into; each is held out once."""

FoundIn: TypeAlias = Callable[[Step, int], bool]
"""Whether a step is found from the tasks outside a fold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What a routine must reach.

    Attributes:
        confidence: of the lower bounds.
        reads: lower bound of the share of recorded calls that a reading step makes exactly; low, since it only has to rule out
            coincidence: what a read fetches in vain is priced by selection.
        writes: the same for a writing step, and for how surely it follows.
        failure_p: a routine is refused if runs with it fail more often than others with at most this p-value.
    """

    confidence: float = 0.95
    reads: float = 0.05
    writes: float = 0.8
    failure_p: float = 0.001


@dataclass(frozen=True, slots=True)
class Verdict:
    """How often a step made the call that the recorded agent made, of the held-out places where it was tried."""

    step: Step
    agree: int = 0
    total: int = 0

    def bound(self, confidence: float) -> float:
        """Lower confidence bound of the share."""
        return lower_bound(self.agree, self.total, confidence)


def fold_of(task: str) -> int:
    """The part of the tasks that a task belongs to."""
    return int(digest(task)[:8], 16) % FOLDS


def try_step(step: Step, occurrences: Sequence[Occurrence], found_in: FoundIn | None = None) -> Verdict:
    """Counts each occurrence in which the agent went on with the step's tool, held out fold by fold.

    Args:
        found_in: if left out, the step is taken as given, as that of an earlier toolkit is.
    """
    results = [
        (fold_of(each.task), align(step, each).keys() & {call.key for call in wanted})
        for each in occurrences
        if (
            wanted := [
                call for call in each.followers if call.tool == step.tool and _is_sayable(step, call, each)
            ]
        )
    ]
    found = {fold: found_in is None or found_in(step, fold) for fold in sorted({fold for fold, _ in results})}
    agree = sum(bool(made) and found[fold] for fold, made in results)
    return Verdict(step, agree, len(results))


def with_verdict(step: Step, verdict: Verdict) -> Step:
    """The step with the counts of its trial in its evidence."""
    if not verdict.total:
        return step
    evidence = {
        place: replace(seen, held_out_agree=verdict.agree, held_out_contradict=verdict.total - verdict.agree)
        for place, seen in (step.evidence or {"": BindingEvidence()}).items()
    }
    return replace(step, evidence=evidence)


def doubt_about(verdict: Verdict, anchor: str, thresholds: Thresholds) -> Refused | None:
    """Why what a trial showed is not enough, or `None` if it is."""
    wanted = thresholds.reads if verdict.step.effect.is_read else thresholds.writes
    bound = verdict.bound(thresholds.confidence)
    if bound >= wanted:
        return None
    missing = places_missing(verdict.agree, verdict.total, confidence=thresholds.confidence, wanted=wanted)
    reason = (
        f"{format_step(verdict.step)} was reproduced in {verdict.agree} of {verdict.total} held-out places: "
        f"lower bound {bound:.2f}, {times(missing, 'more such place')} short of {wanted:.2f}"
    )
    routine = (anchor, f"{verdict.step.tool}*" if verdict.step.over else verdict.step.tool)
    return Refused(
        routine=routine,
        code="unverified",
        reason=reason,
        occurrences=verdict.total,
        nearness=round(bound / wanted, 4),
    )


def _is_sayable(step: Step, call: Call, each: Occurrence) -> bool:
    """Whether the caller could have asked for a call: it has the arguments that are the caller's to give, and no others."""
    opened = [
        name
        for name, binding in step.args.items()
        if any(isinstance(leaf, Parameter) for leaf in leaves(binding))
    ]
    if opened and call.args.keys() != step.args.keys():
        return False
    return all(each.knows(call.args[name]) for name in opened)
