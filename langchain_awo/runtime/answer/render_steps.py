"""The calls of a routine as the model is told them: what it may need, once, and where the rest is.

How a step is written is told in `langchain_awo.model.trace.handback`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Final

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.ir.projection import leave_out
from langchain_awo.model.stepping.outcome import FinishedCall
from langchain_awo.model.text.encoding import present
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.handback import Entry, ToldCall, tell_call, tell_step
from langchain_awo.runtime.inner.calling import EDITED

_NAMED: Final = 6
"""So many places that are left out are named."""


def tell_steps(meta_tool: MetaTool, made: Sequence[ToldCall], *, shape: bool) -> list[Entry]:
    """What was done, by step.

    Args:
        meta_tool: the routine whose calls these are.
        made: its completed calls, by step and in the order of the items, with every output whole.
        shape: leaves out the places that the steps hide, and says so.
    """
    told: list[Entry] = []
    for number, calls in groupby(made, key=attrgetter("step")):
        step = meta_tool.steps[number - 1]
        shown, missing = _shown(calls, step.hide if shape else {})
        entry = tell_call(shown[0]) if step.over is None else tell_step(shown)
        told.append(entry | _more(step.tool, missing) if missing else entry)
    return told


def _shown(calls: Iterable[ToldCall], hide: Iterable[str]) -> tuple[list[ToldCall], list[str]]:
    """Calls without the places that are hidden, and what these were."""
    if not hide:
        return list(calls), []
    left = [(call, *leave_out(call.output, hide)) for call in calls]
    missing = dict.fromkeys(place for _, _, places in left for place in places)
    return [replace(call, output=output) for call, output, _ in left], list(missing)


def told_calls(done: Iterable[FinishedCall]) -> tuple[ToldCall, ...]:
    """Calls that were made, as they are told."""
    return tuple(
        ToldCall(step=each.call.step, tool=each.call.tool, args=args_of(each), output=present(each.output))
        for each in done
    )


def args_of(done: FinishedCall) -> dict[str, JSONValue]:
    """The arguments a call was really made with: a person may have changed them."""
    edited = getattr(done.reply, "additional_kwargs", {}).get(EDITED)
    return done.call.args if edited is None else edited


def _more(tool: str, missing: list[str]) -> Entry:
    named = ", ".join(missing[:_NAMED])
    rest = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return {"more": f"call {tool} for {named}{rest}"}
