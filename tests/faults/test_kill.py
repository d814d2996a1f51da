"""One kill of each kind of work; `python -m tests.faults.kill --rounds 50` makes many."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.kill import VICTIMS, kill_once

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize(
    "name", ["import into SQLite", "a schema migration", "saving a decision", "saving a state"]
)
def test_what_is_killed_leaves_what_is_whole(name: str, tmp_path: Path) -> None:
    victim = VICTIMS[name]
    assert kill_once(victim, tmp_path, victim.seconds / 2) != ""
