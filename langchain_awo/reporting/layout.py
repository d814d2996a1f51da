"""Where the states of a workflow graph are drawn: in layers from left to right, few crossings.

The layering and the order inside a layer are igraph's (Sugiyama, Tagawa and Toda 1981). Edges that skip layers get a
place in each of them, so that they run around what lies between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import networkx as nx

from langchain_awo.errors import MissingExtraError
from langchain_awo.model.graph import ROOT, WorkflowGraph

Point: TypeAlias = tuple[float, float]
"""Pixels to the right and down."""

COLUMN: Final = 272
"""Pixels from one layer to the next."""

ROW: Final = 48
"""Pixels from one state to the next in a layer."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of states, and of the bends of edges that skip layers."""

    places: dict[str, Point]
    bends: dict[tuple[str, str], tuple[Point, ...]]


def lay_out(graph: WorkflowGraph) -> Layout:
    """Places for all states of a graph, the same for the same graph.

    Raises:
        MissingExtraError: igraph is not installed.
    """
    nodes = graph.in_order()
    layers = _assign_layers(graph, nodes)
    positions = {node: position for position, node in enumerate(nodes)}
    depths = [layers[node] for node in nodes]
    links: list[tuple[int, int]] = []
    hops: dict[tuple[str, str], list[int]] = {}
    for source, target in _select_forward(graph, nodes, layers):
        hops[source, target] = []
        at = positions[source]
        for depth in range(layers[source] + 1, layers[target]):
            depths.append(depth)
            links.append((at, len(depths) - 1))
            at = len(depths) - 1
            hops[source, target].append(at)
        links.append((at, positions[target]))
    points = _compute_points(depths, links)
    return Layout(
        {node: points[position] for node, position in positions.items()},
        {edge: tuple(points[hop] for hop in passed) for edge, passed in hops.items() if passed},
    )


def _assign_layers(graph: WorkflowGraph, nodes: Sequence[str]) -> Mapping[str, int]:
    """Calls from the start: the longest way, or the shortest where histories are pooled and there are cycles."""
    if nx.is_directed_acyclic_graph(graph):
        return {
            node: layer for layer, group in enumerate(nx.topological_generations(graph)) for node in group
        }
    start = ROOT if ROOT in graph else nodes[0]
    found: dict[str, int] = nx.single_source_shortest_path_length(graph, start)
    return {node: found.get(node, 0) for node in nodes}


def _select_forward(
    graph: WorkflowGraph, nodes: Sequence[str], layers: Mapping[str, int]
) -> list[tuple[str, str]]:
    """Edges that lead to a later layer; those of a cycle that lead back have no say in the layout."""
    edges = [(source, target) for source in nodes for target in graph.successors(source)]
    order = {node: position for position, node in enumerate(nodes)}
    forward = [edge for edge in edges if layers[edge[0]] < layers[edge[1]]]
    return sorted(forward, key=lambda edge: (order[edge[0]], order[edge[1]]))


def _compute_points(depths: Sequence[int], links: Sequence[tuple[int, int]]) -> list[Point]:
    try:
        import igraph  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise MissingExtraError("igraph", extra="report") from error
    graph = igraph.Graph(n=len(depths), edges=list(links), directed=True)
    placed = graph.layout_sugiyama(layers=list(depths))
    return _space_points(depths, [place[0] for place in placed])


def _space_points(depths: Sequence[int], heights: Sequence[float]) -> list[Point]:
    """Points of a layer at least a row apart: igraph sometimes leaves less than the gap it was asked for."""
    free: dict[int, float] = {}
    points: dict[int, Point] = {}
    for number in sorted(range(len(depths)), key=lambda each: (heights[each], each)):
        depth = depths[number]
        height = max(heights[number], free.get(depth, heights[number]))
        free[depth] = height + 1
        points[number] = (depth * COLUMN, round(height * ROW))
    return [points[number] for number in range(len(depths))]
