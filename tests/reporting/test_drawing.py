"""Where states are placed, how much of a graph is drawn, and what is said of it in words."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import pairwise

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from langchain_awo.model.graph import ROOT, WorkflowGraph
from langchain_awo.model.ir.canonical import CanonicalCall
from langchain_awo.reporting.drawing import draw_graph, tabulate_graph
from langchain_awo.reporting.layout import ROW, lay_out
from langchain_awo.reporting.levels import choose_opening_level, find_levels, prune_graph
from tests.reporting.material import chain, meta_tool, wide_graph


@st.composite
def graphs(draw):
    """Graphs whose edges lead from one of the earlier states to a later one, and sometimes back."""
    graph = WorkflowGraph()
    for number in range(draw(st.integers(1, 25))):
        source = draw(st.sampled_from([ROOT, *(f"s{before}" for before in range(number))]))
        graph.add_decision(source, f"s{number}", CanonicalCall(f"t{number % 5}"), draw(st.integers(1, 9)))
    for _ in range(draw(st.integers(0, 6))):
        ends = st.sampled_from(sorted(graph))
        source, target = draw(ends), draw(ends)
        if target not in (ROOT, source):
            graph.add_decision(source, target, CanonicalCall("t9"), 1)
    return graph


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_no_two_states_cover_each_other_whatever_the_graph(graph):
    """States of a layer are at least a row apart, and every one has a place."""
    places = lay_out(graph).places
    assert places.keys() == set(graph)
    layers = defaultdict(list)
    for x, y in places.values():
        layers[x].append(y)
    for heights in map(sorted, layers.values()):
        assert all(below - above >= ROW for above, below in pairwise(heights))


def test_every_decision_of_an_acyclic_graph_leads_to_the_right():
    """The picture can be read in one direction."""
    graph = wide_graph(200)
    places = lay_out(graph).places
    assert nx.is_directed_acyclic_graph(graph)
    assert all(places[source][0] < places[target][0] for source, target in graph.edges)


def test_a_decision_that_skips_a_layer_bends_around_what_is_there():
    """It has a place in the layer that it passes."""
    graph = WorkflowGraph()
    chain(graph, "a", "b", "c", weight=3)
    graph.add_decision(ROOT, "root>a>b>c", CanonicalCall("c"), 1)
    layout = lay_out(graph)
    bends = layout.bends[ROOT, "root>a>b>c"]
    assert [x for x, _ in bends] == [layout.places["root>a"][0], layout.places["root>a>b"][0]]
    assert all(bend not in layout.places.values() for bend in bends)


def test_levels_grow_from_the_beaten_track_to_everything():
    """Each shows more, all are whole from the start, and the page opens with one that can be read."""
    graph = wide_graph(1_000)
    levels = find_levels(graph)
    sizes = [level.graph.number_of_nodes() for level in levels]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == 1_000
    assert sizes[choose_opening_level(levels)] <= 60
    for level in levels:
        assert all(nx.has_path(level.graph, ROOT, node) for node in level.graph)


def test_a_graph_that_is_too_large_is_cut_at_a_weight():
    """Nobody reads 5,000 states; how many there are is said."""
    drawing = draw_graph(wide_graph(5_000))
    assert len(drawing["nodes"]) <= 1_500
    assert drawing["states"] == 5_000


def test_a_start_with_thousands_of_equal_beginnings_is_cut_too():
    """Where no weight tells them apart, some are drawn."""
    graph = WorkflowGraph()
    for number in range(3_000):
        graph.add_decision(ROOT, f"s{number}", CanonicalCall(f"t{number}"), 1)
    assert 1 < len(draw_graph(graph)["nodes"]) <= 1_500


def test_pruning_leaves_nothing_that_the_start_does_not_reach():
    """A heavy decision behind a light one goes with it."""
    graph = WorkflowGraph()
    graph.add_decision(ROOT, "a", CanonicalCall("a"), 1)
    graph.add_decision("a", "b", CanonicalCall("b"), 9)
    assert set(prune_graph(graph, 5)) == {ROOT}


@settings(max_examples=60, deadline=None)
@given(graphs(), st.integers(1, 10))
def test_pruning_keeps_what_a_walk_along_heavy_decisions_comes_to(graph, least):
    heavy = nx.DiGraph([(s, t) for s, t, weight in graph.edges(data="weight") if weight >= least])
    heavy.add_node(ROOT)
    assert set(prune_graph(graph, least)) == {ROOT} | nx.descendants(heavy, ROOT)


def test_an_empty_graph_is_drawn_as_its_start():
    """No run called a tool: there is still a page."""
    graph = WorkflowGraph()
    graph.add_node(ROOT, call=None, count=0, out_total=0)
    drawing = draw_graph(graph, meta_tools=(meta_tool(),))
    assert [node["label"] for node in drawing["nodes"]] == ["start"]
    assert drawing["routines"] == [{"name": "find_user_with_get_order", "edges": 0}]


def test_the_same_graph_gives_the_same_drawing_in_whatever_order_it_was_built():
    """Insertion order does not show."""
    routes = [("find_user", "get_order"), ("search",), ("find_user", "get_product")]
    drawings = []
    for order in (routes, routes[::-1]):
        graph = WorkflowGraph()
        for tools in order:
            chain(graph, *tools, weight=4)
        drawings.append(json.dumps(draw_graph(graph)))
    assert drawings[0] == drawings[1]


def test_the_table_says_the_heaviest_decisions_first():
    """With the share of those that stood there."""
    graph = WorkflowGraph()
    chain(graph, "find_user", "get_order", weight=3)
    chain(graph, "find_user", "get_product", weight=1)
    rows = tabulate_graph(graph, limit=2)
    assert [(row["after"], row["call"], row["weight"], row["share"]) for row in rows] == [
        ("start", "find_user", 4, 1.0),
        ("find_user", "get_order", 3, 0.75),
    ]
