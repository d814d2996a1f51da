"""How many different things there were, exactly, at eight bytes each."""

from __future__ import annotations

import sys
from array import array
from base64 import b64decode, b64encode
from bisect import bisect_left
from itertools import groupby
from typing import Final

LEAST: Final = 50_000
"""So many new numbers wait before they are sorted in."""


class Distinct:
    """A set of numbers below 2**64, sorted in a column; new ones wait until sorting them in is worth it."""

    def __init__(self) -> None:
        self._column = array("Q")
        self._fresh: set[int] = set()
        self._most = LEAST

    def add(self, number: int) -> None:
        """Adds a number, which may be known."""
        self._fresh.add(number)
        if len(self._fresh) > self._most:
            self._sort_in()

    def __contains__(self, number: int) -> bool:
        if number in self._fresh:
            return True
        place = bisect_left(self._column, number)
        return place < len(self._column) and self._column[place] == number

    def __len__(self) -> int:
        self._sort_in()
        return len(self._column)

    def update(self, other: Distinct) -> int:
        """Adds all numbers of another set; how many of them were known."""
        other._sort_in()
        known = sum(number in self for number in other._column)
        for number in other._column:
            self.add(number)
        return known

    def to_text(self) -> str:
        """The column as base64 of little-endian numbers in ascending order; the same for the same set."""
        self._sort_in()
        column = array("Q", self._column)
        if sys.byteorder == "big":
            column.byteswap()
        return b64encode(column.tobytes()).decode()

    @classmethod
    def from_text(cls, text: str) -> Distinct:
        """The set that `to_text` wrote.

        Raises:
            ValueError: the text is not such a column.
        """
        found = cls()
        found._column.frombytes(b64decode(text, validate=True))
        if sys.byteorder == "big":
            found._column.byteswap()
        return found

    def _sort_in(self) -> None:
        if self._fresh:
            both = sorted([*self._column, *self._fresh])
            self._column = array("Q", (number for number, _ in groupby(both)))
            self._fresh.clear()
            self._most = max(LEAST, len(self._column) // 4)

    def is_apart(self, other: Distinct) -> bool:
        """Whether another set holds none of these numbers."""
        return not any(number in other for number in (*self._column, *self._fresh))

    def is_within(self, other: Distinct) -> bool:
        """Whether another set holds all of these numbers."""
        return all(number in other for number in (*self._column, *self._fresh))
