"""Whether to use a tool one has never seen, going by nothing but its description and its parameters.

A tool that does several things at once says so in one line, `Runs: find_customer, then list_orders, then get_order for each.`
It is used if what it does first is what the agent would do next, if most of what it does is wanted, if every required
parameter is known, and if it writes nothing that the agent does not know and mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from langchain_awo.demo.agenda import GapError, Todo, View
from langchain_awo.demo.memory import Call
from langchain_awo.demo.recipes import KNOWN_TOOLS, WRITING_TOOLS
from langchain_awo.demo.wants import Found, Item, Want

_RUNS = re.compile(r"\bRuns:(.*)")
_KNOWN = re.compile(r"\b(" + "|".join(sorted(KNOWN_TOOLS, key=len, reverse=True)) + r")\b")
_FOR_EACH = re.compile(r"\bfor (?:each|every)\b")


@dataclass(frozen=True, slots=True)
class Claim:
    """One step a description says the tool runs.

    Attributes:
        text: what the description says of this step.
    """

    tool: str
    each: bool
    text: str


@dataclass(frozen=True, slots=True)
class Fit:
    """An unknown tool that could be used now.

    Attributes:
        matched: its steps that are wanted, in order; one may stand for several calls.
        extra: its reads that nobody wants, one for each item counting twice because it may be many.
    """

    call: Call
    matched: tuple[Todo, ...]
    extra: int


def best_offer(
    agenda: Sequence[Todo], offered: Sequence[Mapping[str, Any]], view: View, *, needed: bool
) -> Fit | None:
    """The unknown tool that does most of what is left to do, if any is fit to use.

    Args:
        agenda: what is left to do, not empty.
        offered: schemas of the unknown tools, in OpenAI function format.
        view: what is known.
        needed: whether the agent has no tool of its own for the next step, and is content with less.
    """
    fits = [fit for tool in offered if (fit := _fit(tool["function"], agenda, view))]
    worth = [fit for fit in fits if needed or _is_worth_it(fit)]
    fresh = [fit for fit in worth if not view.memory.of(fit.call)]
    return min(fresh, key=_preference, default=None)


def claims_of(description: str) -> list[Claim]:
    """The steps a description says the tool runs, in order; none if it does not say.

    >>> [(claim.tool, claim.each) for claim in claims_of("Runs: list_orders, then get_order for each.")]
    [('list_orders', False), ('get_order', True)]
    """
    line = _RUNS.search(description)
    if not line:
        return []
    names = list(_KNOWN.finditer(line[1]))
    bounds = [*(name.start() for name in names), len(line[1])]
    texts = [line[1][start:end] for start, end in pairwise(bounds)]
    return [
        Claim(name[1], each=bool(_FOR_EACH.search(text)), text=text)
        for name, text in zip(names, texts, strict=True)
    ]


def _fit(function: Mapping[str, Any], agenda: Sequence[Todo], view: View) -> Fit | None:
    description = function.get("description", "")
    claims = claims_of(description)
    if not claims or claims[0].tool != agenda[0].want.tool:
        return None
    pairs = _match(claims, agenda)
    if pairs is None:
        return None
    matched = tuple(todo for _, todo in pairs)
    args = _arguments(function.get("parameters", {}), matched, view)
    if args is None or not all(_means(claim, todo, args, description, view) for claim, todo in pairs):
        return None
    unwanted = [claim for claim in claims if not any(claim is wanted for wanted, _ in pairs)]
    return Fit(Call(function["name"], args), matched, extra=sum(1 + claim.each for claim in unwanted))


def _match(claims: Sequence[Claim], agenda: Sequence[Todo]) -> list[tuple[Claim, Todo]] | None:
    """Which claim does which todo, in order; `None` if it would write something else, or too early."""
    pairs: list[tuple[Claim, Todo]] = []
    position = 0
    for claim in claims:
        ahead = _next_of(claim, agenda, position)
        if ahead is not None:
            pairs.append((claim, agenda[ahead]))
            position = ahead + 1
        elif claim.tool in WRITING_TOOLS:
            return None
    return pairs


def _next_of(claim: Claim, agenda: Sequence[Todo], start: int) -> int | None:
    for position in range(start, len(agenda)):
        todo = agenda[position]
        if todo.want.tool == claim.tool and _as_often(claim, todo):
            return position
        if todo.want.tool in WRITING_TOOLS:
            return None
    return None


def _as_often(claim: Claim, todo: Todo) -> bool:
    return claim.each == (todo.want.each is not None) or (
        claim.tool not in WRITING_TOOLS and todo.calls is not None and len(todo.calls) == 1
    )


def _arguments(parameters: Mapping[str, Any], matched: Sequence[Todo], view: View) -> dict[str, Any] | None:
    """Values for the parameters that are known; `None` if a required one is not."""
    args: dict[str, Any] = {}
    for name, schema in parameters.get("properties", {}).items():
        values = _known_values(name, schema.get("description", ""), matched, view)
        distinct = [value for position, value in enumerate(values) if value not in values[:position]]
        if schema.get("type") == "array" and distinct:
            args[name] = distinct
        elif len(distinct) == 1:
            args[name] = distinct[0]
        elif name in parameters.get("required", ()):
            return None
    return args


def _known_values(name: str, description: str, matched: Sequence[Todo], view: View) -> list[Any]:
    """The values the agent has for a parameter: those of the argument it is named after."""
    meant = [
        (todo, arg)
        for todo in matched
        for arg in todo.want.args
        if _is_named_after(name, todo.want.tool, arg)
    ]
    told = [(todo, arg) for todo, arg in meant if re.search(rf"\b{todo.want.tool}\b", description)]
    for todo, arg in told or meant:
        if values := _values_of(todo, arg, view):
            return values
    return []


def _is_named_after(name: str, tool: str, arg: str) -> bool:
    plain = re.sub(r"_\d+$", "", name)
    return plain in {arg, f"{arg}s", f"{arg}es", f"{arg}_list", f"{tool}_{arg}", f"{tool}_{arg}s"}


def _values_of(todo: Todo, arg: str, view: View) -> list[Any]:
    if todo.calls is not None:
        return [call.args[arg] for call in todo.calls]
    source = todo.want.args[arg]
    try:
        return [] if isinstance(source, Item) else [view.value(source)]
    except GapError:
        return []


def _means(claim: Claim, todo: Todo, args: Mapping[str, Any], description: str, view: View) -> bool:
    """Whether the agent would do exactly this; what merely reads it need not mind."""
    if claim.tool not in WRITING_TOOLS:
        return True
    return _is_wanted_for_sure(claim, todo) and all(
        _is_covered(todo, arg, args, description, view) for arg in todo.want.args
    )


def _is_wanted_for_sure(claim: Claim, todo: Todo) -> bool:
    """Whether the condition of a write is met: known, stated in the description, or needed for its arguments."""
    when = todo.want.when
    if todo.certain or when is None:
        return True
    if when.test == "equals":
        return str(when.value) in claim.text
    return any(isinstance(source, Found) and source.tool == when.tool for source in _sources(todo.want))


def _is_covered(todo: Todo, arg: str, args: Mapping[str, Any], description: str, view: View) -> bool:
    """Whether the value of an argument is handed over or stated, or is found by the tool as the agent would."""
    if isinstance(todo.want.args[arg], Found | Item):
        return True
    values = _values_of(todo, arg, view)
    handed_over = [
        item for value in args.values() for item in (value if isinstance(value, list) else [value])
    ]
    return bool(values) and all(
        value in handed_over or re.search(rf"\b{re.escape(str(value))}\b", description) for value in values
    )


def _sources(want: Want) -> list[Any]:
    return [*want.args.values(), *([want.each.source] if want.each else [])]


def _is_worth_it(fit: Fit) -> bool:
    """Whether it takes over at least two calls, and few that nobody wants."""
    calls = sum(len(todo.calls) if todo.calls else 1 for todo in fit.matched)
    return calls > 1 and fit.extra * 2 <= len(fit.matched)


def _preference(fit: Fit) -> tuple[int, int, int, str]:
    return (fit.extra - len(fit.matched), fit.extra, len(fit.call.args), fit.call.tool)
