"""Every example runs without a key, as a program of its own, and says what it should."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import langchain_awo
from docs.figures import shown_output

EXAMPLES = Path(__file__).parents[1] / "examples"

SAID = {
    "agent_with_subagents.py": [
        "agent: find_customer, ask_stock, write_note",
        "sub-agent: find_article, count_shelf",
        "installed in the sub-agent: get_article_shelf",
        "model calls: 7 before, 6 with meta-tools in the sub-agent",
    ],
    "callback_on_an_agent.py": ["get_balance(user_id=#1/user_id)", '"tool":"get_balance"', '"balance":10'],
    "hand_written_graph.py": ["get_forecast(station=#1/station)", '"status":"completed"', '"sky":"clear"'],
    "hand_written_loop.py": ["It is 6.", "task sum-1: 3 model calls, 2 tool calls"],
    "mcp_tools.py": [
        "depot_hours(depot=#1/depot)                        # reads",
        '"status":"completed"',
        '"output":{"depot":"D-999","open":"8 to 18"}',
    ],
    "nightly.py": [
        "exit code 0",
        "toolkit: recompile (path mix changed)",
        "\nnew      ",
        "\nretired  ",
        "new-toolkit.json and changes.txt are for a person to review\nexit code 1",
    ],
    "record_without_touching_the_agent.py": [
        "2 model calls: get_weather({'city': 'Porto'}) -> 'Sunny in Porto.'"
    ],
}

WORLDS = {
    "app_world/run.py": (
        ["--tasks=36"],
        [
            'supervisor_show_account_password(account="mail", member=$member)',
            "_login(password=#1/password, username=#1/username)",
            "access_token=#2/access_token",
            "get_first_mail_for_member(member, query)",
        ],
        0.7,
    ),
    "web_shop/run.py": (
        ["--tasks=18", "--held-out=2", "--no-rules"],
        ["open_shop_and_type_text(text)", "type_text(id=#1/fields/Search/id"],
        0.92,
    ),
}
"""The worlds with few tasks: what their toolkits hold, and at most which share of the model calls is left: reads alone save little in the web shop."""

THREE_AGENTS = "three_agents/run.py"


CHANGES = ("tokens", "seconds")
"""Rows that depend on the machine, or on how a release of LangChain writes a schema."""


def assert_as_shown(title: str, said: str) -> None:
    """What was printed is what the figures page shows of it."""

    def lasting(text: str) -> list[str]:
        lines = (line.rstrip() for line in text.splitlines())
        return [line for line in lines if line and not any(word in line for word in CHANGES)]

    assert lasting(said) == lasting(shown_output(title)), "run: python -m docs.figures"


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
    worlds = {f"{path.parent.name}/run.py" for path in EXAMPLES.glob("*/run.py")}
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert names == SAID.keys()
    assert worlds == WORLDS.keys() | {THREE_AGENTS}
    assert names | worlds <= set(re.findall(r"\]\(([\w./]+)\)", index))


@pytest.mark.parametrize("name", SAID)
def test_the_example_runs(name, tmp_path):
    said = run_example(name, tmp_path)
    assert all(part in said for part in SAID[name])


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_ends_in_the_same_state_with_fewer_model_calls(name, tmp_path):
    if "web" in name and not shutil.which("chromium"):
        pytest.skip("no chromium on this machine")
    arguments, shown, most = WORLDS[name]
    said = run_example(name, tmp_path, *arguments, "--no-comparison")
    assert all(part in said for part in shown)
    before, after = re.search(r"model calls +(\d+) +(\d+)", said).groups()
    assert int(after) <= most * int(before)
    achieved = re.search(r"tasks achieved +(\d+) of (\d+) +(\d+) of (\d+)", said).groups()
    assert len(set(achieved)) == 1
    assert "Equal rows in the database: yes." in said
    if name == "app_world/run.py":
        assert_as_shown("The app world", said)


def test_three_agents_achieve_the_same_with_fewer_model_calls_and_keep_their_decisions(tmp_path):
    said = run_example(THREE_AGENTS, tmp_path, "--tasks=45")
    rows = {
        name: re.findall(r"(\d+) → (\d+)", line)
        for name in ("model calls", "achieved")
        for line in said.splitlines()
        if f" {name} " in line
    }
    assert all(int(after) < int(before) for before, after in rows["model calls"])
    assert all(after == before for before, after in rows["achieved"])
    assert "NO" not in said
    assert_as_shown("Three agents, before and after", said)
    for decided in ("page_engineer", "book_hotel", "run_query"):
        assert decided not in said
