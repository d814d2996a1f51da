"""What is known of each argument of a step, for a person: bound to what, how often that was right, and what comes nearest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from langchain_awo.model.ir.binding import Item, ListOf, ObjectOf
from langchain_awo.model.views.notation import format_binding
from langchain_awo.optimizer.dataflow.argument_stats import ArgumentVotes
from langchain_awo.optimizer.dataflow.consensus import Bound, StepFlow, rank_place
from langchain_awo.optimizer.dataflow.places import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentAccount:
    """One argument of the recorded calls of a tool.

    Attributes:
        source: where it comes from, in notation; of an unexplained argument the place that comes nearest, `""` if none does.
        is_explained: whether enough calls agree on the source.
        agree: calls in which the source holds the argument, of `calls` that have it.
        values: distinct values.
        flows: whether the source is a place in an earlier step; else it is a constant.
    """

    name: str
    source: str
    is_explained: bool
    agree: int
    calls: int
    values: int
    flows: bool


def account_for_arguments(
    flow: StepFlow, *, agreement: float, constants: bool = True
) -> Iterator[ArgumentAccount]:
    """An account of each argument, in the order of their names.

    Args:
        flow: what the recorded calls of the tool say.
        agreement: the share of the calls that must agree on a source.
        constants: whether a value that calls always have explains an argument; that of a write it does not.
    """
    for name, votes in flow.votes.items():
        bound = _find_bound(flow, name, agreement, constants=constants)
        nearest = _find_nearest(votes)
        if bound:
            yield _build_account(name, votes, _describe_bound(bound), bound.evidence.agree, bound=bound)
        elif nearest:
            yield _build_account(name, votes, _format_place(nearest), round(votes.places[nearest]))
        else:
            yield _build_account(name, votes, "", 0)


def _build_account(
    name: str, votes: ArgumentVotes, source: str, agree: int, *, bound: Bound | None = None
) -> ArgumentAccount:
    return ArgumentAccount(
        name=name,
        source=source,
        is_explained=bound is not None,
        agree=agree,
        calls=round(votes.present),
        values=len(votes.values),
        flows=bound is not None and bound.place is not None,
    )


def _find_bound(flow: StepFlow, name: str, agreement: float, *, constants: bool) -> Bound | None:
    """The best of one place, each element of a list, and a constant."""
    found = [flow.place(name, agreement=agreement, specific=constants)]
    found += [flow.constant(name, agreement=agreement)] if constants else []
    found += [flow.element(name, of=where, agreement=agreement) for where in flow.lists()]
    return max((each for each in found if each), key=lambda each: each.share, default=None)


def _find_nearest(votes: ArgumentVotes) -> Place | None:
    """The place that holds the argument most often, though not often enough."""
    return min(votes.places, key=lambda place: (-votes.places[place], *rank_place(place)), default=None)


def _describe_bound(bound: Bound) -> str:
    composed = isinstance(bound.binding, ObjectOf | ListOf)
    is_item = bound.place is not None and bound.place.is_list and not composed
    return _format_place(bound.place) if bound.place and is_item else format_binding(bound.binding)


def _format_place(place: Place) -> str:
    """The notation of a place, that of an element of a list with the list."""
    text = format_binding(place.binding())
    bare = format_binding(Item(path=place.path[len(place.list_path) :])) if place.is_list else ""
    return text.replace(bare, f"#{place.step}{place.path}") if bare else text
