"""The prefixes that sequences share, counted one position at a time for all of them, and added up over partitions.

before::

    a b c        a b        a b d

after (each node with its parent, its symbol and how many sequences come by)::

    0  a  3          1  b  3  below 0          2  c  1  below 1          3  d  1  below 1
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from langchain_awo.optimizer.counting.columns import Columns, Numbers

T = TypeVar("T", bound=Hashable)

_DENSE: Final = 4
"""A table of all possible keys is quicker than sorting up to so many times as large as the keys are many."""

_NARROW: Final = 2
"""So few sequences, for each position that the longest still has, are counted one by one rather than position by position."""

_SHORT: Final = (1 << 16) - 1
"""Numbers up to this are sorted by their digits, in linear time."""


@dataclass(frozen=True, slots=True, eq=False)
class Prefixes(Generic[T]):
    """A prefix tree; parents stand before their children, -1 is above the first level.

    Attributes:
        symbols: what the codes stand for.
        parents: shape (nodes,).
        depths: shape (nodes,), 0 on the first level.
        codes: shape (nodes,), the last symbol of the prefix.
        counts: shape (nodes,), the sequences that begin with it.
    """

    symbols: Sequence[T]
    parents: Numbers
    depths: Numbers
    codes: Numbers
    counts: Numbers


def count_prefixes(columns: Columns[T]) -> Prefixes[T]:
    """The prefixes of all sequences; linear in their symbols."""
    front, nodes = _Front(columns), _Nodes()
    while front.step(nodes):
        pass
    return nodes.of(columns.symbols)


def merge_prefixes(parts: Sequence[Prefixes[T]]) -> Prefixes[T]:
    """The prefixes of all parts, which were counted apart; the order of the parts changes the numbering only."""
    symbols, codes = _renumber_symbols(parts)
    parents, depths = _shift_parents(parts), _concatenate([part.depths for part in parts])
    counts = _concatenate([part.counts for part in parts])
    order = _sort_places(depths)
    ends = np.searchsorted(depths[order], np.arange(int(depths.max(initial=-1)) + 2))
    ranks = np.zeros(len(parents) + 1, np.int64)  # the last one is that of the parent -1
    nodes, above, width = _Nodes(), np.full(1, -1), len(symbols)
    for depth, (start, end) in enumerate(pairwise(ends.tolist())):
        level = order[start:end]
        keys = ranks[parents[level]] * width + codes[level]
        found, ranks[level], _, total = _count_distinct(keys, len(above) * width, counts[level])
        rows, own = np.divmod(found, width)
        above = nodes.add(above[rows], depth, own, total)
    return nodes.of(symbols)


class _Nodes:
    """The nodes of a tree, level by level."""

    def __init__(self) -> None:
        self._parts: list[tuple[Numbers, ...]] = []
        self._known = 0

    def add(self, parents: Numbers, depths: Numbers | int, codes: Numbers, counts: Numbers) -> Numbers:
        """Adds nodes; their numbers."""
        numbers = self.next_numbers(len(parents))
        self._known += len(parents)
        self._parts.append((parents, np.broadcast_to(depths, parents.shape), codes, counts))
        return numbers

    def next_numbers(self, size: int) -> Numbers:
        """The numbers that so many nodes will have."""
        return np.arange(self._known, self._known + size)

    def of(self, symbols: Sequence[T]) -> Prefixes[T]:
        """All of them."""
        parents, depths, codes, counts = map(
            _concatenate, zip(*self._parts, strict=True) if self._parts else [()] * 4
        )
        return Prefixes(symbols, parents, depths, codes, counts)


class _Front:
    """The sequences that go on, and the node that each has come to; the longest stand first."""

    def __init__(self, columns: Columns[T]) -> None:
        order = _sort_places(int(columns.lengths.max(initial=0)) - columns.lengths)
        self._width = len(columns.symbols)
        self._codes = columns.codes.astype(np.min_scalar_type(self._width), copy=False)
        self._lengths = columns.lengths[order]
        self._next = (np.cumsum(columns.lengths) - columns.lengths)[order]
        self._weights = None if columns.weights is None else columns.weights[order]
        self._nodes = np.zeros(len(order), np.int64)  # by their places among the numbers
        self._numbers = np.full(1, -1)
        self._position = 0

    def step(self, nodes: _Nodes) -> bool:
        """Adds the nodes of the next position; whether there is one."""
        self._keep(slice(np.searchsorted(-self._lengths, -self._position, side="left")))
        if not len(self._nodes):
            return False
        if len(self._nodes) < _NARROW * (int(self._lengths[0]) - self._position):
            self._lay(nodes)
            return False
        keys = self._nodes * self._width + self._codes[self._next]
        found, self._nodes, sequences, counts = _count_distinct(
            keys, len(self._numbers) * self._width, self._weights
        )
        parents, codes = np.divmod(found, self._width)
        self._numbers = nodes.add(self._numbers[parents], self._position, codes, counts)
        self._next = self._next + 1
        self._position += 1
        single = sequences == 1
        if _DENSE * np.count_nonzero(single) > len(self._nodes):
            self._finish(single, nodes)
        return True

    def _finish(self, single: npt.NDArray[np.bool_], nodes: _Nodes) -> None:
        """Adds all that follows the nodes which one sequence alone comes by: nothing is shared there any more."""
        alone = single[self._nodes]
        left, start = self._lengths[alone] - self._position, self._next[alone]
        begin = np.cumsum(left) - left
        offsets = np.arange(int(left.sum())) - np.repeat(begin, left)
        parents = nodes.next_numbers(len(offsets)) - 1
        first = offsets == 0
        parents[first] = self._numbers[self._nodes[alone][left > 0]]
        codes = self._codes[np.repeat(start, left) + offsets].astype(np.int64, copy=False)
        weights = np.ones(len(left), np.int64) if self._weights is None else self._weights[alone]
        nodes.add(parents, offsets + self._position, codes, np.repeat(weights, left))
        self._nodes = (np.cumsum(~single) - 1)[self._nodes]
        self._numbers = self._numbers[~single]
        self._keep(~alone)

    def _lay(self, nodes: _Nodes) -> None:
        """Adds all that is left, sequence by sequence in order: each has new nodes from where it leaves the one before it."""
        laid = _Laid(int((self._lengths - self._position).sum()), int(self._lengths[0]) - self._position)
        weights = [1] * len(self._nodes) if self._weights is None else self._weights.tolist()
        ends = (self._next + self._lengths - self._position).tolist()
        rests = [self._codes[start:end] for start, end in zip(self._next.tolist(), ends, strict=True)]
        after = self._numbers[self._nodes].tolist()
        keys = [
            (node, rest.astype(rest.dtype.newbyteorder(">")).tobytes())
            for node, rest in zip(after, rests, strict=True)
        ]
        known = int(nodes.next_numbers(1)[0])
        for place in sorted(range(len(keys)), key=keys.__getitem__):
            laid.add(rests[place], after[place], weights[place], known)
        nodes.add(
            laid.parents[: laid.size],
            laid.depths[: laid.size] + self._position,
            laid.codes[: laid.size],
            laid.counts[: laid.size],
        )

    def _keep(self, which: slice | npt.NDArray[np.bool_]) -> None:
        self._nodes, self._next, self._lengths = (
            column[which] for column in (self._nodes, self._next, self._lengths)
        )
        self._weights = None if self._weights is None else self._weights[which]


class _Laid:
    """Nodes of sequences that come in order; the last one's path is kept."""

    def __init__(self, most: int, longest: int) -> None:
        self.parents, self.depths, self.codes, self.counts = np.zeros((4, most), np.int64)
        self.size = 0
        self._path = np.zeros(longest, np.int64)
        self._last: npt.NDArray[Any] = np.zeros(0, np.int64)
        self._after: int | None = None

    def add(self, rest: npt.NDArray[Any], after: int, weight: int, known: int) -> None:
        """Adds what is left of a sequence after a node; so many nodes were known before all of these."""
        shared = _count_common(self._last, rest) if after == self._after else 0
        start, end = self.size, self.size + len(rest) - shared
        new = np.arange(start, end)
        self.parents[start:end] = new - 1 + known
        if start < end:
            self.parents[start] = self._path[shared - 1] + known if shared else after
        self.depths[start:end] = np.arange(shared, len(rest))
        self.codes[start:end] = rest[shared:]
        self._path[shared : len(rest)] = new
        self.counts[self._path[: len(rest)]] += weight
        self.size, self._last, self._after = end, rest, after


