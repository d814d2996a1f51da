"""The readable notation of meta-tools, used by the command line, the report, tests and docs alike.

::

    refund_status(email)                                   # 41 of 52 held-out places, saves 3.1 model calls
      1  find_user(email=$email)                           # reads
      2  get_order(order_id=#1/orders/*)                   # reads, once for each item, at most 20

`$name` is a parameter, `#1/path` a place in the output of step 1, `#1.args/path` a place in its arguments.
"""

from __future__ import annotations

from langchain_awo.model.binding import (
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
from langchain_awo.model.deciding import standing_of
from langchain_awo.model.effect import Effect
from langchain_awo.model.encoding import dumps
from langchain_awo.model.guard import conditions_of
from langchain_awo.model.metatool import Condition, Guard, MetaTool, Refused, Step, ToolkitPlan

COMMENT_COLUMN = 56

HIDDEN_NAMED = 2
"""So many hidden places are named in the line of a step."""

_EFFECT_WORDS = {
    Effect.READ: "reads",
    Effect.IDEMPOTENT: "writes, idempotent",
    Effect.WRITE: "writes",
    Effect.UNKNOWN: "unknown effect, treated as a write",
    Effect.DESTRUCTIVE: "destructive",
}


def format_plan(plan: ToolkitPlan) -> str:
    """All meta-tools of a plan, then one line that counts what was refused."""
    blocks = [format_meta_tool(meta_tool) for meta_tool in plan.meta_tools] or ["no meta-tools"]
    if plan.rejected:
        blocks.append(f"rejected by a person: {', '.join(each.name for each in plan.rejected)}")
    if plan.refused:
        blocks.append(f"{len(plan.refused)} candidates refused; see awo show --refused")
    return "\n\n".join(blocks)


def format_meta_tool(meta_tool: MetaTool) -> str:
    """A meta-tool as one line for its head and one for each step."""
    names = ", ".join(spec.name if spec.required else f"{spec.name}?" for spec in meta_tool.parameters)
    lines = [_with_comment(f"{meta_tool.name}({names})", _evidence(meta_tool) + _decided(meta_tool))]
    lines += [format_numbered_step(number, step) for number, step in enumerate(meta_tool.steps, start=1)]
    return "\n".join(lines)


def format_numbered_step(number: int, step: Step) -> str:
    """The line of a step: its number, its call, and what it does."""
    return _with_comment(f"  {number}  {format_step(step)}", format_step_comment(step))


def format_step(step: Step) -> str:
    """The call of a step, such as `get_order(order_id=#1/orders/*)`."""
    args = ", ".join(f"{name}={format_binding(binding, step)}" for name, binding in step.args.items())
    return f"{step.tool}({args})"


def format_binding(binding: Binding, step: Step | None = None) -> str:
    """One binding; inside a mapped step an item is shown as the place of its list."""
    match binding:
        case Constant(value=value):
            return dumps(value)
        case Parameter(name=name, path=path):
            return f"${name}{path}"
        case Output(step=number, path=path):
            return f"#{number}{path}"
        case Argument(step=number, path=path):
            return f"#{number}.args{path}"
        case Item(path=path):
            source = format_binding(step.over.source) if step and step.over else "item"
            return f"{source if '*' in source else source + '/*'}{path}"
        case Template(prefix=prefix, source=inner, suffix=suffix):
            return f'"{prefix}{{{format_binding(inner, step)}}}{suffix}"'
        case Transform(name=name, source=inner, option=option):
            return f"{name}({format_binding(inner, step)}{', ' + dumps(option) if option else ''})"
        case ObjectOf(members=members):
            return (
                "{" + ", ".join(f"{key}: {format_binding(item, step)}" for key, item in members.items()) + "}"
            )
        case ListOf(elements=elements):
            return "[" + ", ".join(format_binding(item, step) for item in elements) + "]"


def format_hidden(step: Step) -> str:
    """The places of a step's output that the model is not shown, such as `/email, /address/zip and 2 more`."""
    places = list(step.hide)
    named, rest = ", ".join(places[:HIDDEN_NAMED]), len(places) - HIDDEN_NAMED
    return f"{named} and {rest} more" if rest > 0 else named


def format_refused(refused: Refused) -> str:
    """A refused candidate and why."""
    return _with_comment(" > ".join(refused.routine), f"{refused.reason} ({refused.occurrences} occurrences)")


def format_step_comment(step: Step) -> str:
    """What a step does and when, as it stands behind its call."""
    parts = [_EFFECT_WORDS[step.effect]]
    if step.over:
        parts.append(f"once for each item, at most {step.over.limit}")
        if step.over.filter:
            values = " or ".join(dumps(value) for value in step.over.filter.values)
            parts.append(f"where {step.over.filter.path or 'it'} is {values}")
    if step.guard:
        parts.append(f"{step.guard.otherwise} unless {format_guard(step.guard, step)}{_seen(step.guard)}")
    if step.hide:
        parts.append(f"hides {format_hidden(step)}")
    return ", ".join(parts)


def format_guard(guard: Guard, step: Step | None = None) -> str:
    """The conditions of a guard, such as `#1/status == "delivered" and #1/total >= 10`."""
    return " and ".join(_condition(each, step) for each in conditions_of(guard))


def _condition(condition: Condition, step: Step | None) -> str:
    place = format_binding(condition.source, step)
    if condition.test == "one_of":
        return f"{place} in {dumps(condition.value)}"
    if sign := {"equals": "==", "at_least": ">=", "at_most": "<="}.get(condition.test):
        return f"{place} {sign} {dumps(condition.value)}"
    return f"{place} is {condition.test}"


def _seen(guard: Guard) -> str:
    seen = guard.evidence
    if not seen.held:
        return ""
    left = seen.others - seen.others_followed
    return f" ({seen.followed} of {seen.held}, and {left} of {seen.others} others did not)"


def _evidence(meta_tool: MetaTool) -> str:
    seen = meta_tool.evidence
    return (
        f"{seen.held_out_exact} of {seen.held_out} held-out places, saves {seen.calls_saved:.1f} model calls"
        if seen.held_out
        else f"{seen.occurrences} places in {seen.tasks} tasks, saves {seen.calls_saved:.1f} model calls"
    )


def _decided(meta_tool: MetaTool) -> str:
    standing = standing_of(meta_tool)
    said = "" if standing == "undecided" else f", {standing}"
    return said + (f", asks before {', '.join(meta_tool.approval)}" if meta_tool.approval else "")


def _with_comment(text: str, comment: str) -> str:
    return f"{text:<{COMMENT_COLUMN - 1}} # {comment}"
