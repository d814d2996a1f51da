"""Confidence bounds of shares."""

from __future__ import annotations

from functools import lru_cache

from scipy.special import betaincinv


@lru_cache(maxsize=8192)
def lower_bound(agree: float, total: float, confidence: float) -> float:
    """Lower one-sided Clopper-Pearson bound of a share; 0 if nothing agreed.

    >>> round(lower_bound(31, 31, 0.95), 3)
    0.908
    """
    return float(betaincinv(agree, total - agree + 1, 1 - confidence)) if agree > 0 else 0.0
