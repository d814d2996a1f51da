"""Every notebook runs from a fresh kernel to its end, and is kept with what it showed.

    python -m tests.test_notebooks

runs them and writes what they show into them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import langchain_awo

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))

MOST_HTML = 100_000
"""Characters of an output beyond which it is a whole page."""

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
    execute(path, tmp_path / "out.ipynb", folder=tmp_path)
    assert "same final state: True" in (tmp_path / "out.ipynb").read_text()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_is_kept_with_its_outputs(path):
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    assert any(cell["outputs"] for cell in cells), "run: python -m tests.test_notebooks"
    kinds = {output["output_type"] for cell in cells for output in cell["outputs"]}
    assert "error" not in kinds


def execute(path, target, *, folder):
    """Runs a notebook in a folder and writes it, with its outputs, to a target."""
    environment = os.environ | {
        "LANGSMITH_TRACING": "false",
        "PYTHONPATH": str(Path(langchain_awo.__file__).parents[1]),
        "IPYTHONDIR": str(folder),
    }
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", EXECUTE, path, target],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def leave_out_pages(path):
    """Drops the interactive pages, which GitHub does not show and which would be most of the file; their plain form stays."""
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if len(str(output.get("data", {}).get("text/html", ""))) > MOST_HTML:
                del output["data"]["text/html"]
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    for notebook in NOTEBOOKS:
        with tempfile.TemporaryDirectory() as scratch:
            execute(notebook, notebook, folder=Path(scratch))
        leave_out_pages(notebook)
