"""Whoever only records, or only installs, imports nothing of what compiling needs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json, resource, sys, time
import_started = time.process_time()
{code}
print(json.dumps({{
    "modules": sorted({{name.partition(".")[0] for name in sys.modules}} - set(sys.stdlib_module_names)),
    "own": sorted(name for name in sys.modules if name.startswith("langchain_awo.")),
    "cpu": time.process_time() - import_started,
    "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
}}))
"""

RECORDER = "from langchain_awo import TraceRecorder, record, session"
AGENT = "from langchain_awo import MetaToolMiddleware, MetaToolkit, TraceRecorder"

OWN = {"langchain_awo", "orjson", "yaml", "filelock", "ahocorasick_rs"}
"""What of the loaded packages is there for our sake."""

HEAVY = {"scipy", "numpy", "networkx", "pandas", "pyarrow", "typer", "jinja2", "psycopg", "sqlalchemy"}


def load(code):
    command = [sys.executable, "-c", PROGRAM.format(code=code)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # our own source
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("code", "langchain"),
    [
        (RECORDER, "import langchain_core.tools, langgraph.graph"),
        (AGENT, "import langchain.agents"),
    ],
    ids=["recorder", "middleware"],
)
def test_only_what_langchain_loads_anyhow_is_loaded(code, langchain):
    ours, theirs = load(code), load(langchain)
    assert set(ours["modules"]) <= set(theirs["modules"]) | OWN
    assert not HEAVY & set(ours["modules"])
    assert ours["memory"] <= 1.25 * theirs["memory"]


def test_recording_needs_neither_the_optimizer_nor_the_runtime():
    own = load(RECORDER)["own"]
    assert not [name for name in own if name.split(".")[1] in ("optimizer", "runtime", "monitoring", "cli")]


@pytest.mark.parametrize(("name", "needed"), [("traces.db", {"sqlalchemy"}), ("traces.jsonl", set())])
def test_opening_a_store_loads_what_this_kind_needs(name, needed, tmp_path):
    loaded = load(f"{RECORDER}\nTraceRecorder({str(tmp_path / name)!r}).close()")["modules"]
    assert HEAVY & set(loaded) == needed


@pytest.mark.parametrize("module", ["cli.show", "cli.rules", "api.watcher", "api.reporter"])
def test_looking_at_recordings_needs_no_langchain(module):
    loaded = load(f"import langchain_awo.{module}")["modules"]
    assert not {"langchain_core", "langgraph", "langsmith"} & set(loaded)
