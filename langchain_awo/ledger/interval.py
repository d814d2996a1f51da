"""Means and sums of a sample with what is known of them: 95 % confidence intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from scipy.special import stdtrit

from langchain_awo.model.text.json_value import JSONValue

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure with the ends of its interval; `None` where there is too little to tell."""

    value: float
    low: float | None = None
    high: float | None = None

    def times(self, factor: float) -> Interval:
        """So many times as much, for a factor above 0."""
        return Interval(
            value=self.value * factor,
            low=None if self.low is None else self.low * factor,
            high=None if self.high is None else self.high * factor,
        )

    def widened(self, by: float) -> Interval:
        """The same, with ends that are so much further out."""
        return Interval(
            value=self.value,
            low=None if self.low is None else self.low - by,
            high=None if self.high is None else self.high + by,
        )

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        return {name: _round_or_none(getattr(self, name)) for name in ("value", "low", "high")}


def mean_of(values: Sequence[float]) -> Interval:
    """The mean with Student's t interval; 0 of nothing."""
    if not values:
        return Interval(value=0.0)
    mean = float(np.mean(values))
    if len(values) == 1:
        return Interval(value=mean)
    error = float(np.std(values, ddof=1)) / sqrt(len(values))
    reach = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2)) * error
    return Interval(value=mean, low=mean - reach, high=mean + reach)


def sum_of(values: Sequence[float]) -> Interval:
    """What a sample adds up to, with the interval in which as many others would.

    >>> sum_of([2.0, 2.0, 2.0])
    Interval(value=6.0, low=6.0, high=6.0)
    """
    return mean_of(values).times(len(values))


def _round_or_none(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
