"""A workflow graph as data for the page that draws it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from langchain_awo.model.graph import ROOT, WorkflowGraph
from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.reporting.layout import Layout, lay_out
from langchain_awo.reporting.levels import Level, choose_opening_level, find_levels
from langchain_awo.reporting.routines import Decision, find_decisions

Drawing: TypeAlias = dict[str, JSONValue]
"""`nodes`, `edges`, `levels`, `opening`, `routines`: plain JSON data."""


def draw_graph(
    graph: WorkflowGraph, *, effects: Mapping[str, str] | None = None, meta_tools: Sequence[MetaTool] = ()
) -> Drawing:
    """What the page draws of a graph: states and decisions once, their places for each level of detail.

    Args:
        graph: any workflow graph; its heaviest part is drawn if it is too large.
        effects: effect class by tool, for colours.
        meta_tools: whose steps are highlighted.

    Raises:
        MissingExtraError: igraph is not installed.
    """
    levels = find_levels(graph)
    full = levels[-1].graph
    numbers = {node: number for number, node in enumerate(full.in_order())}
    ordered = sorted(full.edges, key=lambda edge: (numbers[edge[0]], numbers[edge[1]]))
    edges = {edge: number for number, edge in enumerate(ordered)}
    routines = [find_decisions(full, each) for each in meta_tools]
    return {
        "nodes": [_encode_node(graph, node, effects or {}) for node in numbers],
        "edges": [_encode_edge(full, edge, numbers, routines) for edge in edges],
        "levels": [_encode_level(level, numbers, edges) for level in levels],
        "opening": choose_opening_level(levels),
        "routines": [
            {"name": each.name, "edges": len(marked)}
            for each, marked in zip(meta_tools, routines, strict=True)
        ],
        "states": graph.number_of_nodes(),
        "decisions": graph.number_of_edges(),
    }


def _encode_node(graph: WorkflowGraph, node: str, effects: Mapping[str, str]) -> dict[str, JSONValue]:
    data: dict[str, Any] = graph.nodes[node]
    call = data["call"]
    return {
        "label": call.label if call else "start",
        "effect": effects.get(call.tool, "unknown") if call else "start",
        "count": data["count"],
        "ended": data["count"] - data["out_total"],
    }


def _encode_edge(
    graph: WorkflowGraph,
    edge: Decision,
    numbers: Mapping[str, int],
    routines: Iterable[frozenset[Decision]],
) -> dict[str, JSONValue]:
    data = graph.edges[edge]
    return {
        "s": numbers[edge[0]],
        "t": numbers[edge[1]],
        "w": data["weight"],
        "label": data["call"].label,
        "r": [number for number, marked in enumerate(routines) if edge in marked],
    }


def _encode_level(
    level: Level, numbers: Mapping[str, int], edges: Mapping[Decision, int]
) -> dict[str, JSONValue]:
    layout = lay_out(level.graph)
    return {
        "least": level.least,
        "nodes": [[number, *layout.places[node]] for node, number in numbers.items() if node in level.graph],
        "edges": [_encode_bends(edge, edges, layout) for edge in edges if level.graph.has_edge(*edge)],
    }


def _encode_bends(edge: Decision, edges: Mapping[Decision, int], layout: Layout) -> list[JSONValue]:
    return [edges[edge], *(list(point) for point in layout.bends.get(edge, ()))]


def tabulate_graph(graph: WorkflowGraph, *, limit: int) -> list[dict[str, JSONValue]]:
    """The heaviest decisions in words, as the text beside the picture."""
    edges = sorted(graph.edges(data=True), key=lambda edge: (-edge[2]["weight"], edge[2]["call"], edge[:2]))
    return [
        {
            "after": _label_node(graph, source),
            "call": data["call"].label,
            "weight": data["weight"],
            "share": data["weight"] / max(1, graph.nodes[source]["count"]),
        }
        for source, _, data in edges[:limit]
    ]


def _label_node(graph: WorkflowGraph, node: str) -> str:
    call = graph.nodes[node]["call"]
    return "start" if node == ROOT or call is None else str(call.label)
