"""The readable notation of meta-tools, used by the command line, the report, tests and docs alike.

::

    refund_status(email)                                   # 41 of 52 held-out places, saves 3.1 model calls
      1  find_user(email=$email)                           # reads
      2  get_order(order_id=#1/orders/*)                   # reads, once for each item, at most 20

`$name` is a parameter, `#1/path` a place in the output of step 1, `#1.args/path` a place in its arguments, `"Bearer {#1/token}"`
a text with a place in it; `name?` may be left out. Names and path segments that are not plain words are in quotes. A list whose items
cannot be told by a `*` is named, `once for each item of $ids`, and its items are called `item`.

What a meta-tool does can be read back (`langchain_awo.model.views.notation_parser`). Descriptions, schemas, the mode and most of the
evidence are not shown.
"""

from __future__ import annotations

from collections.abc import Iterable

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
    list_leaves,
)
from langchain_awo.model.ir.guard import list_conditions
from langchain_awo.model.ir.metatool import (
    Condition,
    Filter,
    Guard,
    GuardEvidence,
    MetaTool,
    Step,
    ToolkitPlan,
)
from langchain_awo.model.ir.pointer import ENTRIES
from langchain_awo.model.ir.reviewing import get_standing
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.views.notation_words import (
    format_constant,
    format_key,
    format_name,
    format_path,
    format_text,
    spell_out,
)

COMMENT_COLUMN = 56

HIDDEN_NAMED = 2
"""So many hidden places are named in the line of a step."""

EFFECT_WORDS = {
    Effect.READ: "reads",
    Effect.IDEMPOTENT: "writes, idempotent",
    Effect.WRITE: "writes",
    Effect.UNKNOWN: "unknown effect, treated as a write",
    Effect.DESTRUCTIVE: "destructive",
}
"""What a step's comment begins with."""

COMPARISONS = {"equals": "==", "at_least": ">=", "at_most": "<=", "one_of": "in"}
"""The signs of the tests that compare with a value."""


def format_plan(plan: ToolkitPlan) -> str:
    """All meta-tools of a plan, then one line that counts what was refused."""
    blocks = [format_meta_tool(meta_tool) for meta_tool in plan.meta_tools] or ["no meta-tools"]
    if plan.rejected:
        blocks.append(f"rejected by a person: {', '.join(each.name for each in plan.rejected)}")
    if plan.refused:
        blocks.append(f"{len(plan.refused)} candidates refused; see awo show --refused")
    return "\n\n".join(blocks)


def format_meta_tool(meta_tool: MetaTool, *, whole: bool = False) -> str:
    """A meta-tool as one line for its head and one for each step.

    Args:
        whole: names every hidden place, so that the text can be read back.
    """
    names = ", ".join(
        f"{format_name(spec.name)}{'' if spec.required else '?'}" for spec in meta_tool.parameters
    )
    lines = [
        _with_comment(
            f"{format_name(meta_tool.name)}({names})",
            _format_evidence(meta_tool) + _format_decision(meta_tool),
        )
    ]
    lines += [
        format_numbered_step(number, step, whole=whole)
        for number, step in enumerate(meta_tool.steps, start=1)
    ]
    return "\n".join(lines)


def format_numbered_step(number: int, step: Step, *, whole: bool = False) -> str:
    """The line of a step: its number, its call, and what it does."""
    return _with_comment(f"  {number}  {format_step(step)}", format_step_comment(step, whole=whole))


def format_step(step: Step) -> str:
    """The call of a step, such as `get_order(order_id=#1/orders/*)`."""
    args = (
        f"{format_name(name)}{'?' if name in step.optional else ''}={format_binding(binding, step)}"
        for name, binding in step.args.items()
    )
    return f"{format_name(step.tool)}({', '.join(args)})"


def format_binding(binding: Binding, step: Step | None = None) -> str:
    """One binding; inside a mapped step an item is shown as the place of its list."""
    match binding:
        case Constant(value=value):
            return format_constant(value)
        case Parameter(name=name, path=path):
            return f"${format_name(name)}{format_path(path)}"
        case Output(step=number, path=path):
            return f"#{number}{format_path(path)}"
        case Argument(step=number, path=path):
            return f"#{number}.args{format_path(path)}"
        case Item(path=path):
            return f"{_format_item_list(step) or 'item'}{format_path(path)}"
        case Template(prefix=prefix, source=inner, suffix=suffix):
            shown = format_binding(inner, step)
            apart = " " if shown.startswith("{") else ""  # two braces would be one brace of the text
            return f'"{format_text(prefix)}{{{apart}{shown}}}{format_text(suffix)}"'
        case Transform(name=name, source=inner, option=option):
            return f"{name}({format_binding(inner, step)}{', ' + spell_out(option) if option else ''})"
        case ObjectOf(members=members):
            shown = ", ".join(
                f"{format_key(key)}: {format_binding(item, step)}" for key, item in members.items()
            )
            return f"object({shown})" if _is_constant(members.values()) else f"{{{shown}}}"
        case ListOf(elements=elements):
            shown = ", ".join(format_binding(item, step) for item in elements)
            return f"list({shown})" if _is_constant(elements) else f"[{shown}]"


