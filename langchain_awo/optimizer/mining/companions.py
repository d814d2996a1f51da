"""Calls for which all is known before the routine starts: the rules of the shop, beside the orders of a customer.

A model call is saved only if everything it asked for is there. What takes nothing from what a step returned can be asked for at any time,
and is no routine by itself: the hotels and the restaurants of a city share the city, and nothing else. But where agents ask for it in one
breath with what a step reads, it belongs to that step.

before::

    find_customer(email)  list_orders(customer)&get_policies()      (in most places)

after::

    1  find_customer(email=$email)
    2  list_orders(customer=#1/id)
    3  get_policies()
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from langchain_awo.model.ir.binding import Argument, Binding, Constant, list_leaves
from langchain_awo.model.ir.metatool import Step
from langchain_awo.optimizer.mining.occurrences import Occurrence

TOGETHER: Final = 0.5
"""Share of the places with a call of the tool in which it was made together with a call of a step."""


def asks_nothing(step: Step) -> bool:
    """Whether a step is one call without arguments."""
    return step.over is None and not step.args


def takes_nothing_new(step: Step) -> bool:
    """Whether a step is one unconditional call that takes nothing but what the first call says."""
    leaves = (leaf for binding in step.args.values() for leaf in list_leaves(binding))
    return not (step.over or step.guard) and all(map(_is_known_at_first, leaves))


def _is_known_at_first(leaf: Binding) -> bool:
    return isinstance(leaf, Constant) or (isinstance(leaf, Argument) and leaf.step == 1)


def is_companion(tool: str, occurrences: Sequence[Occurrence]) -> bool:
    """Whether agents mostly call a tool in one model call with what a step behind the first reads."""
    together = list(_list_together(tool, occurrences))
    return bool(together) and sum(together) >= TOGETHER * len(together)


def _list_together(tool: str, occurrences: Sequence[Occurrence]) -> Iterator[bool]:
    """For each place in which a tool follows, whether its first call was made together with a call of a step."""
    for occurrence in occurrences:
        keys = {call.key for call in occurrence.followers if call.tool == tool}
        rounds = occurrence.segment.rounds[occurrence.position + 1 :] if keys else ()
        current = next((each for each in rounds if each.keys & keys), None)
        if current is not None:
            yield bool(current.keys & (occurrence.done - {occurrence.anchor.key}))
