"""What went wrong, for a log: where and of what kind. What an exception says may be the secret, or hold it."""

from __future__ import annotations

import traceback
from pathlib import PurePath
from typing import Final

from langchain_awo.model.secrets.detection import hide_secrets

_OURS: Final = "langchain_awo"
_MOST: Final = 300


def describe_kind_and_place(error: BaseException) -> str:
    """The type of an exception and the innermost line of this package that it passed, such as `"KeyError in capture/usage.py:61"`.

    Nothing of its message or of any value is in it.
    """
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _OURS in PurePath(frame.filename).parts]
    if not (own or frames):
        return type(error).__name__
    frame = (own or frames)[-1]
    return f"{type(error).__name__} in {'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno}"


def describe_error(error: BaseException) -> str:
    """The type and the first line of an exception, without what looks like a secret: for what a person has to mend, such as a full disk."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # noqa: BLE001  # an exception that cannot be shown
        lines = []
    name = type(error).__name__
    return f"{name}: {hide_secrets(lines[0])[:_MOST]}" if lines else name
