"""What several meta-tools would do in the rounds of recorded runs, worked out once for all the ways of use that ask for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from langchain_awo.model.ir.eager import select_eager_part
from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.stepping.execution import Sources, find_sources
from langchain_awo.optimizer.log.corpus import Corpus, Run, Segment
from langchain_awo.optimizer.replay.parts import Part, classify_rounds
from langchain_awo.optimizer.replay.simulate import Simulation, simulate

Used: TypeAlias = tuple[MetaTool, Simulation]
"""A meta-tool and what it would do in a place."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A meta-tool with what does not depend on where it is run; holding it keeps its `id` its own."""

    meta_tool: MetaTool
    is_read: bool
    sources: Sources
    eager: MetaTool | None


@dataclass(slots=True)
class Simulations:
    """Simulations of meta-tools in the segments of one corpus."""

    corpus: Corpus
    _prepared: dict[int, _Prepared] = field(default_factory=dict)
    _known: dict[tuple[int, int, int, bool], list[Used]] = field(default_factory=dict)
    _segments: list[tuple[Run, Segment, list[Part | None]]] | None = None

    @property
    def segments(self) -> list[tuple[Run, Segment, list[Part | None]]]:
        """Every segment of the corpus with the part of each of its rounds, as `classify_rounds` gives them."""
        if self._segments is None:
            self._segments = list(classify_rounds(self.corpus))
        return self._segments

    def list_eager_parts(self, meta_tools: Iterable[MetaTool]) -> list[MetaTool]:
        """What continue mode runs of some meta-tools, of those of which it runs anything."""
        parts = (self._prepare(each).eager for each in meta_tools)
        return [part for part in parts if part]

    def find(
        self, meta_tools: Iterable[MetaTool], run: Run, segment: Segment, start: int, *, blind: bool = False
    ) -> list[Used]:
        """The simulations of each meta-tool from a round on, as `simulate` gives them."""
        asked = {call.tool for call in segment.rounds[start].calls if call.ok}
        return [
            used
            for each in meta_tools
            if each.steps[0].tool in asked
            for used in self._simulate(self._prepare(each), run, segment, start, blind=blind)
        ]

    def _simulate(
        self, each: _Prepared, run: Run, segment: Segment, start: int, *, blind: bool
    ) -> list[Used]:
        unwise = blind and not each.is_read  # who only reads does the same, whatever its caller knows
        key = id(each.meta_tool), id(segment), start, unwise
        if key not in self._known:
            found = simulate(each.meta_tool, run, segment, start, blind=unwise, sources=each.sources)
            self._known[key] = [(each.meta_tool, simulation) for simulation in found]
        return self._known[key]

    def _prepare(self, meta_tool: MetaTool) -> _Prepared:
        found = self._prepared.get(id(meta_tool))
        if found is None:
            found = self._prepared[id(meta_tool)] = _Prepared(
                meta_tool,
                all(step.effect.is_read for step in meta_tool.steps),
                find_sources(meta_tool),
                select_eager_part(meta_tool),
            )
        return found
