"""The package does without asserts what it does with them, and imports without a warning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import langchain_awo
from tests.compat.extras import IMPORTS, PROBE
from tests.compat.probe import ONLY

GIVEN = ["langchain", "report", "parquet", "postgres", "mcp", "review"]


def test_every_name_is_imported_without_a_warning_and_every_extra_works_without_asserts(tmp_path):
    """One process, as it is starting that takes the time; `extras.py` tries each extra alone."""
    code = f"{IMPORTS}\nimport runpy, sys, warnings\nwarnings.simplefilter('default')\nsys.argv = {[str(PROBE), ONLY, *GIVEN]}\nrunpy.run_path({str(PROBE)!r}, run_name='__main__')"
    environment = {"PYTHONPATH": str(Path(langchain_awo.__file__).parents[1]), "PATH": ""}
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-O", "-W", "error", "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    outcomes = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    assert {outcomes[each] for each in ["core", *GIVEN]} == {"works"}
