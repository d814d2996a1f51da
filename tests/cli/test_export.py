"""`awo export` shows a toolkit as code, and says what it needs to serve one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest


@pytest.fixture
def toolkit(awo, store):
    assert awo("compile", store).exit_code == 0
    return "toolkit.json"


def test_a_toolkit_is_printed_or_written_as_the_same_code(awo, toolkit):
    printed = awo("export", toolkit, "--python").stdout
    written = awo("export", toolkit, "--python", "-o", "view.py")
    assert (written.exit_code, written.stdout) == (0, "")
    assert Path("view.py").read_text() == printed
    assert "tools.get_order(order_id=step_1['order_id'])" in printed
    ast.parse(printed)


BAD = {
    "no form": ([], "--python or --mcp"),
    "both forms": (["--python", "--mcp"], "--python or --mcp"),
    "a server without tools": (["--mcp"], "--tools"),
    "a server in a file": (["--mcp", "-o", "x"], "--output"),
    "the toolkit itself": (["--python", "-o", "toolkit.json"], "choose another path"),
    "a file that cannot be": (["--python", "-o", "nowhere/view.py"], "cannot be written"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_exported_is_said(awo, toolkit, what):
    options, named = BAD[what]
    result = awo("export", toolkit, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr.replace("│", " ")
