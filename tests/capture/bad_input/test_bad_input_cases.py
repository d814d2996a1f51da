"""Every kind of source, damaged in every way: what can be read comes in, the rest is told."""

from __future__ import annotations

import pytest

from tests.capture.bad_input.cases import CASES, Sizes, runs_of
from tests.capture.bad_input.trying import FAMILIES, read, try_case

SIZES = Sizes(calls=40, output=20_000)
KNOWN = {case.name: case for case in CASES}
PAIRS = [
    pytest.param(family, case, id=f"{family.name}: {case.name}")
    for family in FAMILIES.values()
    for case in CASES
    if case.fits(family) and case is not KNOWN["gzip bomb"]  # too dear; `test_bad_input` has one
]


@pytest.mark.parametrize(("family", "case"), PAIRS)
def test_what_can_be_read_comes_in_and_the_rest_is_told(tmp_path, family, case):
    """The runs before and after the damaged one are whole."""
    runs = runs_of(case, SIZES)
    result = read(case.write(tmp_path, family, runs, SIZES), runs)
    assert result.is_right(case), (result.whole, result.told)


def test_memory_is_bounded_by_what_is_read_at_once():
    """In a process of its own, which the system ends when it takes more."""
    case = KNOWN["large output"]
    result = try_case(FAMILIES["otel"], case, Sizes(output=4_000_000), limit=100)
    assert result.is_right(case), result
