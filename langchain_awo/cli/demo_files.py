"""The files that the demo leaves behind: it replaces its own of an earlier time and nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from langchain_awo.errors import AwoError, StoreError

if TYPE_CHECKING:
    from langchain_awo.model.ir.metatool import ToolkitPlan

_MARK: Final = "awo_demo"


def mark_as_demo(plan: ToolkitPlan) -> ToolkitPlan:
    """The same plan, known as the demo's."""
    return replace(plan, settings={**plan.settings, _MARK: True})


def clear_earlier(traces: Path, toolkit: Path) -> list[Path]:
    """Removes what an earlier demo left behind.

    Returns:
        The files that are replaced.

    Raises:
        StoreError: one of the files is not the demo's.
    """
    kinds = ((traces, _is_own_store), (toolkit, _is_own_plan))
    found = [path for path, is_own in kinds if _is_taken(path, is_own)]
    for path in found:
        for each in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            each.unlink(missing_ok=True)
    return found


def _is_taken(path: Path, is_own: Callable[[Path], bool]) -> bool:
    if not path.exists():
        return False
    if not is_own(path):
        raise StoreError(
            f"{path} was not made by the demo, so it is kept; run awo demo in another folder, "
            "or name one with --directory"
        )
    return True


def _is_own_store(path: Path) -> bool:
    from langchain_awo.demo.agent.agent import TAG
    from langchain_awo.stores import open_store

    try:
        with open_store(path, create=False) as store:
            return all(TAG in trace.tags for trace in store.traces())
    except AwoError:
        return False


def _is_own_plan(path: Path) -> bool:
    from langchain_awo.plan_file import read_plan

    try:
        return _MARK in read_plan(path).settings
    except AwoError:
        return False
