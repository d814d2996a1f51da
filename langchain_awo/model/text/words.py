"""The words of a name in any case."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[A-Z]+s?(?![a-z])|[A-Z]?[a-z]+|\d+")


def split_words(text: str) -> list[str]:
    """The words of a name in any case, lower case.

    >>> split_words("getHTTPStatus-of_user2")
    ['get', 'http', 'status', 'of', 'user', '2']
    """
    return [word.lower() for word in _WORD.findall(text)]
