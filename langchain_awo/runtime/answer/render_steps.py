"""The calls of a routine as the model is told them: what it may need, once, and where the rest is.

A step that is run once for each item is told as one entry. Where its outputs say themselves which item they are of,
they are told alone::

    {"step": 2, "tool": "get_order", "for_each": "order_id", "outputs": [{"order_id": "A", "total": 12}, ...]}

and else each with its arguments::

    {"step": 2, "tool": "get_order", "calls": [{"args": {"order_id": "A"}, "output": "paid"}, ...]}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.ir.projection import leave_out
from langchain_awo.model.text.encoding import dumps, present
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.runtime.inner.calling import EDITED
from langchain_awo.runtime.outcome import Done

Told = dict[str, Any]
"""One step as the model is told it."""

_NAMED: Final = 6
"""So many places that are left out are named."""


def tell_steps(meta_tool: MetaTool, done: Sequence[Done], *, shape: bool) -> list[Told]:
    """What was done, by step.

    Args:
        meta_tool: the routine whose calls these are.
        done: its completed calls, by step and in the order of the items.
        shape: leaves out the places that the steps hide, and says so.
    """
    told: list[Told] = []
    for step, calls in _by_step(done):
        hide = meta_tool.steps[step - 1].hide if shape else {}
        shown = [leave_out(present(each.output), hide) for each in calls]
        outputs = [output for output, _ in shown]
        missing = list(dict.fromkeys(place for _, places in shown for place in places))
        told.append(_entry(step, calls, outputs) | _more(calls[0].call.tool, missing))
    return told


def args_of(done: Done) -> dict[str, JSONValue]:
    """The arguments a call was really made with: a person may have changed them."""
    edited = getattr(done.reply, "additional_kwargs", {}).get(EDITED)
    return done.call.args if edited is None else edited


def _by_step(done: Sequence[Done]) -> Iterator[tuple[int, list[Done]]]:
    for step, calls in groupby(done, key=lambda each: each.call.step):
        yield step, list(calls)


def _entry(step: int, calls: Sequence[Done], outputs: list[JSONValue]) -> Told:
    head: Told = {"step": step, "tool": calls[0].call.tool}
    args = [args_of(each) for each in calls]
    if not calls[0].call.mapped:
        return {**head, "args": args[0], "output": outputs[0]}
    shared = _shared(args)
    varying = [{name: value for name, value in each.items() if name not in shared} for each in args]
    head |= {"args": shared} if shared else {}
    names = list(varying[0])
    if names and all(_says(output, own) for output, own in zip(outputs, varying, strict=True)):
        return {**head, "for_each": names[0] if len(names) == 1 else names, "outputs": outputs}
    pairs = zip(varying, outputs, strict=True)
    return {**head, "calls": [{"args": own, "output": output} for own, output in pairs]}


def _shared(args: Sequence[dict[str, JSONValue]]) -> dict[str, JSONValue]:
    """Arguments that all of several calls have in common."""
    if len(args) == 1:
        return {}
    first, *others = args
    return {
        name: value
        for name, value in first.items()
        if all(name in other and dumps(other[name]) == dumps(value) for other in others)
    }


def _says(output: JSONValue, args: dict[str, JSONValue]) -> bool:
    """Whether an output names the arguments it was got with, each under its own name."""
    return isinstance(output, dict) and all(
        name in output and dumps(output[name]) == dumps(value) for name, value in args.items()
    )


def _more(tool: str, missing: list[str]) -> Told:
    if not missing:
        return {}
    named = ", ".join(missing[:_NAMED])
    rest = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    return {"more": f"call {tool} for {named}{rest}"}
