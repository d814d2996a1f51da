"""The command line on a folder of its own."""

from __future__ import annotations

import json
import os

import pytest
from typer.testing import CliRunner

from langchain_awo.cli import app
from langchain_awo.stores import open_store
from tests.cli.recordings import order_run, talk_only

os.environ["LANGSMITH_TRACING"] = "false"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


@pytest.fixture
def awo(folder):
    """Runs `awo` with arguments; the result has the exit code, stdout and stderr."""
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def recordings(folder):
    """Forty recorded runs in which orders are looked up in two steps, as a file of messages."""
    path = folder / "orders.jsonl"
    path.write_text("".join(json.dumps(order_run(number)) + "\n" for number in range(40)))
    return path


@pytest.fixture
def store(awo, recordings):
    assert awo("import", "messages", recordings, "--store", "traces.db").exit_code == 0
    return recordings.parent / "traces.db"


@pytest.fixture
def talk(folder):
    """A run in which no tool was called."""
    path = folder / "talk.jsonl"
    path.write_text(json.dumps(talk_only()) + "\n")
    return path


@pytest.fixture
def empty_store(folder):
    with open_store(folder / "empty.db"):
        return folder / "empty.db"
