"""The four ways to install do the same work in the demo's world, but for the one the documentation warns of."""

from __future__ import annotations

import runpy
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "install_modes.py"


def test_every_mode_but_replace_leaves_the_same_database_and_answers():
    rows, tasks = runpy.run_path(str(BENCHMARK))["measure"](80, 11)
    plain, *others = rows
    assert tasks == 24
    assert all(row.same_database and row.same_answers == tasks for row in rows if row.installed != "replace")
    assert min(row.model_calls for row in others) < plain.model_calls
