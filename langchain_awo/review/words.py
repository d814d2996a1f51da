"""What a step does, in plain words for somebody who does not know the notation."""

from __future__ import annotations

from langchain_awo.model.ir.binding import (
    Argument,
    Binding,
    Constant,
    Item,
    ListOf,
    ObjectOf,
    Output,
    Parameter,
    Template,
    Transform,
)
from langchain_awo.model.ir.guard import list_conditions
from langchain_awo.model.ir.metatool import Condition, Guard, MetaTool, Step
from langchain_awo.model.ir.pointer import split, unescape
from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.views.notation import format_filter

_EFFECTS = {
    Effect.READ: "Reads",
    Effect.IDEMPOTENT: "Writes; repeating it changes nothing",
    Effect.WRITE: "Writes",
    Effect.UNKNOWN: "Has an undeclared effect, which counts as a write",
    Effect.DESTRUCTIVE: "Destroys data",
}

_TESTS = {
    "given": "is given",
    "empty": "is empty",
    "nonempty": "is not empty",
    "equals": "is",
    "one_of": "is one of",
    "at_least": "is at least",
    "at_most": "is at most",
}


def describe_effect(effect: Effect) -> str:
    """What an effect class means."""
    return _EFFECTS[effect]


def describe_step(step: Step) -> str:
    """One sentence: what is called, how often, and where each argument comes from."""
    args = "; ".join(f"{name} is {describe_binding(binding, step)}" for name, binding in step.args.items())
    each = ""
    if step.over:
        each = (
            f", once for each item of {describe_binding(step.over.source)}, at most {step.over.limit} times"
        )
        if step.over.filter and step.over.filter.named:
            each += f", where {format_filter(step.over.filter)}"
    return f"{_EFFECTS[step.effect]}: calls {step.tool}{each}" + (f". {args}." if args else ".")


def guard_words(guard: Guard, step: Step) -> str:
    """When the step is made, and what happens otherwise."""
    conditions = " and ".join(_describe_condition(each, step) for each in list_conditions(guard))
    otherwise = "the routine ends here" if guard.otherwise == "stop" else "this step is left out"
    return f"Only if {conditions}; otherwise {otherwise}."


def describe_saving(meta_tool: MetaTool) -> str:
    """How many calls become one."""
    calls = len(meta_tool.steps)
    return f"{calls} call{'' if calls == 1 else 's'} of {len(meta_tool.tools)} tool{'' if len(meta_tool.tools) == 1 else 's'} in one"


def describe_binding(binding: Binding, step: Step | None = None) -> str:
    """Where a value comes from."""
    match binding:
        case Constant(value=value):
            return f"always {dumps(value)}"
        case Parameter(name=name, path=path):
            return f"what the caller gives as {name}{_format_place(path)}"
        case Output(step=number, path=path):
            return f"{_name_place(path)} returned by step {number}"
        case Argument(step=number, path=path):
            return f"the same {_name_place(path).removeprefix('the ')} as in step {number}"
        case Item(path=path):
            return f"{_name_place(path)} of the item" if path else "the item"
        case Template(prefix=prefix, source=inner, suffix=suffix):
            return f"the text {dumps(prefix)}, then {describe_binding(inner, step)}" + (
                f", then {dumps(suffix)}" if suffix else ""
            )
        case Transform(name=name, source=inner, option=option):
            with_option = f" with {dumps(option)}" if option else ""
            return f"{describe_binding(inner, step)}, changed by {name.replace('_', ' ')}{with_option}"
        case ObjectOf(members=members):
            parts = ", ".join(f"{key}: {describe_binding(each, step)}" for key, each in members.items())
            return f"an object of {parts}"
        case ListOf(elements=elements):
            return f"a list of {', '.join(describe_binding(each, step) for each in elements)}"


def _describe_condition(condition: Condition, step: Step) -> str:
    value = f" {dumps(condition.value)}" if condition.test not in ("given", "empty", "nonempty") else ""
    return f"{describe_binding(condition.source, step)} {_TESTS[condition.test]}{value}"


def _name_place(path: str) -> str:
    segments = split(path)
    keys = [
        unescape(key) for key in segments if not key.startswith("*") and key != "-1" and not key.isdigit()
    ]
    if not keys:
        return "everything"
    every = "every " if any(segment.startswith("*") for segment in segments) else "the "
    return every + " of ".join(reversed(keys[-2:]))


def _format_place(path: str) -> str:
    return f" ({path})" if path else ""
