"""Tries a step on calls of tasks it was not found in.

The tasks are dealt into folds. A recorded call of the step's tool, in a place where the routine could run, counts as
agreement if the step makes exactly that call; where the other folds alone show the step in too few tasks, it does not
count. The lower Beta confidence bound of the agreement must reach the threshold, which is higher for writes whose
arguments flow: a wrong read costs a call, a wrong write is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scipy.stats import beta

from langchain_awo.model.binding import Item, Parameter, leaves
from langchain_awo.model.encoding import digest
from langchain_awo.model.metatool import Refused, Step
from langchain_awo.model.notation import format_step
from langchain_awo.optimizer.log.corpus import Call
from langchain_awo.optimizer.mining.align import explained_by
from langchain_awo.optimizer.mining.occurrences import Occurrence

MIN_TASKS: Final = 2
"""A step that fewer tasks show is a coincidence."""

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


def doubt_about(
    step: Step, occurrences: Sequence[Occurrence], anchor: str, thresholds: Thresholds
) -> Refused | None:
    """Why a step must not be part of a routine, or `None` if it holds."""
    return doubt_of(try_step(step, occurrences), anchor, thresholds)


def lower_bound(agree: float, total: float, confidence: float) -> float:
    """Lower Beta (Clopper-Pearson) confidence bound of a share; 0 if nothing agreed."""
    return float(beta.ppf(1 - confidence, agree, total - agree + 1)) if agree > 0 else 0.0


@dataclass(slots=True)
class Verdict:
    """How often a step made the call that the recorded agent made, of the places where it was tried."""

    step: Step
    agree: int = 0
    total: int = 0

    def bound(self, confidence: float) -> float:
        """Lower confidence bound of the share."""
        return lower_bound(self.agree, self.total, confidence)


def try_step(step: Step, occurrences: Sequence[Occurrence]) -> Verdict:
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
    verdict = Verdict(step)
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


def doubt_of(verdict: Verdict, anchor: str, thresholds: Thresholds) -> Refused | None:
    """Why what a trial showed is not enough, or `None` if it is."""
    asked = verdict.step.effect.is_read or not _flows(verdict.step)
    wanted = thresholds.reads if asked else thresholds.writes
    bound = verdict.bound(thresholds.confidence)
    if bound >= wanted:
        return None
    reason = (
        f"{format_step(verdict.step)} was reproduced in {verdict.agree} of {verdict.total} held-out places: "
        f"lower bound {bound:.2f}, below {wanted:.2f}"
    )
    routine = (anchor, f"{verdict.step.tool}*" if verdict.step.over else verdict.step.tool)
    return Refused(routine=routine, code="unverified", reason=reason, occurrences=verdict.total)


def _flows(step: Step) -> bool:
    """Whether any argument is bound to what came before, so that it could be bound wrongly."""
    return bool(step.depends_on)
