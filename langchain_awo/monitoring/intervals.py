"""Shares, means and differences with what is known of them: 95 % confidence intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Final

import numpy as np
from scipy import stats

from langchain_awo.model.text.json_value import JSONValue

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, with the Wilson interval; nothing is known of none, from 0 to 1.

    >>> Share(8, 10)
    Share(count=8, of=10)
    >>> f"{Share(8, 10).low:.2f} {Share(8, 10).high:.2f}"
    '0.49 0.94'
    """

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, `None` of none."""
        return self.count / self.of if self.of else None

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self._ends()[0]

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self._ends()[1]

    def _ends(self) -> tuple[float, float]:
        if not self.of:
            return 0.0, 1.0
        found = stats.binomtest(self.count, self.of).proportion_ci(CONFIDENCE, method="wilson")
        return float(found.low), float(found.high)

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        low, high = self._ends()
        return {"count": self.count, "of": self.of, "low": round(low, 4), "high": round(high, 4)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean or a difference with the ends of its interval; `None` where there is too little to tell."""

    value: float
    low: float | None = None
    high: float | None = None

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        return {name: _rounded(getattr(self, name)) for name in ("value", "low", "high")}


def estimate_mean(values: Sequence[float]) -> Interval:
    """The mean with Student's t interval; 0 of nothing."""
    if not values:
        return Interval(value=0.0)
    mean = float(np.mean(values))
    if len(values) == 1:
        return Interval(value=mean)
    error = float(np.std(values, ddof=1)) / sqrt(len(values))
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * error
    return Interval(value=mean, low=mean - reach, high=mean + reach)


def compare_means(ones: Sequence[float], others: Sequence[float]) -> Interval:
    """How much larger the mean of the others is, with Welch's interval."""
    if not ones or not others:
        return Interval(value=0.0)
    difference = float(np.mean(others) - np.mean(ones))
    if min(len(ones), len(others)) == 1:
        return Interval(value=difference)
    if np.var(ones) == 0 and np.var(others) == 0:
        return Interval(value=difference, low=difference, high=difference)
    found = stats.ttest_ind(others, ones, equal_var=False).confidence_interval(CONFIDENCE)
    low, high = float(found.low), float(found.high)
    return Interval(value=difference, low=low, high=high) if isfinite(low) else Interval(value=difference)


def compare_shares(one: Share, other: Share) -> Interval | None:
    """How much larger the other share is, with Newcombe's interval, made of both Wilson intervals.

    Source: R. G. Newcombe, Interval estimation for the difference between independent proportions, 1998, method 10.
    """
    if one.value is None or other.value is None:
        return None
    difference = other.value - one.value
    below = sqrt((other.value - other.low) ** 2 + (one.high - one.value) ** 2)
    above = sqrt((other.high - other.value) ** 2 + (one.value - one.low) ** 2)
    return Interval(value=difference, low=difference - below, high=difference + above)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
