"""Sums that come one figure at a time and are exact, so that neither order nor parts change a digit of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Final, Self

from scipy.special import stdtrit

from langchain_awo.ledger.interval import CONFIDENCE, Interval

UNIT: Final = 1 << 40
"""Figures are added up as whole numbers of this part of one, about a trillionth."""


def to_units(value: float) -> int:
    """A figure in whole units; whole numbers exactly.

    >>> to_units(3) == 3 * UNIT
    True
    """
    return value * UNIT if isinstance(value, int) else round(value * UNIT)


@dataclass(slots=True)
class Moments:
    """How many figures there were, their sum, and the sum of their squares.

    >>> Moments.of([1.0, 2.0, 3.0]).mean
    2.0
    """

    count: int = 0
    total: int = 0
    squares: int = 0

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """The moments of figures that are there already."""
        found = cls()
        for value in values:
            found.add(value)
        return found

    def add(self, value: float) -> None:
        """Adds a figure."""
        units = to_units(value)
        self.count += 1
        self.total += units
        self.squares += units * units

    @property
    def mean(self) -> float:
        """Of all of them; 0 of none."""
        return self.total / (self.count * UNIT) if self.count else 0.0

    @property
    def variance(self) -> float:
        """Of the population that they are a sample of; 0 of fewer than two."""
        if self.count < 2:  # noqa: PLR2004  # one figure varies from nothing
            return 0.0
        spread = self.count * self.squares - self.total * self.total
        return spread / (self.count * (self.count - 1) * UNIT * UNIT)

    def interval(self) -> Interval:
        """The mean with Student's t interval, as `mean_of` computes it."""
        if self.count < 2:  # noqa: PLR2004
            return Interval(value=self.mean)
        error = sqrt(self.variance / self.count)
        reach = float(stdtrit(self.count - 1, (1 + CONFIDENCE) / 2)) * error
        return Interval(value=self.mean, low=self.mean - reach, high=self.mean + reach)


def compare_means(one: Moments, other: Moments) -> Interval:
    """How much larger the mean of the others is, with Welch's interval.

    Source: B. L. Welch, The generalization of Student's problem when several different population variances are involved, 1947.
    """
    if not one.count or not other.count:
        return Interval(value=0.0)
    difference = other.mean - one.mean
    if min(one.count, other.count) == 1:
        return Interval(value=difference)
    parts = one.variance / one.count, other.variance / other.count
    if not any(parts):
        return Interval(value=difference, low=difference, high=difference)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (one.count - 1) + parts[1] ** 2 / (other.count - 1))
    reach = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * sqrt(sum(parts))
    return Interval(value=difference, low=difference - reach, high=difference + reach)
