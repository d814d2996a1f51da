"""A compiled toolkit as Python code to read: a view for review, never what runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from langchain_awo.model.ir.binding import Argument, Binding, list_leaves
from langchain_awo.model.ir.guard import list_conditions
from langchain_awo.model.ir.identifier import assign_identifiers, is_identifier
from langchain_awo.model.ir.metatool import Condition, Filter, Guard, Map, MetaTool, Step, ToolkitPlan
from langchain_awo.model.views.python_expression import as_python, place

_HEAD = '''\
"""A view of a compiled toolkit, to be read: this is not what runs.

`tools` has the original tools. A place that does not exist counts as None here, and arguments that are said to be
optional are left out then. What runs also stops at the first failure, hands back what was done, and never repeats a call.
"""

from datetime import datetime, timedelta


def every(value):
    """The elements of a list, or the values of an object."""
    return list(value.values()) if isinstance(value, dict) else value


def alike(value, name):
    """Whether a text is a name, whatever its case."""
    return str(value).strip().casefold() == str(name).strip().casefold()


def number(text):
    """A whole number, else a fraction."""
    return int(text) if text.strip("+-").isdigit() else float(text)


def moved(text, days):
    """A date or a moment so many days later, in the same form."""
    moment = datetime.fromisoformat(text) + timedelta(days=int(days))
    return moment.date().isoformat() if len(text) == 10 else moment.isoformat(sep=text[10])


def token_after(text, words):
    """The token that follows the first occurrence of some words."""
    rest = text[text.index(words) + len(words) :]
    length = next((i for i, letter in enumerate(rest) if not (letter.isalnum() or letter in "_.@+-")), len(rest))
    return rest[:length].rstrip(".@+-")
'''

_TAKEN = (
    "every",
    "alike",
    "number",
    "moved",
    "token_after",
    "datetime",
    "timedelta",
    "bool",
    "float",
    "getattr",
    "int",
    "isinstance",
    "len",
    "list",
    "str",
)
"""What the code of the view means by these names."""


def render_python(plan: ToolkitPlan) -> str:
    """One function for each meta-tool of a plan that passes `check_plan`; valid Python whatever its texts hold."""
    names = assign_identifiers([each.name for each in plan.meta_tools], taken=_TAKEN)
    blocks = ["\n".join(_render_function(names[each.name], each)) for each in plan.meta_tools]
    return "\n\n\n".join([_HEAD.rstrip("\n"), *blocks]) + "\n"


def _render_function(name: str, meta_tool: MetaTool) -> Iterator[str]:
    names = assign_identifiers([spec.name for spec in meta_tool.parameters], taken=(*_TAKEN, "tools", "item"))
    given = [
        names[spec.name] if spec.required else f"{names[spec.name]}=None" for spec in meta_tool.parameters
    ]
    yield f"def {name}({', '.join(['tools', *(['*', *given] if given else [])])}):"
    yield from _render_docstring(meta_tool.description)
    if name != meta_tool.name:
        yield f"    # its name is {meta_tool.name!r}"
    yield f"    # {meta_tool.effect}, mode {meta_tool.mode}"
    used = {
        leaf.step for each in meta_tool.steps for leaf in _collect_leaves(each) if isinstance(leaf, Argument)
    }
    for position, step in enumerate(meta_tool.steps, start=1):
        yield from _render_step(position, step, names, is_used_again=position in used)
    yield f"    return [{_render_done(len(meta_tool.steps))}]"


def _collect_leaves(step: Step) -> list[Binding]:
    return [leaf for binding in step.bindings for leaf in list_leaves(binding)]


def _render_docstring(description: str) -> Iterator[str]:
    text = description.strip()
    lines = text.split("\n")
    if '"""' in text or "\\" in text or not all(line.isprintable() for line in lines):
        yield f"    {text!r}"
        return
    yield f'    """{lines[0]}'
    yield from (f"    {line}".rstrip() for line in lines[1:])
    yield '    """'


def _render_step(
    position: int, step: Step, names: Mapping[str, str], *, is_used_again: bool
) -> Iterator[str]:
    yield f"    # step {position}: {', '.join(_generate_remarks(step))}"
    condition = _render_condition(step.guard, names) if step.guard else ""
    if step.guard and step.guard.otherwise == "stop":
        yield f"    if not ({condition}):"
        yield f"        return [{_render_done(position - 1)}]"
    call = f"{_render_tool(step)}({_render_arguments(step, names)})"
    if is_used_again:
        yield f"    arguments_{position} = {_render_object(step.args.items(), names)}"
        call = f"{_render_tool(step)}(**arguments_{position})"
    if step.over:
        call = f"[{call} for item in {_render_chosen(step.over, names)}]"
    if step.guard and step.guard.otherwise == "skip":
        call += f" if {condition} else None"
    yield f"    step_{position} = {call}"


def _generate_remarks(step: Step) -> Iterator[str]:
    yield str(step.effect)
    if step.over:
        yield f"the first {step.over.limit} distinct calls"
    if step.optional:
        yield f"optional: {', '.join(map(repr, step.optional))}"
    if step.never_empty:
        yield "stops before any write if it finds nothing"
    if step.hide:
        yield f"the model is not shown {', '.join(map(repr, step.hide))}"


def _render_tool(step: Step) -> str:
    return f"tools.{step.tool}" if is_identifier(step.tool) else f"getattr(tools, {step.tool!r})"


def _render_arguments(step: Step, names: Mapping[str, str]) -> str:
    named = {name: binding for name, binding in step.args.items() if is_identifier(name)}
    args = [f"{name}={as_python(binding, names)}" for name, binding in named.items()]
    if others := [(name, binding) for name, binding in step.args.items() if name not in named]:
        args.append(f"**{_render_object(others, names)}")
    return ", ".join(args)


def _render_object(members: Iterable[tuple[str, Binding]], names: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key!r}: {as_python(value, names)}" for key, value in members) + "}"


def _render_chosen(over: Map, names: Mapping[str, str]) -> str:
    source = as_python(over.source, names)
    if over.filter is None:
        return f"{f'({source})' if source[:1] == '[' else source}[:{over.limit}]"
    return f"[item for item in {source} if {_render_filter(over.filter, names)}][:{over.limit}]"


def _render_filter(kept: Filter, names: Mapping[str, str]) -> str:
    value = place("item", kept.path)
    if kept.named is not None:
        return f"alike({value}, {as_python(kept.named, names)})"
    return f"{value} in {list(kept.values)!r}"


def _render_condition(guard: Guard, names: Mapping[str, str]) -> str:
    return " and ".join(_render_test(each, as_python(each.source, names)) for each in list_conditions(guard))


def _render_test(condition: Condition, source: str) -> str:
    match condition.test:
        case "given":
            return f"{source} is not None"
        case "empty":
            return f"not {source}"
        case "nonempty":
            return f"bool({source})"
        case "equals":
            return f"{source} == {condition.value!r}"
        case "one_of":
            return f"{source} in {condition.value!r}"
        case "at_least":
            return f"{source} >= {condition.value!r}"
        case "at_most":
            return f"{source} <= {condition.value!r}"


def _render_done(steps: int) -> str:
    return ", ".join(f"step_{number}" for number in range(1, steps + 1))
