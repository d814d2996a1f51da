"""`awo diff` tells by its exit code whether two toolkits do the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def compiled(awo, store):
    assert awo("compile", store).exit_code == 0
    return json.loads(Path("toolkit.json").read_text())


def saved(data):
    Path("new.json").write_text(json.dumps(data))
    return "new.json"


def test_a_toolkit_does_not_differ_from_itself(awo, compiled):
    result = awo("diff", "toolkit.json", "toolkit.json")
    assert (result.exit_code, result.stdout) == (0, "no difference\n")


def test_a_changed_binding_is_shown_with_its_old_and_new_line(awo, compiled):
    compiled["meta_tools"][0]["steps"][1]["args"]["order_id"]["path"] = "/other"
    result = awo("diff", "toolkit.json", saved(compiled))
    assert result.exit_code == 1
    assert "-   2  get_order(order_id=#1/order_id)" in result.stdout
    assert "+   2  get_order(order_id=#1/other)" in result.stdout
    assert "argument order_id: #1/order_id -> #1/other" in result.stdout


def test_other_evidence_is_told_and_passes(awo, compiled):
    compiled["meta_tools"][0]["evidence"]["tasks"] = 9_999
    result = awo("diff", "toolkit.json", saved(compiled))
    assert result.exit_code == 0
    assert "on other evidence: tasks" in result.stdout


def test_as_json_it_says_all_of_it(awo, compiled):
    gone = compiled["meta_tools"].pop(0)
    result = awo("diff", "toolkit.json", saved(compiled), "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told.keys() == {"same", "added", "removed", "changed", "tools", "evidence_only"}
    assert [each["name"] for each in told["removed"]] == [gone["name"]]
    assert told["same"] is False


def test_what_is_no_toolkit_is_bad_input(awo, compiled):
    result = awo("diff", "toolkit.json", "missing.json")
    assert result.exit_code == 2
    assert "missing.json cannot be read" in result.stderr


@pytest.mark.parametrize("width", [60, 80])
def test_in_a_terminal_every_line_is_marked_and_fits(awo, compiled, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    (first, *_) = compiled["meta_tools"]
    first["description"] = f"All of it: {first['description']}"
    gone = compiled["meta_tools"].pop()["name"] if len(compiled["meta_tools"]) > 1 else ""
    shown = awo("diff", "toolkit.json", saved(compiled)).stdout.splitlines()
    assert max(map(len, shown)) <= width
    assert any(line.startswith("  + All of it") for line in shown)
    assert {line.strip()[:1] for line in shown if line.startswith(("  -", "  +"))} == {"-", "+"}
    assert not gone or f"- {gone}(" in "\n".join(shown)
