"""Defaults come from the configuration file of the current folder; the command line wins, and what makes no sense is an error."""

from __future__ import annotations

import json

import pytest

from langchain_awo.cli.settings import Settings
from langchain_awo.plan_file import read_plan
from tests.cli.test_bad_input import complaint
from tests.cli.test_verbs import SHOP_TOOLS
from tests.docs.test_documentation import VERBS


def table(*lines):
    return "\n".join(["[tool.langchain-awo]", *lines, ""])


def test_traces_and_toolkit_need_not_be_named(awo, store, folder):
    (folder / "pyproject.toml").write_text(table('traces = "traces.db"', 'toolkit = "toolkit.json"'))
    assert awo("compile").exit_code == 0
    found = json.loads(awo("replay", "--json").stdout)
    assert found["traces"] == 40


def test_the_command_line_wins(awo, store, folder):
    (folder / "awo.toml").write_text('protected = ["get_order"]\nmax-tools = 7\n')
    awo("compile", store)
    assert read_plan("toolkit.json").settings["protected"] == ["get_order"]
    assert read_plan("toolkit.json").settings["max_tools"] == 7
    awo("compile", store, "--protect", "find_user", "--max-tools", "2")
    assert read_plan("toolkit.json").settings["protected"] == ["find_user"]
    assert read_plan("toolkit.json").settings["max_tools"] == 2


def test_showing_checks_live_tools_only_when_asked(awo, store, folder):
    (folder / "awo.toml").write_text('tools = "gone:TOOLS"\nmodel = "m"\n')
    assert awo("show", store).exit_code == 0
    assert "gone" in complaint(awo("compile", store))


def test_effects_are_a_table(awo, store, folder):
    (folder / "awo.toml").write_text('[effects]\nget_order = "destructive"\n')
    awo("compile", store)
    assert read_plan("toolkit.json").settings["effects"] == {"get_order": "destructive"}


def test_the_files_own_paths_and_tools_are_seen_from_its_folder_and_what_is_imported_is_said(
    awo, store, folder
):
    (folder / "pyproject.toml").write_text(table('traces = "traces.db"', 'tools = "shop_here:tools"'))
    (folder / "shop_here.py").write_text(SHOP_TOOLS.format(parameters="order_id: str"))
    done = awo("compile")
    assert done.exit_code == 0
    assert {each.source for each in read_plan(folder / "toolkit.json").tools.values()} == {"tool"}
    said = " ".join(done.stderr.split())
    assert f"importing shop_here from {folder / 'shop_here.py'}" in said.replace("\n", "")
    assert "[tool.langchain-awo]" in said


def test_a_file_of_a_folder_above_is_not_read_and_its_tools_are_not_imported(awo, store, folder, monkeypatch):
    (folder / "awo.toml").write_text('tools = "trap_above:TOOLS"\n')
    (folder / "trap_above.py").write_text("raise SystemExit('imported')\n")
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert json.loads(awo("config", "--json").stdout) == {"file": None, "values": {}}
    done = awo("compile", store if "://" in str(store) else str(folder / "traces.db"))
    assert done.exit_code == 0
    assert "importing" not in done.stderr


def test_what_is_configured_is_shown_with_its_file(awo, folder):
    assert "neither awo.toml nor" in awo("config").stdout
    assert json.loads(awo("config", "--json").stdout) == {"file": None, "values": {}}
    (folder / "pyproject.toml").write_text(table('traces = "traces.db"', "max_tools = 3"))
    shown = awo("config").stdout
    assert f"[tool.langchain-awo] of {folder / 'pyproject.toml'}" in shown
    assert "max-tools = 3" in shown
    found = json.loads(awo("config", "--json").stdout)
    assert found["values"] == {"traces": str(folder / "traces.db"), "max_tools": 3}


BAD = {
    "an unknown key": ("max-tool = 3", ["awo.toml has no key 'max-tool'", "max-tools"]),
    "a key like no other": ("xyzzy = 3", ["awo.toml has no key 'xyzzy'; the keys are traces, toolkit"]),
    "text for a number": ('max-tools = "3"', ["awo.toml: max-tools: ", "integer"]),
    "no tools at all": ("max-tools = 0", ["awo.toml: max-tools: "]),
    "a share above one": ("held-out = 1.5", ["awo.toml: held-out: "]),
    "an effect that does not exist": ('effects = {a = "harmless"}', ["effects/a", "idempotent_write"]),
    "no TOML": ("max-tools = = 3", ["awo.toml is not TOML"]),
}


@pytest.mark.parametrize("what", BAD)
def test_what_makes_no_sense_is_refused_and_named(awo, store, folder, what):
    text, told = BAD[what]
    (folder / "awo.toml").write_text(text)
    for verb in (["compile", store], ["config"]):
        said = complaint(awo(*verb))
        assert all(part in said for part in told)


def test_two_files_in_one_folder_are_an_error(awo, folder):
    (folder / "pyproject.toml").write_text(table())
    (folder / "awo.toml").write_text("")
    assert "keep only one" in complaint(awo("config"))


def test_a_table_that_is_none_is_refused(awo, folder):
    (folder / "pyproject.toml").write_text("[tool]\nlangchain-awo = 3\n")
    assert "is not a table" in complaint(awo("config"))


def test_help_and_version_need_no_configuration(awo, folder):
    (folder / "awo.toml").write_text("max-tools = = 3")
    assert awo("--help").exit_code == awo("--version").exit_code == 0


STORE = {"store", "project", "tenant", "environment", "dry-run"}
"""Which store, and whose traces in it: never to be taken from a file by `awo store delete`."""


def test_every_key_is_an_option_and_every_shared_option_a_key():
    """Options that two verbs have in common, and that say what to work on, can be configured."""
    keys = {name.replace("_", "-") for name in Settings.model_fields} - {"traces", "protected", "effects"}
    options = [{each.removeprefix("--") for each in options} for options in VERBS.values()]
    assert all(any(key in each for each in options) for key in keys)
    shared = {each for each in set().union(*options) if sum(each in own for own in options) > 1}
    each_time = {
        "help",
        "h",
        "-o",
        "-t",
        "json",
        "output",
        "protect",
        "effect",
        "key-file",
        "state",
        "workers",
    }
    deciding = {"by", "reason", "check"}
    assert shared - keys <= each_time | deciding | STORE
