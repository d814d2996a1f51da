"""`awo monitor` for a nightly job: tables, JSON and exit codes."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from langchain_awo.cli import app
from langchain_awo.stores import open_store


@pytest.fixture
def awo(histories, monkeypatch):
    """Runs `awo` in the folder of the histories."""
    monkeypatch.chdir(histories)
    monkeypatch.setenv("COLUMNS", "100")
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.mark.parametrize(
    ("name", "code", "verdict"),
    [
        ("healthy", 0, "toolkit: keep, look again by 2026-03-28"),
        ("drifted", 1, "toolkit: recompile (path mix changed)"),
        ("ignored", 1, "toolkit: adjust (seldom chosen)"),
        ("changed", 1, "toolkit: recompile (member changed)"),
    ],
)
def test_the_exit_code_says_whether_something_has_to_be_done(awo, name, code, verdict):
    result = awo("monitor", f"{name}.db", "--toolkit", "toolkit.json")
    assert result.exit_code == code
    assert verdict in result.stdout


def test_every_number_in_a_table_stands_for_a_meta_tool_named_below(awo, plan):
    shown = awo("monitor", "healthy.db", "--toolkit", "toolkit.json", "--books").stdout
    for number, each in enumerate(plan.meta_tools, start=1):
        assert f"\n#{number} {each.name}: " in shown
        assert f"saved by #{number}" in shown
    assert "as recorded" in shown
    assert max(len(line.rstrip()) for line in shown.split("#1 ")[0].splitlines()) <= 100


def test_both_arms_stand_side_by_side(awo):
    shown = awo("monitor", "experiment.db", "--toolkit", "toolkit.json").stdout
    assert "held out" in shown
    assert "with the toolkit" in shown
    assert "difference" in shown


def test_json_is_all_there_is_on_stdout(awo):
    result = awo("monitor", "drifted.db", "--toolkit", "toolkit.json", "--json")
    data = json.loads(result.stdout)
    assert result.exit_code == 1
    assert data["decision"]["action"] == "recompile"
    lines, recorded = data["ledger"]["lines"], data["ledger"]["recorded"]
    for column in ("model_calls", "input_tokens", "output_tokens"):
        assert sum(line[column] for line in lines) == recorded[column]


def test_prices_are_the_users_to_replace(awo, histories):
    (histories / "own.yaml").write_text(
        "currency: EUR\nmodels: {back-office-policy: {input: 3, output: 9}}\n"
    )
    own = json.loads(
        awo("monitor", "healthy.db", "-t", "toolkit.json", "--prices", "own.yaml", "--json").stdout
    )
    assert own["currency"] == "EUR"
    assert own["ledger"]["recorded"]["cost"] > 0
    assert not any("table of prices" in note for note in own["notes"])
    usual = json.loads(awo("monitor", "healthy.db", "-t", "toolkit.json", "--json").stdout)
    assert usual["ledger"]["recorded"]["cost"] == 0
    assert "back-office-policy" in usual["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nothing.db", "-t", "toolkit.json"), "nothing.db"),
        (("healthy.db", "-t", "nothing.json"), "nothing.json"),
        (("healthy.db", "-t", "toolkit.json", "--prices", "nothing.yaml"), "nothing.yaml"),
        (("healthy.db", "-t", "healthy.db"), "healthy.db"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(awo, arguments, told):
    result = awo("monitor", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.strip().splitlines()) == 1
    assert told in result.stderr


def test_an_empty_store_waits(awo, histories):
    with open_store(histories / "empty.db"):
        pass
    result = awo("monitor", "empty.db", "-t", "toolkit.json")
    assert result.exit_code == 0
    assert "toolkit: wait (too little data)" in result.stdout
    assert "contains no traces" in result.stderr
