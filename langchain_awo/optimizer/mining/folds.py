"""Folds: parts of the tasks, each of which is held out once while something is found on the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_awo.model.text.encoding import compute_digest

FOLDS: Final = 4
"""Parts the tasks are dealt into; each is held out once."""


def deal_folds(kinds: Mapping[str, Any]) -> dict[str, int]:
    """The fold of each task: tasks of one kind are dealt one after the other, so that no fold holds them all.

    Args:
        kinds: by task, what it is like; anything that has an order.
    """
    ranked = sorted(kinds, key=lambda task: (kinds[task], compute_digest(task)))
    return {task: number % FOLDS for number, task in enumerate(ranked)}
