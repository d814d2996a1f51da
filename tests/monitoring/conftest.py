"""Histories of the demo, recorded once from real agents."""

from __future__ import annotations

import pytest

import langchain_awo as awo
from langchain_awo.demo.histories import record_histories
from langchain_awo.plan_file import read_plan
from tests.making import copy_made_once


@pytest.fixture(scope="session")
def histories(tmp_path_factory):
    """A folder with `toolkit.json` and a trace store for each history."""
    return copy_made_once(tmp_path_factory, "histories", record_histories)


@pytest.fixture(scope="session")
def plan(histories):
    return read_plan(histories / "toolkit.json")


@pytest.fixture(scope="session")
def traces_of(histories):
    """The traces of a history, by name."""
    found = {}

    def traces(name):
        if name not in found:
            found[name] = awo.load_traces(histories / f"{name}.db")
        return list(found[name])

    return traces
