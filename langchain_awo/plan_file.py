"""A compiled toolkit on disk: one readable JSON file, the same bytes for the same plan."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Final

from langchain_awo.errors import PlanError
from langchain_awo.model.encoding import loads, to_json
from langchain_awo.model.metatool import PLAN_SCHEMA_VERSION, ToolkitPlan
from langchain_awo.model.schema import dump, load_plan
from langchain_awo.model.trace import JSONValue
from langchain_awo.model.validation import check_plan

MAX_BYTES: Final = 32_000_000
"""Longer files are refused unread."""


def write_plan(plan: ToolkitPlan, path: str | os.PathLike[str]) -> None:
    """Writes a plan so that a reader sees the old file or the new one, never half of one.

    Raises:
        PlanError: the path cannot be written.
    """
    target = Path(path)
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        part = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(plan_text(plan))
            part.chmod(0o666 & ~_umask())
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise PlanError(
            f"{target} cannot be written: {error.strerror or error}; choose another path"
        ) from error


def check_target(path: str | os.PathLike[str]) -> None:
    """Makes sure before long work that `write_plan` could write there, and would overwrite nothing but a toolkit.

    Raises:
        PlanError: the path cannot be written, or holds something else.
    """
    target = Path(path)
    try:
        if target.is_dir():
            raise PlanError(f"{target} is a folder; name a file in it, such as {target / 'toolkit.json'}")
        with tempfile.NamedTemporaryFile(prefix=f".{target.name}.", dir=target.parent):
            pass
        is_other = target.exists() and target.stat().st_size > 0 and not is_plan_file(target)
    except OSError as error:
        raise PlanError(
            f"{target} cannot be written: {error.strerror or error}; choose another path"
        ) from error
    if is_other:
        raise PlanError(f"{target} exists and is not a compiled toolkit; choose another path, or remove it")


def is_plan_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file looks like a compiled toolkit, complete or not, of this version or another.

    Raises:
        OSError: it cannot be read.
    """
    with Path(path).open("rb") as file:
        head = file.read(1_000).lstrip()
    return head.startswith(b"{") and b'"schema_version"' in head and b'"langchain_awo"' not in head


def read_plan(path: str | os.PathLike[str]) -> ToolkitPlan:
    """Reads and checks a plan, without any live tool; nothing of it is executed.

    Raises:
        PlanError: the file cannot be read, or is not a plan that could be run.
    """
    source = Path(path)
    try:
        if source.stat().st_size > MAX_BYTES:
            raise PlanError(f"{source} is longer than {MAX_BYTES:,} bytes; a compiled toolkit never is")
        data = loads(source.read_bytes())
    except OSError as error:
        raise PlanError(f"{source} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise PlanError(f"{source} is not JSON: {error}") from error
    return plan_of(data, where=str(source))


def plan_text(plan: ToolkitPlan) -> str:
    """The stored form: indented JSON with its version first."""
    data = {"schema_version": plan.schema_version, **dump(plan)}
    return json.dumps(to_json(data), indent=2, ensure_ascii=False) + "\n"


def plan_of(data: JSONValue, *, where: str = "the toolkit") -> ToolkitPlan:
    """The plan that stored data describes, checked.

    Args:
        data: the parsed JSON.
        where: what to call it in errors.

    Raises:
        PlanError: it is of another version, or not a plan that could be run.
    """
    found = data.get("schema_version", PLAN_SCHEMA_VERSION) if isinstance(data, dict) else None
    if found != PLAN_SCHEMA_VERSION:
        raise PlanError(
            f"{where} has toolkit schema version {found!r}; this langchain_awo reads version "
            f"{PLAN_SCHEMA_VERSION}. Compile the traces again."
        )
    if isinstance(data, dict) and not {"schema_version", "meta_tools"} & data.keys():
        raise PlanError(
            f"{where} is not a compiled toolkit: it has neither schema_version nor meta_tools; `awo compile` writes one"
        )
    try:
        plan = load_plan(data)
    except (ValueError, RecursionError) as error:
        raise PlanError(f"{where} is not a compiled toolkit: {error}") from error
    if problem := check_plan(plan):
        raise PlanError(f"{where}: {problem}")
    return plan


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
