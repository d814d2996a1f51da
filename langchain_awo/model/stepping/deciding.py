"""Which calls one step makes, given what exists before it, or why it makes none.

The one place where guards, nulls, absent arguments, lists and limits are looked at. Decisions are data; `explaining` words them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from langchain_awo.model.ir.binding import Frame, Output, resolve
from langchain_awo.model.ir.guard import guard_holds
from langchain_awo.model.ir.mapping import list_items
from langchain_awo.model.ir.metatool import Map, Step
from langchain_awo.model.ir.pointer import MISSING
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.trace.call_key import call_key

Cause: TypeAlias = Literal["guard", "null", "argument", "list", "limit", "empty", "named"]
"""Why a step makes no call:

- `guard`: its guard does not hold
- `null`: null stands where an earlier output should say what to call it for
- `argument`: a required argument is not there
- `list`: what it should run for each item of is no list
- `limit`: it writes, and there are more items than it may run for
- `empty`: it writes, and there are no items
- `named`: it reads, and no item is called what its caller named
"""

Arguments: TypeAlias = dict[str, JSONValue]

KeyOf: TypeAlias = Callable[[str, Arguments], str]
"""A key that is equal for calls of the same tool with equal arguments, and for no others."""


class Withheld(NamedTuple):
    """A step that makes no call.

    Attributes:
        name: the argument it is about, if it is about one.
        items: how many the list has, for `limit`.
        args: those that are known.
    """

    cause: Cause
    name: str = ""
    items: int = 0
    args: Arguments = {}  # noqa: RUF012  # never changed


class Calls(NamedTuple):
    """The calls of a step.

    Attributes:
        args: by key of the call, in order; at most as many as the limit of its map.
        left_out: whether there are more items than that; then `items` says how many the list has.
    """

    args: dict[str, Arguments]
    left_out: bool = False
    items: int = 1


def decide(step: Step, frame: Frame, *, key_of: KeyOf = call_key) -> Calls | Withheld:
    """The calls of a step: one, or one for each distinct set of arguments that the items of its list give.

    Args:
        step: one whose sources exist.
        frame: what exists; its item is set while a mapped step is looked at.
        key_of: what calls of the step are told apart by.
    """
    if step.guard is not None and not guard_holds(step.guard, frame):
        return Withheld("guard")
    if step.over is not None:
        return _decide_map(step, step.over, frame, key_of)
    args = _resolve_arguments(step, frame)
    return args if isinstance(args, Withheld) else Calls({key_of(step.tool, args): args})


def collect_known_arguments(step: Step, frame: Frame) -> Arguments:
    """The arguments of a step that are there."""
    resolved = ((name, resolve(binding, frame)) for name, binding in step.args.items())
    return {name: value for name, value in resolved if value is not MISSING}


def _decide_map(step: Step, over: Map, frame: Frame, key_of: KeyOf) -> Calls | Withheld:
    items = list_items(step, over, frame)
    if items is None:
        return Withheld("list")
    try:
        decision = _build_distinct_calls(step, over.limit, items, frame, key_of)
    finally:
        frame.item = MISSING
    if isinstance(decision, Withheld):
        return decision
    if step.effect.is_read:
        is_unknown = not items and over.filter is not None and over.filter.named is not None
        return Withheld("named") if is_unknown else decision
    if decision.left_out:
        return Withheld("limit", items=decision.items)
    return decision if decision.args else Withheld("empty")


def _build_distinct_calls(
    step: Step, limit: int, items: list[JSONValue], frame: Frame, key_of: KeyOf
) -> Calls | Withheld:
    """One call for each distinct set of arguments; items beyond the limit are not looked at."""
    calls: dict[str, Arguments] = {}
    for item in items:
        frame.item = item
        args = _resolve_arguments(step, frame)
        if isinstance(args, Withheld):
            return args
        key = key_of(step.tool, args)
        if key not in calls:
            if len(calls) >= limit:
                return Calls(calls, left_out=True, items=len(items))
            calls[key] = args
    return Calls(calls, items=len(items))


def _resolve_arguments(step: Step, frame: Frame) -> Arguments | Withheld:
    args: Arguments = {}
    lacking: str | None = None
    null: str | None = None
    for name, binding in step.args.items():
        value = resolve(binding, frame)
        if value is not MISSING:
            args[name] = value
            if value is None and isinstance(binding, Output) and name not in step.optional:
                null = name
        elif name not in step.optional:
            lacking = name
    if null is not None:
        return Withheld("null", name=null, args=args)
    return args if lacking is None else Withheld("argument", name=lacking, args=args)
