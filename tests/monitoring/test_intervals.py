"""Intervals hold what they promise."""

from __future__ import annotations

import random

import pytest
from scipy import stats

from langchain_awo.ledger.interval import mean_of
from langchain_awo.monitoring.intervals import Share, compare_shares
from langchain_awo.monitoring.moments import Moments, compare_means


def welch(ones, others):
    return compare_means(Moments.of(ones), Moments.of(others))


def student(values):
    return Moments.of(values).interval()


def test_a_share_has_the_wilson_interval():
    """Figures of Newcombe 1998, table I: 81 of 263, and 0 of 20."""
    assert (round(Share(81, 263).low, 4), round(Share(81, 263).high, 4)) == (0.2553, 0.3662)
    assert (round(Share(0, 20).low, 4), round(Share(0, 20).high, 4)) == (0.0, 0.1611)


def test_of_nothing_nothing_is_known():
    assert (Share(0, 0).low, Share(0, 0).high, Share(0, 0).value) == (0.0, 1.0, None)
    assert mean_of([]).as_json() == {"value": 0.0, "low": None, "high": None}
    assert mean_of([3.0]).low is None
    assert welch([], [1.0]).low is None
    assert compare_shares(Share(0, 0), Share(1, 2)) is None


def test_a_difference_of_shares_has_newcombes_interval():
    """Newcombe 1998, table II: 56 of 70 and 48 of 80, method 10."""
    found = compare_shares(Share(48, 80), Share(56, 70))
    assert (round(found.value, 4), round(found.low, 4), round(found.high, 4)) == (0.2, 0.0524, 0.3339)


@pytest.mark.parametrize("measure", [mean_of, student, lambda values: welch(values[::2], values[1::2])])
def test_nineteen_of_twenty_intervals_hold_the_truth(measure):
    """By simulation, of normal values whose mean, and whose difference, is known."""
    chance = random.Random(3)  # noqa: S311  # not a secret
    truth = 5.0 if measure in (mean_of, student) else 0.0
    held = 0
    for _ in range(400):
        found = measure([chance.gauss(5, 2) for _ in range(24)])
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_equal_values_have_no_width():
    found = welch([2.0, 2.0], [3.0, 3.0])
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)


def test_sums_of_what_comes_one_by_one_are_those_of_the_whole_and_know_no_order():
    """Beside numpy and scipy: the mean, Student's and Welch's interval, with a large common part that would swallow small differences."""
    chance = random.Random(5)  # noqa: S311  # not a secret
    ones, others = ([1e7 + chance.gauss(0, 1e-3) for _ in range(n)] for n in (40, 70))
    shuffled = chance.sample(ones, len(ones))
    assert Moments.of(ones) == Moments.of(shuffled)
    whole, sums = mean_of(ones), Moments.of(ones).interval()
    assert (sums.value, sums.low, sums.high) == pytest.approx((whole.value, whole.low, whole.high), abs=1e-6)
    found = welch(ones, others)
    known = stats.ttest_ind(others, ones, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=1e-7)
