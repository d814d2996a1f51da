"""The password in the address of a store is for the server alone."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from langchain_awo.cli import app
from langchain_awo.stores import open_store
from langchain_awo.testing.store_conformance import example_trace

PASSWORD = "tern-41-lintel"  # noqa: S105  # made up


@pytest.fixture
def address(postgres_url):
    """Of a store with a trace; the tests' server takes any password."""
    with open_store(postgres_url) as store:
        store.append([example_trace(1)])
    return postgres_url.replace("tester@", f"tester:{PASSWORD}@")


@pytest.mark.parametrize(
    "words",
    [
        ["store", "info"],
        ["store", "show", "trace-1"],
        ["store", "vacuum"],
        ["store", "delete", "--trace", "t2", "--dry-run"],
        ["store", "prune", "--older-than", "1h"],
        ["export", "traces", "-o", "runs.parquet"],
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_verb_shows_it(address, words, form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(app, [*words, "--store", address, *form])
    assert shown.exit_code == 0, shown.output
    assert PASSWORD not in shown.output