def _count_common(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> int:
    """How many symbols two sequences begin with together."""
    size = min(len(one), len(other))
    differ = one[:size] != other[:size]
    first = int(differ.argmax()) if size else 0
    return first if size and differ[first] else size


def _count_distinct(
    keys: Numbers, bound: int, weights: Numbers | None
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """The distinct keys in order, the rank of each key among them, how often each occurs, and their summed weights."""
    if bound > _DENSE * len(keys) + 1024:
        found, ranks, times = _sort_distinct(keys, bound)
    else:
        table = np.bincount(keys, minlength=bound)
        found = np.flatnonzero(table)
        times = table[found]
        table[found] = np.arange(len(found))
        ranks = table[keys]
    if weights is None:
        return found, ranks, times, times
    return found, ranks, times, np.bincount(ranks, weights, len(found)).astype(np.int64)


def _sort_distinct(keys: Numbers, bound: int) -> tuple[Numbers, Numbers, Numbers]:
    """The same by sorting: numbers that hold key and place sort quicker than places by their keys."""
    bits = max(1, (len(keys) - 1).bit_length())
    if bound.bit_length() + bits > 63:  # noqa: PLR2004  # bits of a number
        found, ranks, times = np.unique(keys, return_inverse=True, return_counts=True)
        return found, ranks.astype(np.int64, copy=False), times.astype(np.int64, copy=False)
    both = np.sort(keys << bits | np.arange(len(keys)))
    ordered = both >> bits
    is_first = np.append(True, ordered[1:] != ordered[:-1])
    firsts = np.flatnonzero(is_first)
    ranks = np.empty_like(keys)
    ranks[both & ((1 << bits) - 1)] = np.cumsum(is_first) - 1
    return ordered[firsts], ranks, np.diff(firsts, append=len(keys))


def _renumber_symbols(parts: Sequence[Prefixes[T]]) -> tuple[list[T], Numbers]:
    """The symbols of all parts, and all codes by them."""
    numbers: dict[T, int] = {}
    codes = []
    for part in parts:
        own = [numbers.setdefault(symbol, len(numbers)) for symbol in part.symbols]
        codes.append(np.array(own, np.int64)[part.codes])
    return list(numbers), _concatenate(codes)


def _shift_parents(parts: Sequence[Prefixes[T]]) -> Numbers:
    starts = accumulate((len(part.parents) for part in parts), initial=0)
    return _concatenate(
        [
            np.where(part.parents < 0, -1, part.parents + start)
            for part, start in zip(parts, starts, strict=False)
        ]
    )


def _sort_places(numbers: Numbers) -> Numbers:
    """The places of some numbers from 0 on, smallest first, equal ones as they stand."""
    short = int(numbers.max(initial=0)) <= _SHORT
    return np.argsort(numbers.astype(np.uint16) if short else numbers, kind="stable")


def _concatenate(parts: Sequence[npt.NDArray[Any]]) -> Numbers:
    return np.concatenate(parts).astype(np.int64, copy=False) if parts else np.zeros(0, np.int64)
