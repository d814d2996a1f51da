"""Sequences as columns of whole numbers, equal ones once.

before::

    a b c        a b        a b c

after::

    symbols  a b c        codes  0 1 2  0 1        lengths  3 2        weights  2 1
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T", bound=Hashable)

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Columns(Generic[T]):
    """Sequences, one behind the other.

    Attributes:
        symbols: what the codes stand for.
        codes: whole numbers of any width, shape (all symbols of all sequences,).
        lengths: shape (sequences,).
        weights: how often each sequence occurs, shape (sequences,); `None` if each does once.
    """

    symbols: Sequence[T]
    codes: npt.NDArray[Any]
    lengths: Numbers
    weights: Numbers | None = None


def as_columns(sequences: Iterable[Sequence[T]]) -> Columns[T]:
    """Numbers the symbols as they first come.

    Equal sequences are found before any symbol is looked up: most of a real log repeats itself.
    """
    counted = Counter(map(tuple, sequences))
    numbers: defaultdict[T, int] = defaultdict(count().__next__)
    lengths = np.fromiter(map(len, counted), np.int64, len(counted))
    every = map(numbers.__getitem__, chain.from_iterable(counted))
    codes = np.fromiter(every, np.int64, int(lengths.sum()))
    weights = np.fromiter(counted.values(), np.int64, len(counted))
    return Columns(list(numbers), codes.astype(np.min_scalar_type(len(numbers))), lengths, weights)
