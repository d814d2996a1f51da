"""Writes that follow, or that a condition explains: the only ones that may be part of a routine.

All places where the earlier steps ran are looked at, also those where the agents then did something else. A write becomes the last
step of a routine if agents always went on to it, or if a condition on what is known by then tells where they did and where they did
not. Its target comes from a parameter or from what was read, never from a position in a list; every argument is required.

before::

    get_order(order_id) → {"status": "delivered"}    refund(order_id, reason)      (31 of 31)
    get_order(order_id) → {"status": "processing"}   (no refund)                   (12 of 12)

after::

    1  get_order(order_id=$order_id)
    2  refund(order_id=#1.args/order_id, reason=$reason)      if #1/status == "delivered", else stop
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from langchain_awo.model.ir.metatool import Guard, GuardEvidence, MetaTool, Refused, Step
from langchain_awo.model.text.phrasing import format_count
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.views.notation import format_guard
from langchain_awo.optimizer.log.requests import find_telling_words, has_asked
from langchain_awo.optimizer.mining.align import align
from langchain_awo.optimizer.mining.conditions import Case, FoundConditions, collect_facts, explain
from langchain_awo.optimizer.mining.cross_validate import (
    MIN_TASKS,
    Thresholds,
    find_doubt,
    try_step,
    with_verdict,
)
from langchain_awo.optimizer.mining.decide import CONFIDENCE, is_sure
from langchain_awo.optimizer.mining.forms import MAX_PARAMETERS, Form, write_form
from langchain_awo.optimizer.mining.knowledge import Knowledge, learn_flow
from langchain_awo.optimizer.mining.occurrences import Occurrence, list_followers
from langchain_awo.optimizer.statistics import compute_lower_bound, count_missing_places

SAFE: Final = frozenset({Effect.WRITE, Effect.IDEMPOTENT})
"""A tool whose effect nobody declared or named stays out, and so does a destructive one."""

ASKED: Final = 0.9
"""Share of the writes before which a user spoke of it, from which on the others are looked at only where one did."""


def find_guarded_forms(
    routine: MetaTool,
    known: Sequence[Knowledge],
    effects: Mapping[str, Effect],
    *,
    avoid: frozenset[str],
    thresholds: Thresholds,
) -> Iterator[Form | Refused]:
    """Writes that may come next in a routine, with their trial; and why the others are left to the agent."""
    occurrences = [knowledge.occurrence for knowledge in known]
    taken = [spec.name for spec in routine.parameters]
    for tool in list_followers(occurrences, min_tasks=MIN_TASKS):
        effect = effects.get(tool, Effect.UNKNOWN)
        if effect not in SAFE or tool in avoid:
            continue
        base = Step(tool=tool, effect=effect)
        form = write_form(base, learn_flow(tool, known), taken, steps=routine.steps)
        if form and len(form.parameters) + len(taken) <= MAX_PARAMETERS:
            yield decide_write(routine, form, known, thresholds)


def decide_write(
    routine: MetaTool, form: Form, known: Sequence[Knowledge], thresholds: Thresholds
) -> Form | Refused:
    """The form as a step that follows or is guarded, with its trial; or why it is left to the agent."""
    occurrences = [knowledge.occurrence for knowledge in known]
    anchor = routine.steps[0].tool
    cases = list(_collect_cases(form.step, occurrences, find_telling_words(form.step.tool, routine.tools)))
    followed = sum(case.followed for case in cases)
    if compute_lower_bound(followed, len(cases), thresholds.confidence) >= thresholds.writes:
        step = form.step
    else:
        explanation = explain(cases)
        if explanation is None or not is_sure(explanation, thresholds.writes):
            return _refuse_write(form.step, anchor, cases, explanation, thresholds)
        step = _add_guard(form.step, explanation)

    def is_found_without(_step: Step, fold: int) -> bool:
        away = [knowledge for knowledge in known if knowledge.occurrence.fold != fold]
        again = write_form(
            Step(tool=step.tool, effect=step.effect), learn_flow(step.tool, away), steps=routine.steps
        )
        return again is not None and again.step.args.keys() == step.args.keys()

    verdict = try_step(step, occurrences, is_found_without)
    if doubt := find_doubt(verdict, anchor, thresholds):
        return doubt
    return replace(form, step=with_verdict(step, verdict))


def _collect_cases(step: Step, occurrences: Sequence[Occurrence], words: frozenset[str]) -> list[Case]:
    """The places where what the write needs was read, whatever the agent did then.

    Where agents make the write as good as only if a user has spoken of it, the places where nobody has are no decisions.
    """
    cases = [
        (
            has_asked(occurrence.run, words, before=occurrence.known_before),
            Case(
                occurrence.task,
                collect_facts(occurrence.frame),
                any(call.key in align(step, occurrence) for call in occurrence.followers),
            ),
        )
        for occurrence in occurrences
        if all(number in occurrence.frame.outputs for number in step.depends_on)
    ]
    followed = [asked for asked, case in cases if case.followed]
    only_asked = sum(followed) >= ASKED * len(followed) > 0
    return [case for asked, case in cases if asked or case.followed or not only_asked]


def _add_guard(step: Step, explanation: FoundConditions) -> Step:
    first, *also = explanation.conditions
    guard = Guard(
        source=first.source,
        test=first.test,
        value=first.value,
        also=tuple(also),
        otherwise="stop",
        evidence=explanation.evidence,
    )
    return replace(step, guard=guard)


def _refuse_write(
    step: Step,
    anchor: str,
    cases: Sequence[Case],
    explanation: FoundConditions | None,
    thresholds: Thresholds,
) -> Refused:
    """Why a write is left to the agent, and by how much the best condition fell short."""
    confidence, required = thresholds.confidence, thresholds.writes
    followed, places = sum(case.followed for case in cases), len(cases)
    summary = f"{step.tool} follows {anchor} in {followed} of {places} places"
    near = compute_lower_bound(followed, places, confidence)
    if followed == places:
        missing = count_missing_places(followed, places, confidence=confidence, wanted=required)
        reason = (
            f"{summary}, always, but that is {format_count(missing, 'place')} short of what a write needs"
        )
    elif explanation is None:
        reason = f"{summary}: the agents decide, and nothing that is known there explains when"
    else:
        shortfall = _describe_shortfall(explanation.evidence, required)
        reason = f"{summary}: the agents decide; {_describe_condition(step, explanation)}, {shortfall}"
        near = min(explanation.precision(CONFIDENCE), explanation.coverage(CONFIDENCE))
    return Refused(
        routine=(anchor, step.tool),
        code="decided",
        reason=reason,
        occurrences=places,
        nearness=round(min(near / required, 1.0), 4) if required else 0.0,
    )


def _describe_condition(step: Step, explanation: FoundConditions) -> str:
    guarded, evidence = _add_guard(step, explanation), explanation.evidence
    shown = format_guard(guarded.guard, guarded) if guarded.guard else ""
    unfollowed = evidence.others - evidence.others_followed
    return (
        f"with the condition {shown} it is {evidence.followed} of {evidence.held}, "
        f"and {unfollowed} of {evidence.others} others did not"
    )


def _describe_shortfall(evidence: GuardEvidence, required: float) -> str:
    """How many more places would be needed on each side, if all of them agreed."""
    unfollowed = evidence.others - evidence.others_followed
    sides = [("with it", evidence.followed, evidence.held), ("without it", unfollowed, evidence.others)]
    missing = [
        f"{format_count(count, 'place')} {side}"
        for side, agree, total in sides
        if (count := count_missing_places(agree, total, confidence=CONFIDENCE, wanted=required))
    ]
    return f"{' and '.join(missing)} short of the bound of {required:.2f}"


def append_write(routine: MetaTool, form: Form) -> MetaTool:
    """The write behind the steps that it needs, and behind the writes that came before it."""
    needed = {1}
    waiting = set(form.step.depends_on)
    waiting |= {number for number, step in enumerate(routine.steps, start=1) if not step.effect.is_read}
    while waiting:
        number = waiting.pop()
        if number not in needed:
            needed.add(number)
            waiting |= routine.steps[number - 1].depends_on
    numbers = {old: new for new, old in enumerate(sorted(needed), start=1)}
    reads = [routine.steps[old - 1].renumbered(numbers) for old in sorted(needed)]
    return replace(
        routine,
        steps=(*reads, form.step.renumbered(numbers)),
        parameters=(*routine.parameters, *form.parameters),
    )
