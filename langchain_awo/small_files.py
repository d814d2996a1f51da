"""Reads and writes the small files that people keep: configuration, rules, prices, toolkits, reports, states."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from filelock import FileLock

LOCK_SECONDS: Final = 30
"""So long a writer waits for its turn."""


def read_small_file(path: str | os.PathLike[str], *, limit: int) -> bytes:
    """The bytes of a file, never more than `limit`, and never of a device, which has no end.

    Raises:
        OSError: it cannot be read, is a device or a socket, or is longer.
    """
    if "\0" in os.fspath(path):
        raise OSError(errno.EINVAL, "there is a NUL character in its name")
    with Path(path).open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
            raise OSError(errno.EINVAL, "it is a device or a socket; name a file")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit:,} bytes, the limit for such files")
    return data


def replace_file(path: str | os.PathLike[str], data: bytes | str, *, private: bool = False) -> None:
    """Writes a file so that whoever reads it, after a crash or a full disk too, finds the old content or the new one.

    A link keeps leading to its file, a file keeps its permissions, and what is no file (`/dev/stdout`, a pipe) is
    written to directly.

    Args:
        path: where to.
        data: text is written as UTF-8.
        private: a new file can be read by its owner only.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    target = Path(path).resolve()
    content = data.encode() if isinstance(data, str) else data
    if target.exists() and not target.is_file():
        target.write_bytes(content)
        return
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        part.chmod(_choose_mode(target, private=private))
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _keep_entry(target.parent)


def lock_file(path: str | os.PathLike[str]) -> FileLock:
    """A lock for those who read a file and write it anew, kept where temporary files are so that none is left beside it.

    Raises:
        OSError: the folder of locks is somebody else's.
    """
    name = hashlib.sha256(str(Path(path).resolve()).encode()).hexdigest()[:32]
    return FileLock(_ensure_lock_folder() / f"{name}.lock", timeout=LOCK_SECONDS)


def _ensure_lock_folder() -> Path:
    """A folder of this user alone: whoever could plant a link in it could have a file of ours emptied, as locking opens it."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"awo-locks-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if hasattr(os, "getuid") and (
        not stat.S_ISDIR(found.st_mode) or found.st_uid != user or found.st_mode & 0o022
    ):
        raise OSError(
            errno.EPERM,
            f"{folder} may be written by others; remove it, or set TMPDIR to a folder of your own",
        )
    return folder


def _choose_mode(target: Path, *, private: bool) -> int:
    with suppress(FileNotFoundError):
        return stat.S_IMODE(target.stat().st_mode)
    return 0o600 if private else 0o666 & ~_UMASK


def _keep_entry(folder: Path) -> None:
    """Makes the new name outlive a loss of power, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read_umask() -> int:
    """The mask of new files: the system tells it only to whoever changes it, which threads at work would notice."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


_UMASK = _read_umask()
