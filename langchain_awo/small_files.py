"""Reads the small files that people write or review: configuration, rules, prices, toolkits."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_small_file(path: str | os.PathLike[str], *, limit: int) -> bytes:
    """The bytes of a file, never more than `limit`, and never of a device, which has no end.

    Raises:
        OSError: it cannot be read, is a device or a socket, or is longer.
    """
    with Path(path).open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
            raise OSError(errno.EINVAL, "it is a device or a socket; name a file")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it is longer than {limit:,} bytes, which such files never are")
    return data
