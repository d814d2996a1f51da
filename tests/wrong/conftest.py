"""What is called wrongly: traces of a shop, a toolkit compiled from them, and a folder with both."""

from __future__ import annotations

import pytest

import langchain_awo as awo
from tests.optimizer.notation import traces_of
from tests.wrong.shop import RUNS, TOOLS


@pytest.fixture(scope="module")
def traces():
    return traces_of(RUNS)


@pytest.fixture(scope="module")
def kit(traces):
    return awo.compile_toolkit(traces, tools=TOOLS)


@pytest.fixture
def here(tmp_path, monkeypatch, kit, traces):
    """A folder with the traces and the toolkit in it."""
    monkeypatch.chdir(tmp_path)
    kit.save("toolkit.json")
    with awo.open_store("traces.db") as store:
        store.append(traces)
    return tmp_path
