"""The confidence bound that everything which must be sure goes by."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from langchain_awo.optimizer.statistics import compute_lower_bound


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(0, 200), st.sampled_from([0.8, 0.95, 0.99]))
def test_a_share_at_the_bound_would_show_as_much_agreement_in_as_few_cases_as_confidence_says(
    agree, more, confidence
):
    """The definition of Clopper and Pearson, counted with binomials."""
    total = agree + more
    bound = compute_lower_bound(agree, total, confidence)
    assert 0 < bound < agree / total + 1e-9
    assert binom.sf(agree - 1, total, bound) == pytest.approx(1 - confidence, abs=1e-6)


def test_without_agreement_nothing_is_sure():
    assert compute_lower_bound(0, 0, 0.95) == compute_lower_bound(0, 50, 0.95) == 0.0


@settings(deadline=None)
@given(st.integers(1, 100), st.integers(0, 100))
def test_more_agreement_is_surer_and_more_contradiction_is_less_sure(agree, against):
    total = agree + against
    assert compute_lower_bound(agree + 1, total + 1, 0.95) > compute_lower_bound(agree, total, 0.95)
    assert compute_lower_bound(agree, total + 1, 0.95) < compute_lower_bound(agree, total, 0.95)
