"""Gives a step that agents make only sometimes the condition that explains when, where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from langchain_awo.model.ir.binding import Binding, Item
from langchain_awo.model.ir.mapping import list_items
from langchain_awo.model.ir.metatool import Filter, Guard, Step
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.mining.align import align, has_parameters
from langchain_awo.optimizer.mining.conditions import (
    Case,
    FoundConditions,
    collect_facts,
    collect_item_facts,
    explain,
)
from langchain_awo.optimizer.mining.forms import Form
from langchain_awo.optimizer.mining.measure import Growth, measure
from langchain_awo.optimizer.mining.occurrences import Occurrence, predict_calls

USUAL: Final = 0.8
"""A step that is wanted this often needs no condition."""

SURE: Final = 0.6
"""Lower bounds that a condition on a read must reach on both sides: a wrong one costs a call."""

CONFIDENCE: Final = 0.95

MAX_ITEMS: Final = 600
"""Items of all places together that are looked at for a filter."""


def decide_growth(growth: Growth, occurrences: Sequence[Occurrence]) -> Growth:
    """The growth with a filter or a guard, if one explains when the recorded agents wanted it."""
    if (
        has_parameters(growth.step)
        or growth.step.guard
        or growth.extra <= (1 - USUAL) * growth.explained
        or not growth.is_worth_trying
    ):
        return growth
    step = _add_filter(growth.step, occurrences) if growth.step.over else _add_guard(growth.step, occurrences)
    if step is None:
        return growth
    better = measure(Form(step, growth.parameters), occurrences)
    return better if better.explained >= USUAL * growth.explained and better.extra < growth.extra else growth


def _add_guard(step: Step, occurrences: Sequence[Occurrence]) -> Step | None:
    explanation = explain(list(_collect_cases(step, occurrences)))
    if explanation is None or not is_sure(explanation, SURE):
        return None
    first, *also = explanation.conditions
    guard = Guard(
        source=first.source,
        test=first.test,
        value=first.value,
        also=tuple(also),
        evidence=explanation.evidence,
    )
    return replace(step, guard=guard)


def is_sure(explanation: FoundConditions, threshold: float) -> bool:
    """Whether a condition holds where agents went on and fails where they did not, both by a lower bound."""
    return explanation.precision(CONFIDENCE) >= threshold and explanation.coverage(CONFIDENCE) >= threshold


def _collect_cases(step: Step, occurrences: Sequence[Occurrence]) -> Iterator[Case]:
    """All places where the earlier steps ran and the step could."""
    for occurrence in occurrences:
        if predicted := align(step, occurrence):
            listed = occurrence.frame.outputs.keys() - occurrence.frame.arguments.keys()
            followed = any(call.key in predicted for call in occurrence.followers)
            yield Case(occurrence.task, collect_facts(occurrence.frame, skip=listed), followed)


def _add_filter(step: Step, occurrences: Sequence[Occurrence]) -> Step | None:
    """The step with a filter on what its items say, if one place of them tells which are wanted."""
    cases = list(_collect_item_cases(step, occurrences))
    explanation = explain(cases)
    if (
        step.over is None
        or explanation is None
        or len(explanation.conditions) > 1
        or not is_sure(explanation, SURE)
    ):
        return None
    condition = explanation.conditions[0]
    if condition.test not in ("equals", "one_of") or not isinstance(condition.source, Item):
        return None
    values = tuple(condition.value) if condition.test == "one_of" else (condition.value,)
    return replace(step, over=replace(step.over, filter=Filter(path=condition.source.path, values=values)))


def _collect_item_cases(step: Step, occurrences: Sequence[Occurrence]) -> Iterator[Case]:
    count = 0
    for occurrence in occurrences:
        recorded = {call.key for call in occurrence.followers}
        items = list_items(step, step.over, occurrence.frame) if step.over else None
        for item in items or ():
            if count >= MAX_ITEMS or not isinstance(item, dict):
                return
            count += 1
            frame = replace(occurrence.frame, item=item)
            single = replace(step, over=None)
            predicted = predict_calls(single, frame)
            facts: dict[Binding, JSONValue] = {
                Item(path=path): value for path, value in collect_item_facts(item).items()
            }
            yield Case(occurrence.task, facts, bool(predicted.keys() & recorded))
