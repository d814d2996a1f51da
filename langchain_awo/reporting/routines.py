"""Which decisions of a workflow graph a meta-tool takes over: the edges that its steps can follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from langchain_awo.model.graph import WorkflowGraph
from langchain_awo.model.ir.metatool import MetaTool, Step

Decision: TypeAlias = tuple[str, str]
"""An edge: state and next state."""


def decisions_of(graph: WorkflowGraph, meta_tool: MetaTool) -> frozenset[Decision]:
    """The edges on paths that make all steps of a meta-tool.

    Steps without a guard must all occur. A step may come as soon as the steps it uses and the writes before it were
    made; a mapped step may take several edges in a row.

    before (a meta-tool `find_user`, then `get_order` for each of its orders)::

        start > find_user > get_order > get_order > cancel
                          > get_product

    after::

        start > find_user > get_order > get_order
    """
    walk = _StateWalk(graph, meta_tool.steps)
    for node in graph:
        walk.reaches(node, _NOTHING, last=0)
    return frozenset(walk.marked)


_NOTHING: frozenset[int] = frozenset()


@dataclass(slots=True)
class _StateWalk:
    """Follows the steps from one state after the other; what was found out of a state is kept."""

    graph: WorkflowGraph
    steps: tuple[Step, ...]
    marked: set[Decision] = field(default_factory=set)
    known: dict[tuple[str, frozenset[int], int], bool] = field(default_factory=dict)

    def reaches(self, node: str, done: frozenset[int], *, last: int) -> bool:
        """Whether the steps that are not done can be made from here; marks the edges that make them."""
        key = (node, done, last)
        if key in self.known:
            return self.known[key]
        complete = self.known[key] = self._complete(done)
        for _, target, data in self.graph.out_edges(node, data=True):
            for number in self._next(data["call"].tool, done, last):
                if self.reaches(target, done | {number}, last=number):
                    self.marked.add((node, target))
                    complete = True
        self.known[key] = complete
        return complete

    def _complete(self, done: frozenset[int]) -> bool:
        needed = {number for number, step in enumerate(self.steps, start=1) if step.guard is None}
        return bool(done) and needed <= done

    def _next(self, tool: str, done: frozenset[int], last: int) -> Iterator[int]:
        for number, step in enumerate(self.steps, start=1):
            if step.tool == tool and (
                (number == last and step.over is not None)
                or (number not in done and self._ready(number, done))
            ):
                yield number

    def _ready(self, number: int, done: frozenset[int]) -> bool:
        if not done:
            return number == 1
        writes = {n for n, step in enumerate(self.steps[: number - 1], start=1) if not step.effect.is_read}
        return self.steps[number - 1].depends_on <= done and writes <= done
