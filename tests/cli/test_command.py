"""The command as a process: quick help, exit codes, and nothing but results on stdout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import langchain_awo
from langchain_awo.cli import app


def run(*arguments, cwd=None):
    return subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-m", "langchain_awo", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(Path(langchain_awo.__file__).parents[1])},
    )


def test_help_and_version_need_neither_langchain_nor_scipy():
    """What a person waits for is not imported before it is needed."""
    code = (
        "import sys\nfrom langchain_awo.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'langchain_core', 'langgraph', 'scipy', 'numpy', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_process_says_what_is_wrong_and_exits_with_two(tmp_path):
    done = run("compile", "nothing.db", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("awo: there is no trace store at nothing.db")


def test_the_demo_leaves_its_files_behind_and_prints_json_alone(tmp_path):
    done = run("demo", "--tasks", "40", "--json", cwd=tmp_path)
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["same_final_state"] is True
    assert (
        found["before"].keys() == found["after"].keys() == {"model_calls", "tool_calls", "tokens", "seconds"}
    )
    assert {"meta_tools", "utilisation"} <= found.keys()
    assert {each.name for each in tmp_path.iterdir()} >= {"traces.db", "toolkit.json"}


def verbs(command, path=()):
    """Every command and group of commands."""
    for name, each in command.commands.items():
        yield (*path, name)
        if hasattr(each, "commands"):
            yield from verbs(each, (*path, name))


@pytest.mark.parametrize("verb", list(verbs(typer.main.get_command(app))), ids=" ".join)
def test_the_help_of_each_verb_has_an_example(verb):
    shown = CliRunner().invoke(app, [*verb, "--help"])
    assert shown.exit_code == 0
    assert f"awo {' '.join(verb)}" in " ".join(shown.stdout.split("Example")[1].split())


def test_the_version_is_that_of_the_package():
    assert CliRunner().invoke(app, ["--version"]).stdout == f"langchain-awo {langchain_awo.__version__}\n"


def test_completion_can_be_installed():
    assert "--install-completion" in CliRunner().invoke(app, ["--help"]).stdout
