"""The calls of a routine as the model is told them: what it may need, once, and where the rest is.

How a step is written is told in `langchain_awo.model.trace.handback`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
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


def tell_steps(meta_tool: MetaTool, done: Sequence[FinishedCall], *, shape: bool) -> list[Entry]:
    """What was done, by step.

    Args:
        meta_tool: the routine whose calls these are.
        done: its completed calls, by step and in the order of the items.
        shape: leaves out the places that the steps hide, and says so.
    """
    told: list[Entry] = []
    for step, calls in _by_step(done):
        hide = meta_tool.steps[step - 1].hide if shape else {}
        shown = [leave_out(present(each.output), hide) for each in calls]
        made = [told_call(each, output) for each, (output, _) in zip(calls, shown, strict=True)]
        entry = tell_step(made) if calls[0].call.mapped else tell_call(made[0])
        missing = list(dict.fromkeys(place for _, places in shown for place in places))
        told.append(entry | _more(calls[0].call.tool, missing))
    return told


def told_call(done: FinishedCall, output: JSONValue) -> ToldCall:
    """A call that was made, as it is told."""
    return ToldCall(step=done.call.step, tool=done.call.tool, args=args_of(done), output=output)


def args_of(done: FinishedCall) -> dict[str, JSONValue]:
    """The arguments a call was really made with: a person may have changed them."""
    edited = getattr(done.reply, "additional_kwargs", {}).get(EDITED)
    return done.call.args if edited is None else edited


def _by_step(done: Sequence[FinishedCall]) -> Iterator[tuple[int, list[FinishedCall]]]:
    for step, calls in groupby(done, key=lambda each: each.call.step):
        yield step, list(calls)


def _more(tool: str, missing: list[str]) -> Entry:
    if not missing:
        return {}
    named = ", ".join(missing[:_NAMED])
    rest = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return {"more": f"call {tool} for {named}{rest}"}
