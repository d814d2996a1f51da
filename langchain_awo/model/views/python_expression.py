"""Bindings and places as Python expressions, for the view of a toolkit as code."""

from __future__ import annotations

import re
from collections.abc import Mapping

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
from langchain_awo.model.ir.pointer import ENTRIES, split, unescape


def as_python(binding: Binding, names: Mapping[str, str]) -> str:
    """The expression of a binding.

    Args:
        binding: of a plan that passes `check_plan`.
        names: parameter name to identifier.
    """
    match binding:
        case Constant(value=value):
            return f"({value!r})" if isinstance(value, int | float) else repr(value)
        case Parameter(name=name, path=path):
            return place(names[name], path)
        case Output(step=step, path=path):
            return place(f"step_{step}", path)
        case Argument(step=step, path=path):
            return place(f"arguments_{step}", path)
        case Item(path=path):
            return place("item", path)
        case Template(prefix=prefix, source=source, suffix=suffix):
            inner = f"{prefix!r} + str({as_python(source, names)})"
            return f"({inner} + {suffix!r})" if suffix else f"({inner})"
        case Transform():
            return _render_transform(binding, as_python(binding.source, names))
        case ObjectOf(members=members):
            return "{" + ", ".join(f"{k!r}: {as_python(v, names)}" for k, v in members.items()) + "}"
        case ListOf(elements=elements):
            return "[" + ", ".join(as_python(each, names) for each in elements) + "]"


def place(root: str, path: str) -> str:
    """A place in a value, with a comprehension where the path has `*`.

    >>> place("step_1", "/orders/0/id"), place("step_1", "/orders/*/id")
    ("step_1['orders'][0]['id']", "[part_1['id'] for part_1 in every(step_1['orders'])]")
    """
    value = root
    loops: list[str] = []
    for segment in split(path):
        if segment == "*":
            loops.append(f"every({value})")
            value = f"part_{len(loops)}"
        elif segment == ENTRIES:
            loops.append(f"[{{'key': key, 'value': member}} for key, member in {value}.items()]")
            value = f"part_{len(loops)}"
        else:
            value += _render_subscript(segment)
    if len(loops) == 1 and value == "part_1":
        return loops[0]
    told = "".join(f" for part_{number} in {loop}" for number, loop in enumerate(loops, start=1))
    return f"[{value}{told}]" if loops else value


def _render_subscript(segment: str) -> str:
    return f"[{segment}]" if re.fullmatch(r"-1|0|[1-9][0-9]*", segment) else f"[{unescape(segment)!r}]"


def _render_transform(transform: Transform, value: str) -> str:
    option = transform.option
    match transform.name:
        case "lower" | "upper" | "title" | "strip":
            return f"{value}.{transform.name}()"
        case "to_number":
            return f"number({value})"
        case "to_text":
            return f"str({value})"
        case "date_format":
            return f"datetime.fromisoformat({value}).strftime({option!r})"
        case "date_offset":
            return f"moved({value}, {option!r})"
        case "split_first" | "split_last":
            return f"{value}.split({option!r})[{0 if transform.name == 'split_first' else -1}]"
        case "token_after":
            return f"token_after({value}, {option!r})"
