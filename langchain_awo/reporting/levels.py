"""How much of a workflow graph is drawn: a few levels of detail, from the beaten track to everything."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

from langchain_awo.model.graph import ROOT, WorkflowGraph

SIZES: Final = (8, 16, 32, 60, 120, 250, 500, 1_500)
"""At most so many states, level by level; beyond the last nothing is drawn."""

OPENING: Final = 60
"""The page opens with the most detailed level that has at most so many states."""


@dataclass(frozen=True, slots=True)
class Level:
    """The part of a graph whose edges weigh at least `least`."""

    least: int
    graph: WorkflowGraph


def find_levels(graph: WorkflowGraph) -> tuple[Level, ...]:
    """Levels from few states to many, each showing more than the one before; never empty."""
    weights = sorted({data["weight"] for _, _, data in graph.edges(data=True)}) or [1]
    reach = sorted(_find_reach(graph).values())
    found: list[Level] = []
    for size in SIZES:
        level = _find_level(graph, size, weights, reach)
        if not found or level.graph.number_of_edges() > found[-1].graph.number_of_edges():
            found.append(level)
    return tuple(found)


def choose_opening_level(levels: tuple[Level, ...]) -> int:
    """Position of the level to begin with."""
    fitting = [i for i, level in enumerate(levels) if level.graph.number_of_nodes() <= OPENING]
    return fitting[-1] if fitting else 0


def _find_level(graph: WorkflowGraph, size: int, weights: list[int], reach: list[int]) -> Level:
    """The part with as much as fits: the threshold is a weight that occurs, so that a level can be named by it."""
    at = bisect_left(weights, 1, key=lambda least: 1 + len(reach) - bisect_left(reach, least) <= size)
    if at < len(weights):
        return Level(weights[at], prune_graph(graph, weights[at]))
    return Level(weights[-1], _keep_heaviest(graph, size))


def _find_reach(graph: WorkflowGraph) -> dict[str, int]:
    """By state, the largest threshold at which it is still reached from the start: that of its widest path."""
    found: dict[str, int] = {}
    queue = [(0, ROOT)]
    while queue:
        negative, node = heappop(queue)
        if node in found:
            continue
        found[node] = -negative
        for target, data in graph.adj[node].items() if node in graph else ():
            if target not in found:
                width = data["weight"] if node == ROOT else min(found[node], data["weight"])
                heappush(queue, (-width, target))
    del found[ROOT]
    return found


def prune_graph(graph: WorkflowGraph, least: int) -> WorkflowGraph:
    """What is reached from the start by edges of at least this weight."""
    edges = [(s, t) for s, t, data in graph.edges(data=True) if data["weight"] >= least]
    reached = {ROOT, *(node for node, width in _find_reach(graph).items() if width >= least)}
    return _copy(graph, [edge for edge in edges if edge[0] in reached])


def _keep_heaviest(graph: WorkflowGraph, size: int) -> WorkflowGraph:
    """Of a graph whose heaviest edges alone are too many, some: a start with hundreds of equal beginnings."""
    edges = sorted(graph.edges(data=True), key=lambda edge: (-edge[2]["weight"], edge[2]["call"], edge[1]))
    return _copy(graph, [(s, t) for s, t, _ in edges if s == ROOT][: size - 1])


def _copy(graph: WorkflowGraph, edges: list[tuple[str, str]]) -> WorkflowGraph:
    part = WorkflowGraph()
    if ROOT in graph:
        part.add_node(ROOT, **graph.nodes[ROOT])
    for source, target in edges:
        for node in (source, target):
            part.add_node(node, **graph.nodes[node])
        part.add_edge(source, target, **graph.edges[source, target])
    return part
