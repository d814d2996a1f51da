"""What holds for every verb: bad input ends with one clear line and exit code 2, and nothing is overwritten."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
import typer

from langchain_awo.cli import app
from langchain_awo.cli.terminal import put_table
from tests.cli.test_bad_input import complaint

WITH_TRACES = {
    ("compile",): ["compile", "TRACES", "-o", "OUT.json"],
    ("recompile",): ["recompile", "TRACES", "-t", "TOOLKIT", "-o", "OUT.json"],
    ("show",): ["show", "TRACES"],
    ("rules", "suggest"): ["rules", "suggest", "TRACES"],
    ("evaluate",): ["evaluate", "TRACES"],
    ("estimate",): ["estimate", "TRACES"],
    ("explain",): ["explain", "TRACES", "find_user > get_order"],
    ("replay",): ["replay", "TRACES", "-t", "TOOLKIT"],
    ("monitor",): ["monitor", "TRACES", "-t", "TOOLKIT"],
    ("report",): ["report", "TRACES", "-t", "TOOLKIT", "-o", "OUT.html"],
    ("import",): ["import", "TRACES", "--store", "OUT.db"],
    ("export", "traces"): ["export", "traces", "--store", "TRACES", "-o", "OUT.parquet"],
    ("store", "info"): ["store", "info", "--store", "TRACES"],
    ("store", "show"): ["store", "show", "any", "--store", "TRACES"],
    ("store", "prune"): ["store", "prune", "--store", "TRACES", "--older-than", "30d"],
    ("store", "delete"): ["store", "delete", "--store", "TRACES", "--user", "ann"],
    ("store", "vacuum"): ["store", "vacuum", "--store", "TRACES"],
}

WITH_TOOLKIT = {
    ("recompile",): WITH_TRACES["recompile",],
    ("show",): ["show", "TOOLKIT"],
    ("diff",): ["diff", "TOOLKIT", "TOOLKIT"],
    ("export", "toolkit"): ["export", "TOOLKIT", "--python", "-o", "OUT.py"],
    ("seal",): ["seal", "TOOLKIT"],
    ("review",): ["review", "TOOLKIT"],
    ("accept",): ["accept", "TOOLKIT", "any"],
    ("reject",): ["reject", "TOOLKIT", "any"],
    ("undecide",): ["undecide", "TOOLKIT", "any"],
    ("rename",): ["rename", "TOOLKIT", "any", "other"],
    ("reword",): ["reword", "TOOLKIT", "any", "Other words."],
    ("set-mode",): ["set-mode", "TOOLKIT", "any", "append"],
    ("replay",): WITH_TRACES["replay",],
    ("monitor",): WITH_TRACES["monitor",],
    ("report",): WITH_TRACES["report",],
}

NEITHER = {("demo",), ("schema",), ("config",)}


def verbs(command, path=()):
    """Every command that does something."""
    for name, each in command.commands.items():
        yield from verbs(each, (*path, name)) if hasattr(each, "commands") else [(*path, name)]


def test_no_verb_is_forgotten():
    assert {*verbs(typer.main.get_command(app))} == WITH_TRACES.keys() | WITH_TOOLKIT.keys() | NEITHER


@pytest.fixture
def ready(awo, store, folder):
    """A store, a toolkit, and files that verbs could overwrite."""
    assert awo("compile", store, "-o", "toolkit.json").exit_code == 0
    (folder / "OUT.json").write_bytes((folder / "toolkit.json").read_bytes())
    assert awo("report", store, "-t", "toolkit.json", "-o", "OUT.html", "--no-evaluate").exit_code == 0
    (folder / "OUT.py").write_text("# earlier")
    return folder


def complains(awo, folder, arguments, *, traces="traces.db", toolkit="toolkit.json"):
    """What a verb says that cannot do its work, with every file as it was."""
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.name.startswith("OUT")}
    given = [{"TRACES": traces, "TOOLKIT": toolkit}.get(each, each) for each in arguments]
    said = complaint(awo(*given))
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.name.startswith("OUT")}
    assert {name: text for name, text in after.items() if name in before} == before
    assert len(said.strip().splitlines()) == 1, said
    return said


@pytest.mark.parametrize("verb", WITH_TRACES, ids=" ".join)
def test_traces_that_are_not_there_are_named(awo, ready, verb):
    for missing in ("gone.db", "gone.jsonl"):
        assert missing in complains(awo, ready, WITH_TRACES[verb], traces=missing)


@pytest.mark.parametrize("verb", WITH_TRACES, ids=" ".join)
def test_traces_of_another_version_are_refused(awo, ready, verb):
    with closing(sqlite3.connect(ready / "traces.db")) as database, database:
        database.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    said = complains(awo, ready, WITH_TRACES[verb])
    assert "schema version" in said or verb == ("import",)


@pytest.mark.parametrize("verb", WITH_TRACES, ids=" ".join)
def test_a_torn_store_is_refused(awo, ready, verb):
    whole = (ready / "traces.db").read_bytes()
    (ready / "torn.db").write_bytes(whole[:100])
    assert "torn.db" in complains(awo, ready, WITH_TRACES[verb], traces="torn.db")


@pytest.mark.parametrize("verb", WITH_TOOLKIT, ids=" ".join)
def test_a_toolkit_that_is_not_there_is_named(awo, ready, verb):
    assert "gone.json" in complains(awo, ready, WITH_TOOLKIT[verb], toolkit="gone.json")


@pytest.mark.parametrize("verb", WITH_TOOLKIT, ids=" ".join)
def test_a_toolkit_of_another_version_is_refused(awo, ready, verb):
    (ready / "old.json").write_text('{"schema_version": 99}')
    assert "toolkit schema version 99" in complains(awo, ready, WITH_TOOLKIT[verb], toolkit="old.json")


@pytest.mark.parametrize("verb", WITH_TOOLKIT, ids=" ".join)
def test_a_torn_toolkit_is_refused(awo, ready, verb):
    whole = (ready / "toolkit.json").read_bytes()
    (ready / "torn.json").write_bytes(whole[: len(whole) // 2])
    assert "torn.json is not JSON" in complains(awo, ready, WITH_TOOLKIT[verb], toolkit="torn.json")


@pytest.mark.parametrize("verb", ["show", "evaluate", "estimate", "replay", "monitor"])
def test_tables_fit_a_terminal_of_eighty_columns(awo, ready, monkeypatch, verb):
    monkeypatch.setenv("COLUMNS", "80")
    arguments = ["-t", "toolkit.json"] if verb in ("replay", "monitor") else []
    lines = awo(verb, "traces.db", *arguments).stdout.splitlines()
    rules = [i for i, line in enumerate(lines) if line.startswith("──")]
    assert rules
    for first in rules:
        for line in lines[first - 1 :]:
            if not line.strip():
                break
            assert len(line.rstrip()) <= 80


def test_names_that_are_too_long_for_a_table_are_folded_and_not_cut(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    name = "get_order_with_shipment_product_and_issue_refund_and_send_email_again"
    put_table("Title", ["meta-tool", *(f"figure {n}" for n in range(5))], [[name, *("1,234,567",) * 5]])
    shown = capsys.readouterr().out
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80
    assert name in shown


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_verbs_and_options(shell):
    def completed(*words):
        environment = os.environ | {
            "_AWO_COMPLETE": f"complete_{shell}",
            "_TYPER_COMPLETE_ARGS": " ".join(words),
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            "COMP_WORDS": " ".join(words),
            "COMP_CWORD": str(len(words) - 1),
        }
        command = [
            sys.executable,
            "-c",
            "from langchain_awo.cli import main; import sys; sys.argv = ['awo']; main()",
        ]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603
        return done.stdout

    assert "recompile" in completed("awo", "recom")
    assert "--utilisation" in completed("awo", "estimate", "--uti")
