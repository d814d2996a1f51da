"""Where arrows pass the columns between their ends: through the gaps between boxes, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from langchain_awo.reporting.flow_shapes import LANE, Arrow, Box

_CLEAR: Final = 9
"""Pixels between a box and the first arrow that passes below it."""


def route(arrows: Iterable[Arrow], boxes: Sequence[Box]) -> Iterator[Arrow]:
    """The arrows with the heights at which they pass; each is below the box that is nearest to its way.

    Args:
        arrows: from columns on the left to columns on the right.
        boxes: with their places.
    """
    by_number = {box.number: box for box in boxes}
    taken: set[tuple[int, int]] = set()
    for arrow in arrows:
        source, target = by_number[arrow.source], by_number[arrow.target]
        y, end = source.output_y(arrow.place), target.input_y(arrow.argument)
        passes = []
        for column in range(source.column + 1, target.column):
            toward = y + (end - y) // (target.column - column + 1)
            y = _find_passage(toward, [box for box in boxes if box.column == column], taken)
            passes.append(y)
        yield replace(arrow, passes=tuple(passes))


def _find_passage(wanted: int, boxes: Sequence[Box], taken: set[tuple[int, int]]) -> int:
    """A height in a column that no box covers and no other arrow has."""
    column = boxes[0].column
    below = [box.y + box.height + _CLEAR for box in boxes]
    height = wanted if wanted > below[-1] else min(below, key=lambda y: (abs(y - wanted), y))
    while any((column, height + near) in taken for near in range(1 - LANE, LANE)):
        height += LANE
    taken.add((column, height))
    return height
