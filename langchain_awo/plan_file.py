"""A compiled toolkit on disk: one readable JSON file, the same bytes for the same plan."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from filelock import Timeout

from langchain_awo.errors import ArgumentError, ChangedError, PlanError, SealError
from langchain_awo.model.ir.argument_checks import describe_kind
from langchain_awo.model.ir.metatool import OLDEST_READ, PLAN_SCHEMA_VERSION, ToolkitPlan
from langchain_awo.model.ir.schema import dump, load_plan
from langchain_awo.model.ir.seal import Seal, seal_of
from langchain_awo.model.ir.validation import check_plan
from langchain_awo.model.text.encoding import loads, to_json
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.small_files import LOCK_SECONDS, lock_file, read_small_file, replace_file

_log = logging.getLogger(__name__)

MIN_KEY: Final = 16
"""Shorter keys are guessed."""

MAX_KEY: Final = 1_000_000
"""Bytes of a file with a key."""

MAX_BYTES: Final = 32_000_000
"""Longer files are refused unread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """A toolkit file as it was read.

    Attributes:
        where: what to call it in errors.
        seal: what it says of its own content; `None` if it was written before there were seals, or by hand.
        stamp: SHA-256 of its bytes; another one means that somebody else wrote it since.
    """

    where: str
    plan: ToolkitPlan
    seal: Seal | None
    stamp: str = ""

    @property
    def is_edited(self) -> bool:
        """Whether it was changed since it was sealed."""
        return self.seal is not None and not self.seal.is_of(self.plan)

    def problem(self, *, key: str | bytes | None = None) -> str:
        """Why the content is not what somebody sealed, with the fix, or `""`.

        Args:
            key: whoever sealed it must have signed with this key.
        """
        again = f"review it (`awo show {self.where}`) and seal it again (`awo seal {self.where}`)"
        if self.seal is None:
            return f"{self.where} has no seal, so nothing tells whether it was edited; {again}"
        if self.is_edited:
            return f"{self.where} was edited since it was sealed; {again}"
        if key is not None and not self.seal.is_signed_with(key):
            return f"{self.where} is not signed with this key; review it and run `awo seal {self.where} --key-file KEY`"
        return ""

    def check(self, *, key: str | bytes | None = None) -> None:
        """Accepts what is sealed, and with a warning what has no seal; with a key only what is signed with it.

        Raises:
            SealError: the file was edited since it was sealed, or is not signed with the key.
        """
        problem = self.problem(key=key)
        if problem and (self.seal is not None or key is not None):
            raise SealError(problem)
        if problem:
            _log.warning("%s. Until then what it says of effects is not believed", problem)


def write_plan(plan: ToolkitPlan, path: str | os.PathLike[str], *, key: str | bytes | None = None) -> None:
    """Writes a plan, sealed, so that a reader sees the old file or the new one, never half of one.

    Args:
        plan: what to write.
        path: where to.
        key: signs the seal; needed again to read what must be signed.

    Raises:
        PlanError: the path cannot be written.
    """
    target = Path(path)
    try:
        replace_file(target, encode_plan(plan, key=key))
    except OSError as error:
        raise PlanError(
            f"{target} cannot be written: {error.strerror or error}; choose another path"
        ) from error


def update_plan(
    path: str | os.PathLike[str],
    change: Callable[[ToolkitPlan], ToolkitPlan],
    *,
    key: str | bytes | None = None,
    stamp: str = "",
) -> PlanFile:
    """Changes a sealed file in place, one writer after the other, and seals it again.

    Args:
        path: a toolkit file.
        change: from what the file holds now to what it is to hold.
        key: signs the seal; needed if it is signed.
        stamp: of what the change was decided on; another content of the file is then left as it is.

    Raises:
        ChangedError: somebody else wrote the file since.
        SealError: it was edited since it was sealed, or is signed and there is no key.
        PlanError: it cannot be read or written.
    """
    target = Path(path)
    try:
        with lock_file(target):
            return _update_file(target, change, key=key, stamp=stamp)
    except Timeout as error:
        raise PlanError(
            f"another process has been changing {target} for {LOCK_SECONDS} seconds; end it"
        ) from error
    except OSError as error:
        raise PlanError(f"{target} cannot be changed: {error.strerror or error}") from error


def _update_file(
    target: Path, change: Callable[[ToolkitPlan], ToolkitPlan], *, key: str | bytes | None, stamp: str
) -> PlanFile:
    file = read_plan_file(target)
    if stamp and file.stamp != stamp:
        raise ChangedError(f"{target} was changed by somebody else meanwhile; look at it again, then decide")
    check_writable(file, key=key)
    plan = change(file.plan)
    if read_plan_file(target).stamp != file.stamp:
        raise ChangedError(f"{target} was changed by somebody else meanwhile; try again")
    write_plan(plan, target, key=key)
    return read_plan_file(target)


def check_writable(file: PlanFile, *, key: str | bytes | None = None) -> None:
    """Makes sure that sealing a file again vouches for nothing that nobody reviewed, and loses no signature.

    Raises:
        SealError: it would.
    """
    if problem := file.problem(key=key):
        raise SealError(problem)
    if key is None and file.seal and file.seal.signature:
        raise SealError(f"{file.where} is signed; name the key with --key-file, so that it is signed again")


