"""The headline: what the toolkit as it is installed saves, chosen blindly, in model calls, tokens and money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure with the ends of its 95 % interval, `None` where there is too little to tell.

    Attributes:
        cached: the same figure with prompt caching; `None` where caching changes nothing.
    """

    value: float
    low: float | None
    high: float | None
    cached: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What is saved.

    Attributes:
        tasks: that were held out; `None` if the toolkit was replayed on the traces at hand instead.
        of: model calls of the runs that it was measured on.
        money: `None` if no model of these traces has a price; in `currency`, at the price of `model`.
    """

    tasks: int | None
    of: int
    model_calls: Figure
    tokens: Figure
    money: Figure | None
    currency: str = ""
    model: str = ""


def headline_of(measured: Mapping[str, Any]) -> Headline:
    """The headline of the JSON form of an evaluation or of a replay."""
    net = measured["result"]["net"]
    intervals, money = net["intervals"], net.get("money")
    return Headline(
        tasks=measured.get("tasks_held_out"),
        of=measured["model_calls"],
        model_calls=_build_figure(intervals["model_calls"]),
        tokens=_build_figure(intervals["tokens"], cached=intervals["tokens_cached"]),
        money=_build_figure(money["uncached"], cached=money["cached"]) if money else None,
        currency=money["currency"] if money else "",
        model=money["model"] if money else "",
    )


def _build_figure(
    interval: Mapping[str, float | None], *, cached: Mapping[str, float | None] | None = None
) -> Figure:
    return Figure(
        value=interval["value"] or 0.0,
        low=interval["low"],
        high=interval["high"],
        cached=cached["value"] if cached else None,
    )
