"""What a fixed value of a step may be: a word that the tool goes by, not what one task was about.

before::

    search_tasks(assigned_to=#1/0, due="2023-11-29")            (each of two tasks named that day)
    read_mail(id=#2/mails/*/id), where /subject is "About tea"  (each of three mails that were read had it)

after::

    search_tasks(assigned_to=#1/0, due=$due)
    read_mail(id=#2/mails/*/id)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from langchain_awo.model.ir.binding import Constant
from langchain_awo.model.ir.metatool import Step
from langchain_awo.model.ir.pointer import MISSING
from langchain_awo.model.text.encoding import same
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.optimizer.mining.occurrences import Occurrence

SURE_TASKS: Final = 5
"""Distinct tasks that show that a value which looks like data is how the tool is always called."""

HOUSE_RULE: Final = 0.85
"""Share of all tasks with calls of the tool that must have the value."""

WANTED: Final = 0.8
"""Share of the places in which a step that asks for a part only must have been wanted."""


def is_house_rule(tool: str, name: str, value: JSONValue, occurrences: Iterable[Occurrence]) -> bool:
    """Whether nearly all tasks that went on to a tool passed this very value, and enough of them did."""
    with_value, all_tasks = _count_tasks(tool, name, value, occurrences)
    return with_value >= SURE_TASKS and with_value >= HOUSE_RULE * all_tasks


def asks_for_a_part(step: Step, occurrences: Sequence[Occurrence]) -> bool:
    """Whether a step fixes a text that other calls of its tool do not pass: closed tickets, and not all of them."""
    for name, binding in step.args.items():
        if isinstance(binding, Constant) and isinstance(binding.value, str) and binding.value:
            with_value, all_tasks = _count_tasks(step.tool, name, binding.value, occurrences)
            if with_value < HOUSE_RULE * all_tasks:
                return True
    return False


def _count_tasks(
    tool: str, name: str, value: JSONValue, occurrences: Iterable[Occurrence]
) -> tuple[int, int]:
    """Distinct tasks with a call of the tool that passes the value, and all with a call of it."""
    having, calling = set[str](), set[str]()
    for occurrence in occurrences:
        for call in occurrence.followers:
            if call.tool == tool:
                calling.add(occurrence.task)
                if same(call.args.get(name, MISSING), value):
                    having.add(occurrence.task)
    return len(having), len(calling)