def _is_constant(parts: Iterable[Binding]) -> bool:
    """Whether an object or a list would read as a plain value."""
    return all(isinstance(part, Constant) for part in parts)


def _format_item_list(step: Step | None) -> str:
    """The place of a mapped step's items, such as `#1/orders/*`; empty if its list has to be named to be told."""
    if step is None or step.over is None:
        return ""
    source = step.over.source
    found = [leaf for binding in step.args.values() for leaf in list_leaves(binding)]
    starred = [leaf for leaf in found if not isinstance(leaf, Constant) and "*" in leaf.path]
    if starred or not any(isinstance(leaf, Item) for leaf in found):
        return ""
    match source:
        case Output(path=path) | Argument(path=path) if path.endswith(("/*", f"/{ENTRIES}")):
            return format_binding(source)
        case Parameter(path=path) if "*" not in path:
            return f"{format_binding(source)}/*"
    return ""


def format_hidden(step: Step, *, whole: bool = False) -> str:
    """The places of a step's output that the model is not shown, such as `/email, /address/zip and 2 more`."""
    places = [format_path(place) for place in step.hide]
    named, rest = places[:HIDDEN_NAMED], len(places) - HIDDEN_NAMED
    return ", ".join(places) if whole or rest <= 0 else f"{', '.join(named)} and {rest} more"


def format_step_comment(step: Step, *, whole: bool = False) -> str:
    """What a step does and when, as it stands behind its call."""
    parts = [EFFECT_WORDS[step.effect]]
    if step.over:
        source = "" if _format_item_list(step) else f" of {format_binding(step.over.source)}"
        parts.append(f"once for each item{source}, at most {step.over.limit}")
        if step.over.filter:
            parts.append(f"where {format_filter(step.over.filter)}")
    if step.guard:
        parts.append(f"{step.guard.otherwise} unless {format_guard(step.guard)}{_format_proof(step.guard)}")
    if step.never_empty:
        parts.append("never empty")
    if step.hide:
        parts.append(f"hides {format_hidden(step, whole=whole)}")
    return ", ".join(parts)


def format_filter(kept: Filter) -> str:
    """What a filter keeps, such as `/status is "open" or "new"`, or `/name is $name`."""
    values = " or ".join(spell_out(value) for value in kept.values) or "nothing"
    named = format_binding(kept.named) if kept.named else values
    return f"{format_path(kept.path) or 'it'} is {named}"


def format_guard(guard: Guard, step: Step | None = None) -> str:
    """The conditions of a guard, such as `#1/status == "delivered" and #1/total >= 10`."""
    return " and ".join(_format_condition(each, step) for each in list_conditions(guard))


def _format_condition(condition: Condition, step: Step | None) -> str:
    place = format_binding(condition.source, step)
    if sign := COMPARISONS.get(condition.test):
        return f"{place} {sign} {spell_out(condition.value)}"
    return f"{place} is {condition.test}{'' if condition.value is None else ' ' + spell_out(condition.value)}"


def _format_proof(guard: Guard) -> str:
    seen = guard.evidence
    if seen == GuardEvidence():
        return ""
    left = seen.others - seen.others_followed
    return f" ({seen.followed} of {seen.held}, and {left} of {seen.others} others did not)"


def _format_evidence(meta_tool: MetaTool) -> str:
    seen = meta_tool.evidence
    return (
        f"{seen.held_out_exact} of {seen.held_out} held-out places, saves {seen.calls_saved:.1f} model calls"
        if seen.held_out
        else f"{seen.occurrences} places in {seen.tasks} tasks, saves {seen.calls_saved:.1f} model calls"
    )


def _format_decision(meta_tool: MetaTool) -> str:
    standing = get_standing(meta_tool)
    said = "" if standing == "undecided" else f", {standing}"
    return said + (
        f", asks before {', '.join(map(format_name, meta_tool.approval))}" if meta_tool.approval else ""
    )


def _with_comment(text: str, comment: str) -> str:
    return f"{text:<{COMMENT_COLUMN - 1}} # {comment}"
