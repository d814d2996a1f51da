"""How many different things there were, exactly, at eight bytes each."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

LEAST: Final = 50_000
"""So many new numbers wait before they are sorted in."""

Digests: TypeAlias = npt.NDArray[np.uint64]


class Distinct:
    """A set of numbers below 2**64, sorted in a column; new ones wait until sorting them in is worth it."""

    def __init__(self) -> None:
        self._column: Digests = np.zeros(0, np.uint64)
        self._fresh: set[int] = set()

    def add(self, numbers: Digests) -> None:
        """Adds numbers, which may be known."""
        self._fresh.update(numbers.tolist())
        if len(self._fresh) > max(LEAST, len(self._column) // 4):
            self._sort_in()

    def add_one(self, number: int) -> bool:
        """Adds a number; whether it is new."""
        numbers = np.array([number], np.uint64)
        if self.holds(numbers)[0]:
            return False
        self.add(numbers)
        return True

    def holds(self, numbers: Digests) -> npt.NDArray[np.bool_]:
        """Which of some numbers are in it."""
        is_fresh = map(self._fresh.__contains__, numbers.tolist())
        return _find(self._column, numbers) | np.fromiter(is_fresh, np.bool_, len(numbers))

    def __len__(self) -> int:
        return len(self._sort_in())

    def update(self, other: Distinct) -> int:
        """Adds all numbers of another set; how many of them were known."""
        numbers = other._sort_in()
        known = int(np.count_nonzero(self.holds(numbers)))
        self.add(numbers)
        return known

    def to_text(self) -> str:
        """The column as base64 of little-endian numbers in ascending order; the same for the same set."""
        return b64encode(self._sort_in().astype("<u8").tobytes()).decode()

    @classmethod
    def from_text(cls, text: str) -> Distinct:
        """The set that `to_text` wrote.

        Raises:
            ValueError: the text is not such a column.
        """
        found = cls()
        found._column = np.frombuffer(b64decode(text, validate=True), "<u8").astype(np.uint64)
        return found

    def is_apart(self, other: Distinct) -> bool:
        """Whether another set holds none of these numbers."""
        return not other.holds(self._sort_in()).any()

    def is_within(self, other: Distinct) -> bool:
        """Whether another set holds all of these numbers."""
        return bool(other.holds(self._sort_in()).all())

    def _sort_in(self) -> Digests:
        if self._fresh:
            fresh = np.fromiter(self._fresh, np.uint64, len(self._fresh))
            self._column = np.union1d(self._column, fresh)
            self._fresh.clear()
        return self._column


def _find(column: Digests, numbers: Digests) -> npt.NDArray[np.bool_]:
    """Which of some numbers are in a sorted column."""
    if not len(column):
        return np.zeros(len(numbers), np.bool_)
    places = np.searchsorted(column, numbers)
    found: npt.NDArray[np.bool_] = column[np.minimum(places, len(column) - 1)] == numbers
    return found
