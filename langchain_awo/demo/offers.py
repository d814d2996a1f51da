"""Whether to use a tool one has never seen, going by nothing but its description and its parameters.

It is used if what it does first is what the agent would do next, if it serves at least two of the agent's next calls,
if every required parameter is known, and if it writes nothing that the agent does not know and mean. Steps that have to be
asked for are asked for if they are wanted and left out otherwise; reads that nobody wants are put up with, up to a point.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from langchain_awo.demo.agenda import GapError, Todo, View
from langchain_awo.demo.claims import Claim, claims_of
from langchain_awo.demo.memory import Call
from langchain_awo.demo.recipes import WRITING_TOOLS
from langchain_awo.demo.wants import Found, Item, Want

Pairs: TypeAlias = list[tuple[Claim, Todo]]
"""Steps of a tool and what the agent wants of them."""

_ONE_CALL_OF: Final = re.compile(r"\bthe (\w+) of one call of (\w+)")


@dataclass(frozen=True, slots=True)
class Fit:
    """An unknown tool that could be used now.

    Attributes:
        served: how many of the agent's next calls it makes.
        extra: its reads that nobody wants, one for each item counting twice because it may be many.
    """

    call: Call
    served: int
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


def _is_worth_it(fit: Fit) -> bool:
    """Whether it takes over at least two calls, and makes no more that nobody wants."""
    return fit.served > 1 and fit.extra <= fit.served


def _preference(fit: Fit) -> tuple[int, int, int, str]:
    return (fit.extra - 2 * fit.served, fit.extra, len(fit.call.args), fit.call.tool)


def _fit(function: Mapping[str, Any], agenda: Sequence[Todo], view: View) -> Fit | None:
    claims = claims_of(function.get("description", ""))
    if not claims or claims[0].tool != agenda[0].want.tool:
        return None
    offer = _Offer(claims, function, view)
    pairs = offer.settle(_match(claims, agenda))
    args = offer.arguments(pairs)
    if args is None or not pairs or pairs[0][0] is not claims[0] or offer.writes_unasked(pairs, args):
        return None
    return Fit(
        Call(function["name"], args),
        served=sum(len(todo.calls) if todo.calls else 1 for _, todo in pairs),
        extra=sum(offer.unwanted(claim, pairs, args) for claim in claims),
    )


def _match(claims: Sequence[Claim], agenda: Sequence[Todo]) -> Pairs:
    """Which step does which todo; a todo behind a write is never done before it."""
    pairs: Pairs = []
    taken: set[int] = set()
    floor = 0
    for claim in claims:
        ahead = _next_of(claim, agenda, taken, floor) if claim.is_clear else None
        if ahead is None:
            continue
        pairs.append((claim, agenda[ahead]))
        taken.add(ahead)
        if claim.tool in WRITING_TOOLS:
            floor = ahead + 1
    return pairs


def _next_of(claim: Claim, agenda: Sequence[Todo], taken: Collection[int], floor: int) -> int | None:
    for position in range(floor, len(agenda)):
        todo = agenda[position]
        if position in taken:
            continue
        if todo.want.tool == claim.tool and _as_often(claim, todo):
            return position
        if todo.want.tool in WRITING_TOOLS:
            return None
    return None


def _as_often(claim: Claim, todo: Todo) -> bool:
    if claim.each == "given":
        return todo.calls is not None
    if (claim.each == "found") == (todo.want.each is not None):
        return True
    return claim.tool not in WRITING_TOOLS and (_is_one(todo) or _is_one_of_all(claim, todo.want))


def _is_one(todo: Todo) -> bool:
    return todo.calls is not None and len(todo.calls) == 1


def _is_one_of_all(claim: Claim, want: Want) -> bool:
    """Whether a read of everything that was found includes the one thing that is wanted of it."""
    return claim.each == "found" and any(isinstance(source, Found) for source in want.args.values())


@dataclass(frozen=True, slots=True)
class _Offer:
    claims: Sequence[Claim]
    function: Mapping[str, Any]
    view: View

    def settle(self, pairs: Pairs) -> Pairs:
        """The pairs that are meant; dropping one may make another's parameters unknown."""
        while True:
            args = self.arguments(pairs)
            kept = [] if args is None else [pair for pair in pairs if self._is_meant(pair, pairs, args)]
            if len(kept) == len(pairs):
                return pairs
            pairs = kept

    def arguments(self, pairs: Pairs) -> dict[str, Any] | None:
        """Values for the parameters that are wanted and known; `None` if a required one is not."""
        args: dict[str, Any] = {}
        parameters = self.function.get("parameters", {})
        for name, schema in parameters.get("properties", {}).items():
            values = self._values(name, schema, pairs)
            distinct = [value for position, value in enumerate(values) if value not in values[:position]]
            if schema.get("type") == "array" and distinct:
                args[name] = distinct[: schema.get("maxItems")]
            elif len(distinct) == 1:
                args[name] = distinct[0]
            elif name in parameters.get("required", ()):
                return None
        return args

    def writes_unasked(self, pairs: Pairs, args: Mapping[str, Any]) -> bool:
        """Whether it would write something that is not meant."""
        unmeant = (claim for claim in self.claims if not _is_in(claim, pairs))
        return any(claim.tool in WRITING_TOOLS and _is_run(claim, args) for claim in unmeant)

    def unwanted(self, claim: Claim, pairs: Pairs, args: Mapping[str, Any]) -> int:
        """How many reads of a step nobody wants, as far as the description tells."""
        wanted = next((todo for other, todo in pairs if other is claim), None)
        if wanted is None:
            return (2 if claim.each else 1) if _is_run(claim, args) else 0
        return int(claim.each == "found" and wanted.want.each is None)

    def _values(self, name: str, schema: Mapping[str, Any], pairs: Pairs) -> list[Any]:
        asked_by = [claim for claim in self.claims if claim.asked_by == name]
        if any(claim.is_flag for claim in asked_by):
            return [True] if any(_is_in(claim, pairs) for claim in asked_by) else []
        todos = [todo for claim, todo in pairs if not asked_by or claim in asked_by]
        if "properties" in schema.get("items", {}):
            return _items(schema, todos)
        return _known_values(name, schema.get("description", ""), todos, self.view)

    def _is_meant(self, pair: tuple[Claim, Todo], pairs: Pairs, args: Mapping[str, Any]) -> bool:
        """Whether the step, if it is run, does exactly what is wanted."""
        claim, todo = pair
        if not _is_run(claim, args) or not _fits_constants(claim, todo, self.view):
            return False
        if claim.tool in WRITING_TOOLS and not (
            _is_wanted_for_sure(claim, todo) and _has_no_filter(todo.want)
        ):
            return False
        done = {other.tool for other, _ in pairs[: pairs.index(pair)]}
        return all(self._is_covered(pair, arg, done, args) for arg in todo.want.args)

    def _is_covered(
        self, pair: tuple[Claim, Todo], arg: str, done: Collection[str], args: Mapping[str, Any]
    ) -> bool:
        """Whether an argument's value is handed over or stated, or is found by the tool as the agent would."""
        claim, todo = pair
        if values := _values_of(todo, arg, self.view):
            handed_over = [*_leaves(args.values()), *claim.constants.values()]
            return all(value in handed_over or _is_stated(value, claim) for value in values)
        source, each = todo.want.args[arg], todo.want.each
        if isinstance(source, Item) and each:
            return each.source.tool in done
        return isinstance(source, Found) and source.tool in done


