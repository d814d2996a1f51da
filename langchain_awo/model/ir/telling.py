"""The calls of a routine as a model is told them: what it may need, once, and where the rest is.

What the runtime writes and what the ledger counts is written here. How an entry looks is told in `langchain_awo.model.trace.handback`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.ir.projection import leave_out
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.trace.handback import CUT, Entry, ToldCall, tell_call, tell_step

_NAMED: Final = 6
"""So many places that are left out are named."""


def tell_steps(meta_tool: MetaTool, calls: Sequence[ToldCall], *, shape: bool = True) -> list[Entry]:
    """The calls as entries, one for each step.

    Args:
        meta_tool: the routine whose calls these are.
        calls: that succeeded, by step and in the order of the items, with every output whole, see `present`.
        shape: leaves out the places that the steps hide, and says so.
    """
    return [
        _tell(meta_tool, step, list(group), shape=shape)
        for step, group in groupby(calls, key=lambda call: call.step)
    ]


def _tell(meta_tool: MetaTool, number: int, calls: Sequence[ToldCall], *, shape: bool) -> Entry:
    step = meta_tool.steps[number - 1]
    hidden = step.hide if shape else {}
    if not hidden:
        return tell_call(calls[0]) if step.over is None else tell_step(calls)
    shown = [leave_out(call.output, hidden) for call in calls]
    trimmed = [replace(call, output=output) for call, (output, _) in zip(calls, shown, strict=True)]
    missing = list(dict.fromkeys(place for _, places in shown for place in places))
    entry = tell_call(trimmed[0]) if step.over is None else tell_step(trimmed)
    return entry | _build_more(calls[0].tool, missing)


def _build_more(tool: str, missing: list[str]) -> Entry:
    if not missing:
        return {}
    named = ", ".join(missing[:_NAMED])
    rest = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return {"more": f"call {tool} for {named}{rest}"}


def fit_steps(entries: Sequence[Entry], *, characters: int) -> list[Entry]:
    """The first of the entries below another answer, as many as there is room for; of one that is too long, its first items."""
    steps: list[Entry] = []
    room = characters
    for number, step in enumerate(entries, start=2):
        fitting = _fit({**step, "step": number}, room)
        if fitting is None:
            break
        room -= len(dumps(fitting))
        steps.append(fitting)
    return steps


def _fit(step: Entry, room: int) -> Entry | None:
    while (length := len(dumps(step))) > room:
        name = next((name for name in ("outputs", "calls") if len(step.get(name, ())) > 1), None)
        if name is None:
            return None
        fewer = max(1, min(len(step[name]) - 1, len(step[name]) * room // length))
        step = {**step, name: step[name][:fewer], "note": f"{CUT} call {step['tool']} for the others"}
    return step
