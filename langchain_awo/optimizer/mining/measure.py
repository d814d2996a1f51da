"""What a step would explain of what recorded agents did, and what it would fetch in vain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_awo.model.ir.metatool import ParameterSpec, Step
from langchain_awo.optimizer.mining.align import align, list_calls
from langchain_awo.optimizer.mining.cross_validate import MIN_TASKS
from langchain_awo.optimizer.mining.forms import Form
from langchain_awo.optimizer.mining.occurrences import Occurrence

MAX_EXTRA = 12
"""A step may fetch so many calls nobody wanted for each one that was wanted; selection prices them."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A step that could be added, with what it would explain.

    Attributes:
        explained: calls of recorded agents that the step makes.
        tasks: distinct tasks of these.
        extra: calls that the step makes and the recorded agents did not.
        places: occurrences in which the step makes any call, and `wanted` those of them in which one was wanted.
        order: mean position of the explained calls among those left to explain.
    """

    step: Step
    explained: int
    tasks: int
    extra: int
    places: int
    wanted: int
    order: float = 0.0
    parameters: tuple[ParameterSpec, ...] = ()

    @property
    def score(self) -> float:
        """What growth goes by: calls explained, less a little for each one nobody wanted."""
        return self.explained - 0.05 * self.extra

    @property
    def is_worth_trying(self) -> bool:
        """Whether more than a coincidence speaks for it."""
        return self.tasks >= MIN_TASKS and self.extra <= MAX_EXTRA * self.explained and self.score > 0

    def rank(self, last: int) -> tuple[float, bool, float, int, str, str]:
        """The order in which growths are tried after step `last`.

        What explains most comes first. Of equal ones: what goes on from the last step before another branch, then in
        recorded order, then the least for the caller to say.
        """
        strays = last not in self.step.depends_on
        return (-self.score, strays, self.order, len(self.parameters), self.step.tool, repr(self.step))


def measure(form: Form, occurrences: Sequence[Occurrence]) -> Growth:
    """Counts what a form explains in the places where the routine could run."""
    orders: list[int] = []
    tasks: set[str] = set()
    extra = places = wanted = 0
    for occurrence in occurrences:
        predicted = align(form.step, occurrence)
        if not predicted:
            continue
        hits = [
            order for order, call in enumerate(list_calls(form.step, occurrence)) if call.key in predicted
        ]
        places += 1
        wanted += bool(hits)
        extra += len(predicted) - len(hits)
        orders += hits
        if hits:
            tasks.add(occurrence.task)
    mean = round(sum(orders) / max(1, len(orders)), 6)
    return Growth(form.step, len(orders), len(tasks), extra, places, wanted, mean, form.parameters)