def _is_in(claim: Claim, pairs: Pairs) -> bool:
    return any(other is claim for other, _ in pairs)


def _is_run(claim: Claim, args: Mapping[str, Any]) -> bool:
    return not claim.asked_by or not claim.is_clear or bool(args.get(claim.asked_by))


def _is_stated(value: Any, claim: Claim) -> bool:
    return bool(re.search(rf"\b{re.escape(str(value))}\b", claim.text))


def _fits_constants(claim: Claim, todo: Todo, view: View) -> bool:
    return all(
        name in todo.want.args and _values_of(todo, name, view) in ([value], [])
        for name, value in claim.constants.items()
    )


def _is_wanted_for_sure(claim: Claim, todo: Todo) -> bool:
    """Whether the condition of a write is met: known, stated in the description, or needed for its arguments."""
    when = todo.want.when
    if todo.certain or when is None:
        return True
    if when.test == "equals":
        return str(when.value) in claim.text
    sources = [*todo.want.args.values(), *([todo.want.each.source] if todo.want.each else [])]
    return any(isinstance(source, Found) and source.tool == when.tool for source in sources)


def _has_no_filter(want: Want) -> bool:
    return want.each is None or want.each.where is None


def _items(schema: Mapping[str, Any], todos: Sequence[Todo]) -> list[Any]:
    """The elements of a list of objects, each with the arguments of one call."""
    names = set(schema["items"]["properties"])
    told = schema.get("description", "")
    for todo in todos:
        if re.search(rf"\b{todo.want.tool}\b", told) and todo.calls:
            return [{name: call.args[name] for name in call.args if name in names} for call in todo.calls]
    return []


def _known_values(name: str, description: str, todos: Sequence[Todo], view: View) -> list[Any]:
    """The values the agent has for a parameter: those of the argument it is named after, or said to be."""
    pairs = [(todo, arg) for todo in todos for arg in todo.want.args]
    said = _ONE_CALL_OF.search(description)
    exact = [(todo, arg) for todo, arg in pairs if said and said.groups() == (arg, todo.want.tool)]
    meant = [(todo, arg) for todo, arg in pairs if _is_named_after(name, todo.want.tool, arg)]
    told = [(todo, arg) for todo, arg in meant if re.search(rf"\b{todo.want.tool}\b", description)]
    for todo, arg in exact or told or meant:
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


def _leaves(values: Any) -> Iterator[Any]:
    for value in values.values() if isinstance(values, Mapping) else values:
        if isinstance(value, list | Mapping):
            yield from _leaves(value)
        else:
            yield value
