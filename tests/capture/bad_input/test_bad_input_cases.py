"""Every kind of source, damaged in every way: what can be read comes in, the rest is told."""

from __future__ import annotations

import pytest

from tests.capture.bad_input.cases import CASES, Sizes, runs_of
from tests.capture.bad_input.trying import FAMILIES, read, try_case

SIZES = Sizes(calls=40, output=20_000, unpacked=70_000_000)
BOMB = next(case for case in CASES if case.name == "gzip bomb")
PAIRS = [
    pytest.param(family, case, id=f"{family.name}: {case.name}")
    for family in FAMILIES.values()
    for case in CASES
    if case.fits(family) and (case is not BOMB or family.name == "codex")
]


@pytest.mark.parametrize(("family", "case"), PAIRS)
def test_what_can_be_read_comes_in_and_the_rest_is_told(tmp_path, family, case):
    """The runs before and after the damaged one are whole."""
    runs = runs_of(case, SIZES)
    result = read(case.write(tmp_path, family, runs, SIZES), runs)
    assert result.is_right(case), (result.whole, result.told)


@pytest.mark.parametrize("name", ["openinference", "checkpoints"])
def test_memory_is_bounded_by_what_a_run_takes(name):
    """A long run and a large output in a process of their own, which the system ends when they take more."""
    cases = {case.name: case for case in CASES}
    sizes = Sizes(calls=1_000, output=4_000_000)
    for case in ("long run", "large output"):
        result = try_case(FAMILIES[name], cases[case], sizes, limit=100)
        assert result.is_right(cases[case]), result
