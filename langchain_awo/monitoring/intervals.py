"""Shares and differences with what is known of them: 95 % confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from langchain_awo.ledger.interval import CONFIDENCE, Interval
from langchain_awo.model.text.json_value import JSONValue


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
        from scipy.stats import binomtest  # noqa: PLC0415  # slow to import

        found = binomtest(self.count, self.of).proportion_ci(CONFIDENCE, method="wilson")
        return float(found.low), float(found.high)

    def as_json(self) -> dict[str, JSONValue]:
        """Plain data."""
        low, high = self._ends()
        return {"count": self.count, "of": self.of, "low": round(low, 4), "high": round(high, 4)}


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
