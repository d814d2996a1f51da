"""Tries a step on tasks it was not found in.

The tasks are dealt into folds. For each fold the step must be found again from the others alone; then every recorded call of its
tool in the fold, in a place where the routine could run, counts as agreement if the step makes exactly that call. The lower
confidence bound of the agreement must reach the threshold: a wrong read costs a call, a wrong write is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Final, TypeAlias

from langchain_awo.model.ir.binding import Parameter, list_leaves
from langchain_awo.model.ir.metatool import BindingEvidence, Refused, Step
from langchain_awo.model.ir.option_kinds import check_options, number
from langchain_awo.model.ir.pointer import MISSING, split, unescape
from langchain_awo.model.text.encoding import same
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.phrasing import format_count
from langchain_awo.model.views.notation import format_step
from langchain_awo.optimizer.log.corpus import Call
from langchain_awo.optimizer.mining.align import align, list_calls
from langchain_awo.optimizer.mining.occurrences import Occurrence
from langchain_awo.optimizer.statistics import compute_lower_bound, count_missing_places

MIN_TASKS: Final = 2
"""A step that fewer tasks show is a coincidence."""

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

    def __post_init__(self) -> None:
        names = ("confidence", "reads", "writes", "failure_p")
        check_options(dict.fromkeys(names, number(0, 1)), {name: getattr(self, name) for name in names})


@dataclass(frozen=True, slots=True)
class Verdict:
    """How often a step made the call that the recorded agent made, of the held-out places where it was tried.

    Attributes:
        given: by name of the argument, in how many of the places it had a recorded value.
        missed: folds without which the step is not found.
    """

    step: Step
    agree: int = 0
    total: int = 0
    given: Mapping[str, int] = field(default_factory=dict)
    missed: tuple[int, ...] = ()

    def bound(self, confidence: float) -> float:
        """Lower confidence bound of the share."""
        return compute_lower_bound(self.agree, self.total, confidence)


def try_step(step: Step, occurrences: Sequence[Occurrence], found_in: FoundIn | None = None) -> Verdict:
    """Counts each occurrence in which the agent went on with the step's tool, held out fold by fold.

    Args:
        found_in: if left out, the step is taken as given, as that of an earlier toolkit is.
    """
    results = [
        (occurrence.fold, calls, align(step, occurrence))
        for occurrence, calls in _find_trials(step, occurrences)
    ]
    folds = sorted({fold for fold, _, _ in results})
    missed = [fold for fold in folds if found_in is not None and not found_in(step, fold)]
    agree, given = 0, Counter[str]()
    for calls, predicted in ((calls, predicted) for fold, calls, predicted in results if fold not in missed):
        is_exact = any(call.key in predicted for call in calls)
        agree += is_exact
        given.update(list(step.args) if is_exact else _find_reproduced(step, calls, predicted.values()))
    return Verdict(step, agree, len(results), given, tuple(missed))


def _find_trials(step: Step, occurrences: Iterable[Occurrence]) -> Iterator[tuple[Occurrence, list[Call]]]:
    """The places in which the agent went on with the step's tool in a way that could be asked for, with these calls."""
    for occurrence in occurrences:
        calls = (call for call in list_calls(step, occurrence) if call.tool == step.tool)
        if sayable := [call for call in calls if _is_sayable(step, call, occurrence)]:
            yield occurrence, sayable


def _find_reproduced(
    step: Step, recorded: Iterable[Call], predicted: Iterable[Mapping[str, JSONValue]]
) -> Iterator[str]:
    """The arguments that a step gives as they were recorded, where not all of them are."""
    pairs = list(product(recorded, predicted))
    for name in step.args:
        if any(same(call.args.get(name, MISSING), args.get(name, MISSING)) for call, args in pairs):
            yield name


def with_verdict(step: Step, verdict: Verdict) -> Step:
    """The step with the counts of its trial in its evidence: its own, and those of each argument."""
    if not verdict.total:
        return step
    whole = replace(step.evidence.get("", BindingEvidence()), missed=verdict.missed)
    evidence = {"": _with_counts(whole, verdict.agree, verdict.total)}
    for place, binding_evidence in step.evidence.items():
        if place:
            name = unescape(split(place)[0])
            evidence[place] = _with_counts(binding_evidence, verdict.given.get(name, 0), verdict.total)
    return replace(step, evidence=evidence)


def _with_counts(evidence: BindingEvidence, agree: int, total: int) -> BindingEvidence:
    return replace(evidence, held_out_agree=agree, held_out_contradict=total - agree)


def find_doubt(verdict: Verdict, anchor: str, thresholds: Thresholds) -> Refused | None:
    """Why what a trial showed is not enough, or `None` if it is."""
    required = thresholds.reads if verdict.step.effect.is_read else thresholds.writes
    bound = verdict.bound(thresholds.confidence)
    if bound >= required:
        return None
    missing = count_missing_places(
        verdict.agree, verdict.total, confidence=thresholds.confidence, wanted=required
    )
    reason = (
        f"{format_step(verdict.step)} was reproduced in {verdict.agree} of {verdict.total} held-out places: "
        f"lower bound {bound:.2f}, {format_count(missing, 'more such place')} short of {required:.2f}"
    )
    routine = (anchor, f"{verdict.step.tool}*" if verdict.step.over else verdict.step.tool)
    return Refused(
        routine=routine,
        code="unverified",
        reason=reason,
        occurrences=verdict.total,
        nearness=round(bound / required, 4),
    )


def _is_sayable(step: Step, call: Call, occurrence: Occurrence) -> bool:
    """Whether the caller could have asked for a call: it has the arguments that are the caller's to give, and no others."""
    opened = [
        name
        for name, binding in step.args.items()
        if any(isinstance(leaf, Parameter) for leaf in list_leaves(binding))
    ]
    if opened and not step.args.keys() - set(step.optional) <= call.args.keys() <= step.args.keys():
        return False
    return all(occurrence.knows(call.args[name]) for name in opened if name in call.args)
