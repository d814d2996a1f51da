"""Asks for more where a search found nothing: the same tool again, with fewer of the same arguments.

Agents that filter a search and find nothing often drop a filter. They do so only where the search came back empty, so that is the
condition, whether or not it alone explains when they do: the reads in vain are priced by selection.

before::

    list_tasks(of="Ann", status="done") → []   list_tasks(of="Ann")      (in 15 of 40 places; never where something was found)

after::

    1  list_tasks(of=$of, status?=$status)
    2  list_tasks(of=#1.args/of)            skip unless #1 is empty
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from langchain_awo.model.ir.binding import Argument, Output
from langchain_awo.model.ir.guard import is_empty
from langchain_awo.model.ir.metatool import Guard, GuardEvidence, MetaTool, Step
from langchain_awo.model.ir.pointer import escape
from langchain_awo.optimizer.mining.align import align
from langchain_awo.optimizer.mining.forms import Form
from langchain_awo.optimizer.mining.occurrences import Occurrence

ONLY_THEN: Final = 0.1
"""Of the places where the search found something, agents may have asked for more in no more than this share."""


def widen_when_empty(form: Form, routine: MetaTool, occurrences: Sequence[Occurrence]) -> Form:
    """The form as a step that is made only where the search it widens found nothing; unchanged if it widens none."""
    number = _find_narrower(form, routine)
    if number is None:
        return form
    evidence = _count_places(form.step, number, occurrences)
    if evidence.others_followed > ONLY_THEN * evidence.others or not evidence.followed:
        return form
    guard = Guard(source=Output(step=number), test="empty", evidence=evidence)
    return Form(replace(form.step, guard=guard), form.parameters)


def _find_narrower(form: Form, routine: MetaTool) -> int | None:
    """The step of the same tool that passes the same arguments and more."""
    step = form.step
    if step.over or form.parameters or step.guard or not step.args:
        return None
    for number, earlier in enumerate(routine.steps, start=1):
        same = {name: Argument(step=number, path=f"/{escape(name)}") for name in step.args}
        if earlier.tool == step.tool and not earlier.over and step.args == same:
            return number if step.args.keys() < earlier.args.keys() else None
    return None


def _count_places(step: Step, number: int, occurrences: Sequence[Occurrence]) -> GuardEvidence:
    """How often agents went on where the search found nothing, and where it found something."""
    held = followed = others = others_followed = 0
    for occurrence in occurrences:
        predicted = align(step, occurrence)
        if predicted.keys() <= occurrence.done or number not in occurrence.frame.outputs:
            continue
        goes_on = any(call.key in predicted for call in occurrence.followers)
        if is_empty(occurrence.frame.outputs[number]):
            held, followed = held + 1, followed + goes_on
        else:
            others, others_followed = others + 1, others_followed + goes_on
    return GuardEvidence(held=held, followed=followed, others=others, others_followed=others_followed)
