"""Every notebook runs from a fresh kernel to its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import langchain_awo

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))

EXECUTE = """
import sys, nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
kernel = AsyncKernelManager(transport="ipc", ip="kernel")
NotebookClient(notebook, km=kernel, timeout=300).execute()
nbformat.write(notebook, sys.argv[2])
"""
"""In a process of its own: the kernel's client leaves sockets open."""


def test_every_notebook_is_in_the_index():
    index = (Path(__file__).parents[1] / "examples" / "README.md").read_text(encoding="utf-8")
    assert all(f"(../notebooks/{path.name})" in index for path in NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs(path, tmp_path):
    cells = json.loads(path.read_text())["cells"]
    assert all(not cell.get("outputs") for cell in cells), "clear the outputs before you commit"
    environment = os.environ | {
        "LANGSMITH_TRACING": "false",
        "PYTHONPATH": str(Path(langchain_awo.__file__).parents[1]),
        "IPYTHONDIR": str(tmp_path),
    }
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", EXECUTE, path, tmp_path / "out.ipynb"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "same final state: True" in (tmp_path / "out.ipynb").read_text()
