"""Every example runs without a key and says what it should."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

SAID = {
    "callback_on_an_agent.py": ["get_balance(user_id=#1/user_id)", '"status":"completed"', '"balance":10'],
    "hand_written_loop.py": ["It is 6.", "task sum-1: 3 model calls, 2 tool calls"],
    "record_without_touching_the_agent.py": [
        "2 model calls: get_weather({'city': 'Porto'}) -> 'Sunny in Porto.'"
    ],
}


def test_every_example_is_tested():
    assert {path.name for path in EXAMPLES.glob("*.py")} == SAID.keys()


@pytest.mark.parametrize("name", SAID)
def test_the_example_runs(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    said = capsys.readouterr().out
    assert all(part in said for part in SAID[name])
