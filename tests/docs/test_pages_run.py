"""Whoever does what the pages say gets what the pages show."""

from __future__ import annotations

import gzip
import importlib
import json
import shutil

import pytest

from langchain_awo.demo import histories
from tests.cli.recordings import order_run
from tests.docs.pages import PAGES, blocks_of
from tests.docs.reader import Reader, folder_on_path
from tests.making import copy_made_once

TUTORIAL = "docs/tutorial.md"
FIRST_HOUR = "docs/first-hour.md"

ONLY_SHOWN = {
    "docs/benchmarks.md": "needs the recordings, and minutes",
    "docs/figures.md": "takes minutes; tests/test_examples.py holds what it can",
    "docs/cli.md": "shows every verb with files that only its readers have",
    "CONTRIBUTING.md": "is about this repository",
    "docs/worlds.md": "needs minutes; tests/test_examples.py runs both with fewer tasks",
    "docs/file-formats.md": "has a test of its own",
}
"""Pages whose commands are looked up and not run; see `test_every_command_that_is_shown_is_one`."""

RUN = [
    page
    for page in PAGES
    if page not in ONLY_SHOWN
    and page not in {TUTORIAL, FIRST_HOUR}
    and {"python", "console"} & {block.language for block in blocks_of(page)}
]


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """The folder at the end of the tutorial: the shop, its traces and its toolkit. Making it is the tutorial's test."""
    return read_in_an_empty_folder(TUTORIAL, tmp_path_factory.mktemp("tutorial"))


def read_in_an_empty_folder(page, folder):
    with pytest.MonkeyPatch.context() as patch, folder_on_path(folder):
        patch.chdir(folder)
        patch.setenv("LANGSMITH_TRACING", "false")
        patch.setenv("COLUMNS", "100")
        Reader().read(page)
    return folder


def test_the_tutorial_does_what_it_says(shop):
    assert {"shop", "shop.db", "traces.db", "toolkit.json"} <= {path.name for path in shop.iterdir()}


def test_the_first_hour_goes_as_it_says(tmp_path):
    folder = read_in_an_empty_folder(FIRST_HOUR, tmp_path)
    assert {"library", "traces.db", "toolkit.json"} <= {path.name for path in folder.iterdir()}


@pytest.fixture
def recorded_once(tmp_path_factory, monkeypatch):
    """Who records the demo's histories gets a copy of those that tests of monitoring look at too: it takes long."""
    record = histories.record_histories

    def copied(folder):
        shutil.copytree(copy_made_once(tmp_path_factory, "histories", record), folder)

    monkeypatch.setattr(histories, "record_histories", copied)


@pytest.mark.parametrize("page", RUN)
def test_what_the_page_shows_runs(page, shop, tmp_path, monkeypatch, recorded_once):
    """In a copy of the tutorial's folder, where `tools`, `model`, `agent` and `inputs` are those of the shop."""
    folder = tmp_path / "copy"
    shutil.copytree(shop, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(folder)
    write_a_recording()
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    monkeypatch.setenv("COLUMNS", "100")
    with folder_on_path(folder):
        Reader(**names_of_the_shop(importlib.import_module("shop.agent"))).read(page)


def write_a_recording():
    """The recording that pages about importing read."""
    with gzip.open("recordings.jsonl.gz", "wt") as recordings:
        recordings.write(json.dumps(order_run(1)) + "\n")


def names_of_the_shop(agents):
    """What pages take for granted, from the tutorial's module."""
    question = "What has p3@example.com ordered for in total?"
    return {
        "tools": agents.TOOLS,
        "model": agents.model,
        "agent": agents.agent,
        "inputs": {"messages": [("user", question)]},
    }
