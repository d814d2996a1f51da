"""What a value alone says about where it comes from: a state or a switch stands anywhere, an id or a list of names does not."""

from __future__ import annotations

import re
from typing import Final

from langchain_awo.model.text.json_value import JSONValue

FEW_WORDS: Final = 2
"""A state or a kind is named in no more words than this."""

LONGEST_WORD: Final = 24
"""Characters; longer texts without a blank are ids."""

_DATA: Final = re.compile(r"\d|[@/\\:?!]|\.\s|[.!?]$")
_SHORT: Final = 4
"""Characters of a text that may stand anywhere by chance, whatever it is made of."""


def is_common(value: JSONValue) -> bool:
    """Whether a value is likely to stand anywhere by chance."""
    if value is None or isinstance(value, bool) or value == "":
        return True
    return isinstance(value, int | float) and abs(value) <= 10  # noqa: PLR2004  # small counts are everywhere


def looks_like_data(value: JSONValue) -> bool:
    """Whether a value is a text that names or says something, rather than a state, a kind or a switch.

    >>> [looks_like_data(value) for value in ("closed", "In Review", "About the coffee", "2024-05-01", "O-17", 5, True)]
    [False, False, True, True, True, False, False]
    """
    if isinstance(value, list | dict):
        return any(map(looks_like_data, value.values() if isinstance(value, dict) else value))
    if not isinstance(value, str):
        return False
    return bool(_DATA.search(value)) or len(value.split()) > FEW_WORDS or len(value) > LONGEST_WORD


def is_specific(value: JSONValue) -> bool:
    """Whether a value that stands in an earlier output was taken from there, even if no recording shows another one.

    >>> [is_specific(value) for value in ("2024-05-01", "O-17", "closed", 5, ["general", "random"], ["general"], [1, 2])]
    [True, False, False, False, True, False, False]
    """
    if isinstance(value, list):
        return len(value) > 1 and all(isinstance(each, str) and len(each) > 1 for each in value)
    return isinstance(value, str) and len(value) > _SHORT and looks_like_data(value)
