"""Why a step made no calls, or not all, in a sentence that a model and a person understand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from langchain_awo.model.ir.binding import Argument, Binding, Frame, Item, Output, Parameter, resolve
from langchain_awo.model.ir.guard import holds, list_conditions
from langchain_awo.model.ir.metatool import Condition, Guard, Step
from langchain_awo.model.ir.pointer import MISSING, look_up, split, unescape
from langchain_awo.model.stepping.deciding import Withheld
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.views.notation import format_binding, format_guard

SHOWN: Final = 80
"""Characters of a value that is told; the whole of it stands in the step it is from."""


def explain_withheld(why: Withheld, step: Step, frame: Frame) -> str:
    """Why a step makes no call.

    Args:
        why: what was decided.
        step: the step it is about.
        frame: what it was decided with, or what has come since.
    """
    match why.cause:
        case "guard":
            return (
                f"{step.tool} was not called: {explain_guard(step.guard, step, frame)}" if step.guard else ""
            )
        case "null" if step.effect.is_read:
            return f"{step.tool} was not called: there is nothing to call it for"
        case "null":
            place = format_binding(step.args[why.name], step)
            return f"{step.tool} was not called: {place} is null, so there is nothing to call it with"
        case "argument":
            place = format_binding(step.args[why.name], step)
            return f"the argument {why.name!r} of {step.tool} is missing: there is no value at {place}"
        case "list":
            place = format_binding(step.over.source, step) if step.over else ""
            return f"{step.tool} was not called: there is no list at {place}"
        case "limit":
            return explain_limit(step, why.items, made=0)
        case "named":
            return _explain_unnamed(step, frame)
        case "empty":
            return f"{step.tool} was not called: its list is empty"


def _explain_unnamed(step: Step, frame: Frame) -> str:
    """That no item is called what the caller named, and what they are called."""
    if step.over is None or step.over.filter is None or step.over.filter.named is None:
        return ""
    names = [look_up(item, step.over.filter.path) for item in resolve(step.over.source, frame)]
    known = dumps([name for name in names if name is not MISSING])
    told = known if len(known) <= SHOWN else f"{known[:SHOWN]}…"
    wanted = dumps(resolve(step.over.filter.named, frame))
    return f"{step.tool} was not called: {format_binding(step.over.source, step)} has no item called {wanted}, but {told}"


def explain_limit(step: Step, items: int, *, made: int) -> str:
    """That a list is longer than a step may run for, and how many of its calls were made."""
    limit = step.over.limit if step.over else 1
    told = f"the first {made}" if made else "none"
    return f"{step.tool} was called for {told} of {items} items; the limit is {limit}"


def explain_need(step: Step, source: int, steps: Mapping[int, Step]) -> str:
    """That a step needs one that was skipped."""
    return f"{step.tool} was not called: it needs step {source} ({steps[source].tool}), which was skipped"


def explain_guard(guard: Guard, step: Step, frame: Frame) -> str:
    """What was found where a guard does not hold, and when recorded agents went on.

    Such as `status is "processing"; recorded agents continued only where #1/status == "delivered" (31 of 31; 0 of 12
    others)`. Without counts there are no recorded agents to speak of, and the condition alone is told.

    Args:
        guard: one that does not hold.
        step: the step it belongs to.
        frame: what the guard was looked at with.
    """
    values = [(condition, resolve(condition.source, frame)) for condition in list_conditions(guard)]
    failed = list(
        dict.fromkeys(
            _describe_value(condition, value, step)
            for condition, value in values
            if not holds(condition, value)
        )
    )
    evidence = guard.evidence
    rule = (
        f"recorded agents continued only where {format_guard(guard, step)} "
        f"({evidence.followed} of {evidence.held}; {evidence.others_followed} of {evidence.others} others)"
        if evidence.held
        else f"it is called only where {format_guard(guard, step)}"
    )
    return f"{' and '.join(failed)}; {rule}"


def _describe_value(condition: Condition, value: JSONValue, step: Step) -> str:
    name = _name_source(condition.source, step)
    if value is MISSING:
        return f"{name} was not given" if isinstance(condition.source, Parameter) else f"{name} is not there"
    text = dumps(value)
    return f"{name} is {text if len(text) <= SHOWN else f'{text[:SHOWN]}…'}"


def _name_source(source: Binding, step: Step) -> str:
    """What a place is called: by its last key, where it has one."""
    match source:
        case Parameter(name=name, path=""):
            return name
        case Parameter(path=path) | Output(path=path) | Argument(path=path) | Item(path=path):
            keys = [
                unescape(key)
                for key in split(path)
                if not key.startswith("*") and key != "-1" and not key.isdigit()
            ]
            return keys[-1] if keys else format_binding(source, step)
        case _:
            return format_binding(source, step)
