"""Where the files of a Parquet folder lie: on a disk or an object store, by project and day."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final
from urllib.parse import quote, unquote

from fsspec.core import url_to_fs

from langchain_awo.errors import StoreError
from langchain_awo.model.secrets import hide_secrets
from langchain_awo.model.secrets.failures import describe_error
from langchain_awo.stores.selection import Selection

NOTHING: Final = "__HIVE_DEFAULT_PARTITION__"
"""Stands for no project, and for no known day."""

_DAY: Final = 86_400


def open_file_system(place: str) -> tuple[Any, str]:
    """A file system and a folder in it.

    Raises:
        StoreError: there is no such file system.
    """
    try:
        files, root = url_to_fs(place)
    except (ValueError, ImportError, OSError) as error:
        raise StoreError(f"{hide_secrets(place)} cannot be reached: {describe_error(error)}") from error
    return files, root.rstrip("/")


def partition_of(project: str, started_at: float | None) -> str:
    """The folder of a trace: `project=shop/day=2026-03-01`, days in UTC."""
    return f"project={quote(project, safe='') or NOTHING}/day={_format_day(started_at)}"


def may_hold(path: str, wanted: Selection) -> bool:
    """Whether a file can hold traces of a selection, by the folders it lies in."""
    names = dict(part.split("=", 1) for part in path.split("/") if "=" in part)
    project, day = names.get("project"), names.get("day")
    if wanted.scope.project is not None and project is not None:
        named = "" if project == NOTHING else unquote(project)
        if named != wanted.scope.project:
            return False
    return day is None or _is_in_time(day, wanted)


def _is_in_time(day: str, wanted: Selection) -> bool:
    if wanted.since is None and wanted.before is None:
        return True
    try:
        start = dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC).timestamp()
    except ValueError:
        return day != NOTHING  # what has no start meets no condition on it
    too_late = wanted.before is not None and start >= wanted.before
    return not too_late and (wanted.since is None or start + _DAY > wanted.since)


def _format_day(started_at: float | None) -> str:
    if started_at is None:
        return NOTHING
    try:
        return dt.datetime.fromtimestamp(started_at, dt.UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return NOTHING
