"""`awo demo` does the tour with the real parts, and touches no file but its own."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

import langchain_awo as awo_package
from langchain_awo.cli import app, demo
from langchain_awo.plan_file import read_plan
from langchain_awo.stores import open_store


@pytest.fixture(scope="module")
def tour(tmp_path_factory):
    """One tour, and the folder it was made in."""
    folder = tmp_path_factory.mktemp("tour")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = CliRunner().invoke(app, ["demo", "--tasks", "60"])
    assert result.exit_code == 0, result.stderr
    return result, folder


@pytest.fixture
def toured(tour, folder):
    """The result of the tour, in a folder that looks as it was left."""
    result, left = tour
    shutil.copytree(left, folder, dirs_exist_ok=True)
    return result


def test_the_tour_is_told_from_end_to_end(toured):
    assert "A scripted model stands in for an LLM" in toured.stderr
    for part in ("model calls", "tokens", "seconds", "Utilisation", "Same final state of the database: yes"):
        assert part in toured.stdout
    assert "awo show toolkit.json" in toured.stdout


def test_its_files_are_what_the_other_verbs_read(awo, toured):
    assert json.loads(awo("show", "traces.db", "--json").stdout)["traces"] == 42
    assert read_plan("toolkit.json").meta_tools
    assert awo("replay", "traces.db", "--toolkit", "toolkit.json").exit_code == 0


def test_a_second_time_replaces_the_files_of_the_first(awo, toured):
    again = awo("demo", "--tasks", "20", "--json")
    assert "replacing traces.db and toolkit.json of an earlier demo" in again.stderr
    assert len(awo_package.load_traces("traces.db")) == 14


def test_the_traces_of_others_are_left_alone(awo, store):
    before = store.read_bytes()
    result = awo("demo", "--tasks", "20")
    assert result.exit_code == 2
    assert "traces.db was not made by the demo" in result.stderr
    assert store.read_bytes() == before


def test_the_toolkit_of_others_is_left_alone(awo, store, folder):
    awo("compile", store)
    store.unlink()
    result = awo("demo", "--tasks", "20")
    assert result.exit_code == 2
    assert "toolkit.json was not made by the demo" in result.stderr
    assert not store.exists()


def test_a_file_that_is_no_store_is_left_alone(awo, folder):
    (folder / "traces.db").write_text("my notes")
    assert awo("demo").exit_code == 2
    assert (folder / "traces.db").read_text() == "my notes"


def test_a_folder_can_be_named(awo, folder):
    (folder / "there").mkdir()
    assert awo("demo", "--tasks", "20", "--directory", "there").exit_code == 0
    with open_store(folder / "there" / "traces.db", create=False) as store:
        assert len(store) == 14
    assert awo("demo", "--directory", "nowhere").exit_code == 2


def test_a_model_that_cannot_be_had_is_an_error_before_the_work(awo, folder):
    result = awo("demo", "--model", "nobody:nothing")
    assert result.exit_code == 2
    assert "nobody" in result.stderr
    assert list(folder.iterdir()) == []


def test_a_run_that_ends_elsewhere_is_told_by_the_exit_code(awo, folder, monkeypatch):
    """The check is real: a world that differs by one e-mail is found."""
    installed = demo._Tour._install

    def meddling(tour, model, tools, compiled):
        send = next(tool for tool in tools if tool.name == "send_email")
        send.invoke({"to": "a@example.com", "subject": "s", "body": "b"})
        return installed(tour, model, tools, compiled)

    monkeypatch.setattr(demo._Tour, "_install", meddling)
    result = awo("demo", "--tasks", "20")
    assert result.exit_code == 1
    told = next(line for line in result.stdout.splitlines() if "NO; these tables differ" in line)
    assert "emails" in told
