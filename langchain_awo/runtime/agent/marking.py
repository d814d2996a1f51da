"""Marks model calls with what is installed, so that whoever records them knows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from langchain_core.runnables.config import RunnableConfig, var_child_runnable_config

from langchain_awo.model.ir.installation import INSTALLED, Installation


@contextmanager
def marked(installation: Installation) -> Iterator[None]:
    """What runs inside carries the mark in its metadata."""
    current: RunnableConfig = var_child_runnable_config.get() or {}
    metadata = {**current.get("metadata", {}), INSTALLED: installation.as_json()}
    token = var_child_runnable_config.set({**current, "metadata": metadata})
    try:
        yield
    finally:
        var_child_runnable_config.reset(token)
