"""Values as words of a text: which leaves a value has, and where a text has one of them as a whole word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from langchain_awo.model.text.encoding import dumps
from langchain_awo.model.text.json_value import JSONValue

NEVER: Final = 1 << 62
"""Position of a value that never occurs."""


def iterate_scalars(value: JSONValue) -> Iterator[JSONValue]:
    """The leaves of a value."""
    if isinstance(value, dict):
        for member in value.values():
            yield from iterate_scalars(member)
    elif isinstance(value, list):
        for element in value:
            yield from iterate_scalars(element)
    else:
        yield value


def as_word(value: JSONValue) -> str:
    """A scalar as it would stand in a text, lower case."""
    return (value if isinstance(value, str) else dumps(value)).lower()


def find_word(text: str, word: str, start: int) -> int:
    """End position of the first occurrence of a word that is not part of a longer one, or `NEVER`.

    >>> find_word("order w12, then w1", "w1", 0)
    18
    """
    if not word:
        return start
    position = text.find(word, start)
    while position >= 0:
        end = position + len(word)
        before = position > start and _joins(text[position - 1], word[0])
        after = end < len(text) and _joins(text[end], word[-1])
        if not (before or after):
            return end
        position = text.find(word, position + 1)
    return NEVER


def _joins(outside: str, inside: str) -> bool:
    return (outside.isalnum() or outside == "_") and (inside.isalnum() or inside == "_")
