"""Every example runs without a key, as a program of its own, and says what it should."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import langchain_awo

EXAMPLES = Path(__file__).parents[1] / "examples"

SAID = {
    "agent_with_subagents.py": [
        "agent: find_customer, ask_stock, write_note",
        "sub-agent: find_article, count_shelf",
        "installed in the sub-agent: find_article_with_shelf",
        "model calls: 7 before, 6 with meta-tools in the sub-agent",
    ],
    "callback_on_an_agent.py": ["get_balance(user_id=#1/user_id)", '"status":"completed"', '"balance":10'],
    "hand_written_graph.py": ["get_forecast(station=#1/station)", '"status":"completed"', '"sky":"clear"'],
    "hand_written_loop.py": ["It is 6.", "task sum-1: 3 model calls, 2 tool calls"],
    "mcp_tools.py": [
        "depot_hours(depot=#1/depot)                        # reads",
        '"status":"completed"',
        '"output":{"depot":"D-999","open":"8 to 18"}',
    ],
    "record_without_touching_the_agent.py": [
        "2 model calls: get_weather({'city': 'Porto'}) -> 'Sunny in Porto.'"
    ],
}


def run_example(name: str, cwd: Path, *arguments: str) -> str:
    """What an example prints."""
    environment = os.environ | {
        "LANGSMITH_TRACING": "false",
        "PYTHONPATH": str(Path(langchain_awo.__file__).parents[1]),
    }
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, EXAMPLES / name, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_every_example_is_tested_and_in_the_index():
    names = {path.name for path in EXAMPLES.glob("*.py")}
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert names == SAID.keys()
    assert names <= set(re.findall(r"\]\(([\w.]+)\)", index))


@pytest.mark.parametrize("name", SAID)
def test_the_example_runs(name, tmp_path):
    said = run_example(name, tmp_path)
    assert all(part in said for part in SAID[name])
