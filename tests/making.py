"""Things that take long to make and that several tests look at: made once, whatever the number of processes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def copy_made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A copy of a folder that the first process to ask for it has made; its own, to write in.

    Args:
        name: of the folder, the same in all processes.
        make: fills an empty folder.
    """
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    made, done = shared / f"made_{name}", shared / f"made_{name}.done"
    with FileLock(shared / f"made_{name}.lock"):
        if not done.exists():
            shutil.rmtree(made, ignore_errors=True)  # of a process that did not come to its end
            made.mkdir()
            make(made)
            done.touch()
    return Path(shutil.copytree(made, factory.mktemp(name) / "copy"))
