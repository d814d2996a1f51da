"""Confidence bounds of shares."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from scipy.special import betaincinv


@lru_cache(maxsize=8192)
def compute_lower_bound(agree: float, total: float, confidence: float) -> float:
    """Lower one-sided Clopper-Pearson bound of a share; 0 if nothing agreed.

    >>> round(compute_lower_bound(31, 31, 0.95), 3)
    0.908
    """
    return float(betaincinv(agree, total - agree + 1, 1 - confidence)) if agree > 0 else 0.0


MOST_MISSING: Final = 10_000
"""Beyond that nobody waits for more places."""


def count_missing_places(agree: int, total: int, *, confidence: float, wanted: float) -> int:
    """How many more places, all of them agreeing, would lift the lower bound of a share to what is wanted.

    At most `MOST_MISSING`.

    >>> count_missing_places(10, 10, confidence=0.95, wanted=0.8)
    4
    """
    low, high = 0, MOST_MISSING
    while low < high:
        middle = (low + high) // 2
        if compute_lower_bound(agree + middle, total + middle, confidence) >= wanted:
            high = middle
        else:
            low = middle + 1
    return low
