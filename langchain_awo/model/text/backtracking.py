"""Which regular expressions may take exponential time: Python's engine has no limit of its own, and cannot be stopped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, Final

_REPEATS: Final = (codes.MAX_REPEAT, codes.MIN_REPEAT)
_MANY: Final = 20
"""More repetitions than that, one inside the other, take longer than anybody waits."""


def repeats_inside_a_repeat(pattern: re.Pattern[str]) -> bool:
    """Whether a part that may be of many lengths is itself repeated many times, with nothing fixed that tells the repetitions apart.

    >>> repeats_inside_a_repeat(re.compile(r"(a+)+b")), repeats_inside_a_repeat(re.compile(r"(?:[0-9]+-)+x"))
    (True, False)
    """
    return any(_is_open(part) for part in _bodies(_parser.parse(pattern.pattern, pattern.flags)))


def _bodies(parts: Iterable[Any]) -> Iterator[list[Any]]:
    """What stands under each long repeat, at any depth."""
    for code, value in parts:
        if code in _REPEATS and value[1] > _MANY:
            yield list(value[2])
        for inner in _inside(code, value):
            yield from _bodies(inner)


def _is_open(body: list[Any]) -> bool:
    """Whether every part of a body repeats or may be left out, so that one text can be divided in many ways."""
    while len(body) == 1 and body[0][0] == codes.SUBPATTERN:
        body = list(body[0][1][-1])
    if len(body) == 1 and body[0][0] == codes.BRANCH:
        return any(_is_open(list(way)) for way in body[0][1][1])
    return bool(body) and all(code in _REPEATS and value[0] < value[1] for code, value in body)


def _inside(code: Any, value: Any) -> list[Any]:
    if code in _REPEATS or code == codes.SUBPATTERN:
        return [value[-1]]
    if code == codes.BRANCH:
        return list(value[1])
    if code in (codes.ASSERT, codes.ASSERT_NOT):
        return [value[1]]
    return []
