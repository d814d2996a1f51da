"""Why a step that could be added is not even tried: it asks for nothing new, for too little, or in vain too often.

before::

    list_orders(of="Ann")  list_orders(of="Ann", status="open")      (in 9 of 12 places)

after::

    refused: list_orders(of=#1.args/of, status="open") would explain 9 calls, but it only repeats what another step looks up
"""

from __future__ import annotations

from collections.abc import Sequence

from langchain_awo.model.ir.metatool import MetaTool, Refused
from langchain_awo.model.text.phrasing import format_count
from langchain_awo.model.views.notation import format_step
from langchain_awo.optimizer.mining.align import asks_again
from langchain_awo.optimizer.mining.companions import is_companion, takes_nothing_new
from langchain_awo.optimizer.mining.cross_validate import MIN_TASKS
from langchain_awo.optimizer.mining.literals import WANTED, asks_for_a_part
from langchain_awo.optimizer.mining.measure import Growth
from langchain_awo.optimizer.mining.occurrences import Occurrence


def refuse_untried(
    growth: Growth, routine: MetaTool, occurrences: Sequence[Occurrence]
) -> tuple[str, str] | None:
    """A code and the reason why a step is not tried; `None` if it is worth a trial."""
    if not growth.is_worth_trying:
        return "rare", _explain_rarity(growth)
    if asks_again(growth.step, routine, occurrences):
        return "repeats", "but it only repeats what another step looks up"
    if takes_nothing_new(growth.step) and not is_companion(growth.step.tool, occurrences):
        return (
            "parallel",
            "but it takes nothing from what a step returned, so a model can ask for both side by side",
        )
    if growth.step.guard or growth.wanted >= WANTED * growth.places:
        return None
    if asks_for_a_part(growth.step, occurrences):
        return "part", (
            f"but other calls of {growth.step.tool} ask for more, and it was wanted in {growth.wanted} of {growth.places} places only"
        )
    return None


def _explain_rarity(growth: Growth) -> str:
    if not growth.explained:
        return "because its arguments never occurred in this combination"
    if growth.tasks < MIN_TASKS:
        return f"but only {format_count(growth.tasks, 'task')} shows it, and {MIN_TASKS} are needed"
    return f"but it would make {format_count(growth.extra, 'call')} in vain"


def build_untried(anchor: str, growth: Growth, why: tuple[str, str]) -> Refused:
    """The refusal of a step that was not tried."""
    code, reason = why
    shown = format_step(growth.step)
    return Refused(
        routine=(anchor, f"{growth.step.tool}*" if growth.step.over else growth.step.tool),
        code=code,
        reason=f"{shown} would explain {format_count(growth.explained, 'call')}, {reason}",
        occurrences=growth.explained,
        nearness=0.0,
    )
