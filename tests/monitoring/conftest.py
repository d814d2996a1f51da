"""Histories of the demo, recorded once from real agents."""

from __future__ import annotations

import pytest

import langchain_awo as awo
from langchain_awo.demo.histories import record_histories
from langchain_awo.plan_file import read_plan


@pytest.fixture(scope="session")
def histories(tmp_path_factory):
    """A folder with `toolkit.json` and a trace store for each history."""
    folder = tmp_path_factory.mktemp("histories")
    record_histories(folder)
    return folder


@pytest.fixture(scope="session")
def plan(histories):
    return read_plan(histories / "toolkit.json")


@pytest.fixture(scope="session")
def traces_of(histories):
    """The traces of a history, by name."""
    return lambda name: awo.load_traces(histories / f"{name}.db")