def check_target(path: str | os.PathLike[str]) -> None:
    """Makes sure before long work that `write_plan` could write there, and would overwrite nothing but a toolkit.

    Raises:
        PlanError: the path cannot be written, or holds something else.
    """
    target = Path(path)
    try:
        if target.is_dir():
            raise PlanError(f"{target} is a folder; give a file in it, such as {target / 'toolkit.json'}")
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


def is_database(path: Path) -> bool:
    """Whether a file is a SQLite database, as trace stores are.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return file.read(16).startswith(b"SQLite format 3")


def read_plan(path: str | os.PathLike[str]) -> ToolkitPlan:
    """Reads and checks a plan and its seal, without any live tool; nothing of it is executed.

    Args:
        path: what `write_plan` wrote.

    Raises:
        ArgumentError: it is no path.
        PlanError: the file cannot be read, or is not a plan that could be run.
        SealError: it was edited since it was sealed.
    """
    file = read_plan_file(path)
    file.check()
    return file.plan


def read_plan_file(path: str | os.PathLike[str]) -> PlanFile:
    """Reads a plan that may have been edited, for those who review it; nothing of it is executed.

    Raises:
        PlanError: the file cannot be read, or is not a plan that could be run.
    """
    if not isinstance(path, str | os.PathLike):
        raise ArgumentError(
            f"the toolkit is {describe_kind(path)}; give a compiled one, or the path of a saved one, such as 'toolkit.json'"
        )
    source = Path(path)
    try:
        if source.is_file() and is_database(source):
            raise PlanError(
                f"{source} is a trace store, not a toolkit; `awo compile {source}` makes one of it"
            )
        if source.stat().st_size > MAX_BYTES:
            raise PlanError(f"{source} is larger than {MAX_BYTES:,} bytes; a compiled toolkit never is")
        text = read_small_file(source, limit=MAX_BYTES)
        data = loads(text)
    except OSError as error:
        raise PlanError(f"{source} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise PlanError(f"{source} is not JSON: {error}") from error
    plan = decode_plan(data, where=str(source))
    seal = _seal_in(data, where=str(source))
    return PlanFile(where=str(source), plan=plan, seal=seal, stamp=hashlib.sha256(text).hexdigest())


def read_key(path: str | os.PathLike[str]) -> bytes:
    """The key in a file, without the line break that editors put at its end.

    Raises:
        SealError: the file cannot be read, or holds too little to be a key.
    """
    try:
        key = read_small_file(path, limit=MAX_KEY).strip()
    except OSError as error:
        raise SealError(f"the key file {path} cannot be read: {error.strerror or error}") from error
    if len(key) < MIN_KEY:
        raise SealError(
            f"the key in {path} has {len(key)} bytes; use at least {MIN_KEY}, such as 64 hexadecimal digits"
        )
    return key


def encode_plan(plan: ToolkitPlan, *, key: str | bytes | None = None) -> str:
    """The stored form: indented JSON with its version and its seal first."""
    seal = {name: text for name, text in asdict(seal_of(plan, key=key)).items() if text}
    data = {"schema_version": plan.schema_version, "seal": seal, **dump(plan)}
    return json.dumps(to_json(data), indent=2, ensure_ascii=False) + "\n"


def _seal_in(data: Any, *, where: str) -> Seal | None:
    found = data.get("seal")
    if found is None:
        return None
    known = isinstance(found, dict) and found.keys() <= {"digest", "signature"} and "digest" in found
    if not known or not all(isinstance(text, str) for text in found.values()):
        raise SealError(f"{where}: its seal is none; review it and run `awo seal {where}`")
    return Seal(**found)


def decode_plan(data: JSONValue, *, where: str = "the toolkit") -> ToolkitPlan:
    """The plan that stored data describes, checked.

    Args:
        data: the parsed JSON.
        where: what to call it in errors.

    Raises:
        PlanError: it is of another version, or not a plan that could be run.
    """
    found = data.get("schema_version", PLAN_SCHEMA_VERSION) if isinstance(data, dict) else None
    if type(found) is not int or not OLDEST_READ <= found <= PLAN_SCHEMA_VERSION:
        raise PlanError(
            f"{where} has toolkit schema version {found!r}; this langchain_awo reads versions {OLDEST_READ} to "
            f"{PLAN_SCHEMA_VERSION}. Compile the traces again."
        )
    if isinstance(data, dict) and not {"schema_version", "meta_tools"} & data.keys():
        raise PlanError(
            f"{where} is not a compiled toolkit: it has neither schema_version nor meta_tools; `awo compile` writes one"
        )
    try:
        plan = replace(load_plan(data), schema_version=PLAN_SCHEMA_VERSION)
    except (ValueError, RecursionError) as error:
        raise PlanError(f"{where} is not a compiled toolkit: {error}") from error
    if problem := check_plan(plan):
        raise PlanError(f"{where}: {problem}")
    return plan
