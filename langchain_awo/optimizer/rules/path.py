"""Paths: what the merging rules leave of the segments of a corpus."""

from __future__ import annotations

from dataclasses import dataclass

from langchain_awo.model.ir.canonical import CanonicalCall
from langchain_awo.optimizer.log.corpus import Call, Run, Segment


@dataclass(frozen=True, slots=True)
class PathCall:
    """A successful call on a path.

    Attributes:
        canonical: what it counts as.
        call: as it was recorded, whatever the rules make of it.
        position: of its round in the segment.
        start: position in the run's text just before the call.
        stretch: position on the path at which the stretch begins inside of which it may change places; `None` if it
            keeps its place.
        uses: positions on the path of the earlier calls of its stretch whose output it uses or may use.
    """

    canonical: CanonicalCall
    call: Call
    position: int
    start: int
    stretch: int | None = None
    uses: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """What a segment comes to under some rules."""

    run: Run
    segment: Segment
    calls: tuple[PathCall, ...]

    @property
    def canonical(self) -> tuple[CanonicalCall, ...]:
        """Its canonical calls."""
        return tuple(each.canonical for each in self.calls)
