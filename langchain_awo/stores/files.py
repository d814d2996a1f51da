"""What is known of a store's file before anything opens it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

MAGIC: Final = b"SQLite format 3\0"
"""The first bytes of every SQLite database that is not empty."""


def may_write(path: Path) -> bool:
    """Whether this process may write a file, or make files in a folder; `False` on a read-only file system too."""
    return os.access(path, os.W_OK)
