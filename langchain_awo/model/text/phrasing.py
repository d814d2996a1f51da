"""Pieces of sentences that messages share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from langchain_awo.model.text.visible import make_visible_line

MOST_NAMES: Final = 8
"""So many names are listed where none is near."""


CLOSE: Final = 5
"""So many names that look alike are tried."""

SAME_WORD: Final = 0.72
"""How alike two words are that somebody may have meant as one: `oder` and `order`, not `get` and `set`."""


def join_words(words: Sequence[str], *, last: str = "and") -> str:
    """Words as a sentence lists them.

    >>> join_words(["date", "origin", "time"])
    'date, origin and time'
    """
    return f" {last} ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def format_count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> format_count(1, "place"), format_count(1200, "place")
    ('1 place', '1,200 places')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def find_nearest(name: str, known: Iterable[str]) -> str:
    """The known name that somebody most likely meant, in any case, or `""`.

    Each word must be one of it, misspelled at most: `refund_order` is not `get_order`.
    """
    names = sorted(set(known))
    by_case = {each.casefold(): each for each in reversed(names)}
    asked = name.casefold()
    close = get_close_matches(asked, list(by_case), CLOSE)
    return by_case.get(asked) or next((by_case[each] for each in close if _says_the_same(asked, each)), "")


def _says_the_same(asked: str, known: str) -> bool:
    words, others = (re.split(r"[\W_]+", each) for each in (asked, known))
    if len(words) == 1 or len(others) == 1:
        joined = ["".join(each) for each in (words, others)]
        return bool(get_close_matches(joined[0], [joined[1], *others], 1, SAME_WORD))
    return all(get_close_matches(word, others, 1, SAME_WORD) for word in words)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What to say after a name that does not exist.

    >>> did_you_mean("get_oder", ["get_order", "get_user"])
    "did you mean 'get_order'?"
    >>> did_you_mean("zip", ["get_order", "get_user"])
    'there are get_order, get_user'
    >>> did_you_mean("refund_order", ["find_user", "get_order", "issue_refund"])
    'there are get_order, issue_refund, find_user'
    """
    names = sorted(set(known), key=lambda each: (-_count_shared(name, each), each))
    if near := find_nearest(name, names):
        return f"did you mean {near!r}?"
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return (
        f"there are {', '.join(map(make_visible_line, names[:MOST_NAMES]))}{more}"
        if names
        else "there are none"
    )


def _count_shared(name: str, known: str) -> int:
    """How many words two names have in common."""
    words, others = (set(re.split(r"[\W_]+", each.casefold())) for each in (name, known))
    return len(words & others)
