"""Pieces of sentences that messages share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from langchain_awo.model.text.visible import make_visible_line

MOST_NAMES: Final = 8
"""So many names are listed where none is near."""


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
    """The known name that somebody most likely meant, in any case, or `""`."""
    names = sorted(set(known))
    by_case = {each.casefold(): each for each in reversed(names)}
    close = get_close_matches(name.casefold(), list(by_case), 1)
    return by_case.get(name.casefold()) or (by_case[close[0]] if close else "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What to say after a name that does not exist.

    >>> did_you_mean("get_oder", ["get_order", "get_user"])
    "did you mean 'get_order'?"
    >>> did_you_mean("zip", ["get_order", "get_user"])
    'there are get_order, get_user'
    """
    names = sorted(set(known))
    if near := find_nearest(name, names):
        return f"did you mean {near!r}?"
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return (
        f"there are {', '.join(map(make_visible_line, names[:MOST_NAMES]))}{more}"
        if names
        else "there are none"
    )
