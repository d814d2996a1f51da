"""Sequences as columns of whole numbers, and the prefixes they share, counted one position at a time for all of them.

before::

    a b c        a b        a b d

after (each node with its parent, its symbol and how many sequences come by)::

    0  a  3          1  b  3  below 0          2  c  1  below 1          3  d  1  below 1
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T", bound=Hashable)

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Columns(Generic[T]):
    """Sequences, one behind the other.

    Attributes:
        symbols: what the codes stand for.
        codes: shape (all symbols of all sequences,).
        lengths: shape (sequences,).
    """

    symbols: list[T]
    codes: Numbers
    lengths: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Prefixes:
    """A prefix tree; parents stand before their children, -1 is above the first level.

    Attributes:
        parents: shape (nodes,).
        codes: shape (nodes,), the last symbol of the prefix.
        counts: shape (nodes,), the sequences that begin with it.
    """

    parents: Numbers
    codes: Numbers
    counts: Numbers


def as_columns(sequences: Sequence[Sequence[T]]) -> Columns[T]:
    """Numbers the symbols as they first come."""
    symbols = dict.fromkeys(chain.from_iterable(sequences))
    codes = dict(zip(symbols, range(len(symbols)), strict=True))
    lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
    every = map(codes.__getitem__, chain.from_iterable(sequences))
    return Columns(list(symbols), np.fromiter(every, np.int64, int(lengths.sum())), lengths)


def count_prefixes(columns: Columns[T]) -> Prefixes:
    """The prefixes of all sequences; linear in their symbols."""
    order = np.argsort(-columns.lengths, kind="stable")
    lengths = columns.lengths[order]
    starts = (np.cumsum(columns.lengths) - columns.lengths)[order]
    running = np.searchsorted(-lengths, -np.arange(int(lengths.max(initial=0))), side="left")
    width, known = len(columns.symbols), 0
    nodes = np.zeros(len(lengths), np.int64)
    levels: list[tuple[Numbers, Numbers, Numbers]] = []
    above = -1
    for position, still in enumerate(running.tolist()):
        keys = nodes[:still] * width + columns.codes[starts[:still] + position]
        found, nodes, counts = _distinct(keys, int(nodes[:still].max(initial=0) + 1) * width)
        levels.append((above + found // width, found % width, counts))
        above = known
        known += len(found)
    return Prefixes(*(_joined(level) for level in zip(*levels, strict=True))) if levels else _none()


def _distinct(keys: Numbers, bound: int) -> tuple[Numbers, Numbers, Numbers]:
    """The distinct keys in order, the rank of each key among them, and how often each occurs."""
    if bound > 4 * len(keys) + 1024:
        found, ranks, counts = np.unique(keys, return_inverse=True, return_counts=True)
        return found, ranks.astype(np.int64, copy=False), counts.astype(np.int64, copy=False)
    table = np.bincount(keys, minlength=bound)
    found = np.flatnonzero(table)
    counts = table[found]
    table[found] = np.arange(len(found))
    return found, table[keys], counts


def _joined(parts: Iterable[Numbers]) -> Numbers:
    return np.concatenate(list(parts))


def _none() -> Prefixes:
    empty = np.zeros(0, np.int64)
    return Prefixes(empty, empty, empty)
