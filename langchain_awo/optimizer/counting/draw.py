"""Draws the traces that belong to a sample from many of which only the outlines are known, and reads those alone as a whole.

What a trace weighs is known when it has been read; until then it counts as many as it has calls. So traces are drawn again until
none is missing: then all that come before the end of a stratum have been read, and the end is where it really is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from langchain_awo.model.trace.outline import Outlines
from langchain_awo.optimizer.counting.distinct import Digests
from langchain_awo.optimizer.counting.sample import Sample, SampledTrace
from langchain_awo.optimizer.counting.smallest import Smallest

Rows: TypeAlias = npt.NDArray[np.bool_]
"""Which rows of some outlines, shape (rows,)."""

Numbers: TypeAlias = npt.NDArray[np.int64]

_LARGEST: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What became of some traces.

    Attributes:
        readable: which rows could be read or did not have to be, shape (rows,).
        whole: which rows were read as a whole, shape (rows,).
    """

    readable: Rows
    whole: Rows


def draw(sample: Sample, outlines: Outlines, keys: Digests, rows: Rows) -> Drawn:
    """Adds to a sample what belongs to it.

    Args:
        keys: what each trace is drawn by, shape (rows,).
        rows: which traces may be drawn, shape (rows,).
    """
    left = _Left(sample, outlines, keys, rows)
    drawn = Drawn(np.ones(len(rows), np.bool_), np.zeros(len(rows), np.bool_))
    while needed := left.list_needed():
        asked: set[int] = set()
        for row, trace in outlines.read(_list_fitting(sample, left, needed, asked)):
            if sample.fits(left.key(row), {call.name for call in trace.tool_calls}):
                sample.add(left.key(row), trace)
            asked.remove(row)
            drawn.whole[row] = True
        drawn.readable[list(asked)] = False
        left.take(needed)
    return drawn


def _list_fitting(sample: Sample, left: _Left, rows: list[int], asked: set[int]) -> Iterator[int]:
    """The rows that still fit when their turn comes to be read."""
    for row in rows:
        if sample.fits(left.key(row), left.tools(row)):
            asked.add(row)
            yield row


@dataclass(frozen=True, slots=True, eq=False)
class _Strata:
    """Traces in strata, one behind the other; a trace is in that of all and in that of each of its tools.

    Attributes:
        numbers: 0 for that of all, then one for each tool.
        keys, weights: of the traces.
        rows: of those that have not been read; -1 for those in the sample.
    """

    numbers: Numbers
    keys: Digests
    weights: Numbers
    rows: Numbers

    def list_within(self, bounds: Numbers) -> list[int]:
        """The rows before which less than the bound of a stratum comes."""
        order = np.lexsort((self.keys, self.numbers))
        numbers, keys, weights, rows = (
            each[order] for each in (self.numbers, self.keys, self.weights, self.rows)
        )
        before = np.cumsum(weights) - weights
        is_start = np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)]
        is_first = is_start | np.append(True, keys[1:] != keys[:-1])[: len(numbers)]
        starts, firsts = np.flatnonzero(is_start), np.flatnonzero(is_first)
        own = before[firsts[np.cumsum(is_first) - 1]] - before[starts[np.cumsum(is_start) - 1]]
        found: list[int] = np.unique(rows[(own < bounds[numbers]) & (rows >= 0)]).tolist()
        return found


class _Left:
    """Traces that have not been read."""

    def __init__(self, sample: Sample, outlines: Outlines, keys: Digests, rows: Rows) -> None:
        self._sample = sample
        self._outlines = outlines
        self._keys = keys
        self._unread = rows.copy()
        self._starts = np.cumsum(outlines.lengths) - outlines.lengths
        self._weights = np.clip(outlines.lengths, 1, max(1, sample.bounds.longest))
        self._rows, self._strata = self._pair()

    def key(self, row: int) -> str:
        """What a trace is ordered by."""
        return f"{int(self._keys[row]):016x}"

    def tools(self, row: int) -> set[str]:
        """The tools that a trace calls."""
        start = self._starts[row]
        codes = self._outlines.codes[start : start + self._outlines.lengths[row]]
        return {self._outlines.names[code] for code in codes.tolist()}

    def take(self, rows: list[int]) -> None:
        """Notes that traces were read, or need not be."""
        self._unread[rows] = False

    def list_needed(self) -> list[int]:
        """Traces to read: as if all tools were known, which makes the bound of each smaller, then as it is."""
        known = self._sample.of_tools.keys()
        return self._list_needed(len(known | set(self._outlines.names))) or self._list_needed(len(known))

    def _list_needed(self, tools: int) -> list[int]:
        bounds = self._sample.bounds
        each = np.full(len(self._outlines.names) + 1, bounds.of_tool(tools))
        each[0] = bounds.fair
        left = self._unread[self._rows]
        rows, strata = self._rows[left], self._strata[left]
        return self._lay(rows, strata).list_within(each) if len(rows) else []

    def _pair(self) -> tuple[Numbers, Numbers]:
        """The traces that fit a stratum, each with its number."""
        cutoffs = np.array([_get_cutoff(each) for each in self._list_strata()], np.uint64)
        rows = np.flatnonzero(self._unread & (self._keys <= cutoffs[0]))
        calling = np.repeat(np.arange(len(self._keys)), self._outlines.lengths)
        codes = self._outlines.codes.astype(np.int64) + 1
        fits = self._unread[calling] & (self._keys[calling] <= cutoffs[codes])
        pairs = np.unique(calling[fits] * len(cutoffs) + codes[fits])
        calling, codes = np.divmod(pairs, len(cutoffs))
        return np.concatenate([rows, calling]), np.concatenate([np.zeros_like(rows), codes])

    def _lay(self, rows: Numbers, strata: Numbers) -> _Strata:
        """These traces, and those of the sample that are in the same strata."""
        known = [
            (number, item) for number, each in enumerate(self._list_strata()) if each for item in each.items
        ]
        return _Strata(
            np.append(strata, [number for number, _ in known]).astype(np.int64),
            np.append(self._keys[rows], np.array([int(item.key, 16) for _, item in known], np.uint64)),
            np.append(self._weights[rows], [item.weight for _, item in known]).astype(np.int64),
            np.append(rows, np.full(len(known), -1)),
        )

    def _list_strata(self) -> list[Smallest[SampledTrace] | None]:
        """That of all traces, and that of each tool if there is one yet."""
        return [self._sample.fair, *map(self._sample.of_tools.get, self._outlines.names)]


def _get_cutoff(stratum: Smallest[SampledTrace] | None) -> int:
    return _LARGEST if stratum is None or stratum.cutoff is None else int(stratum.cutoff, 16)
