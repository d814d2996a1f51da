"""Which decisions of a graph a meta-tool takes over."""

from __future__ import annotations

from dataclasses import replace

from langchain_awo.model.graph import WorkflowGraph
from langchain_awo.model.ir.binding import Item, Output, Parameter
from langchain_awo.model.ir.metatool import Guard, Map, MetaTool, Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.reporting.routines import find_decisions
from tests.reporting.material import chain, meta_tool


def calls_of(graph, found):
    return sorted(graph.edges[edge]["call"].tool for edge in found)


def test_only_paths_that_make_all_steps_are_marked():
    """A routine that is begun and left is none."""
    graph = WorkflowGraph()
    chain(graph, "search", "find_user", "get_order", "cancel", weight=3)
    chain(graph, "find_user", "get_product", weight=5)
    assert calls_of(graph, find_decisions(graph, meta_tool())) == ["find_user", "get_order"]


def test_a_step_that_is_left_out_when_not_wanted_need_not_occur():
    """With a guard both ways through are marked."""
    last = Step(tool="get_order", args={}, guard=Guard(source=Parameter(name="p"), test="given"))
    guarded = replace(meta_tool(), steps=(*meta_tool().steps[:1], last))
    graph = WorkflowGraph()
    chain(graph, "find_user", "get_product", weight=3)
    chain(graph, "find_user", "get_order", weight=3)
    assert calls_of(graph, find_decisions(graph, guarded)) == ["find_user", "get_order"]


def test_a_mapped_step_takes_as_many_calls_as_there_are():
    """Two orders of one user are two decisions of one step."""
    each = Step(tool="get_order", args={"id": Item()}, over=Map(source=Output(step=1, path="/orders/*")))
    mapped = replace(meta_tool(), steps=(meta_tool().steps[0], each))
    graph = WorkflowGraph()
    chain(graph, "find_user", "get_order", "get_order", "find_user", weight=3)
    assert calls_of(graph, find_decisions(graph, mapped)) == ["find_user", "get_order", "get_order"]


def test_reads_may_change_places_but_none_passes_what_it_uses_or_an_earlier_write():
    """The order that a step needs is kept, no more."""
    find = Step(tool="find", effect=Effect.READ)
    note = Step(tool="note", effect=Effect.WRITE)
    look = Step(tool="look", effect=Effect.READ)
    reads = MetaTool(name="m", description="", steps=(find, look, Step(tool="peek", effect=Effect.READ)))
    written = replace(reads, steps=(find, note, look))
    graph = WorkflowGraph()
    chain(graph, "find", "peek", "look", weight=1)
    chain(graph, "find", "look", "note", weight=1)
    assert calls_of(graph, find_decisions(graph, reads)) == ["find", "look", "peek"]
    assert find_decisions(graph, written) == frozenset()


def test_a_graph_with_cycles_ends():
    """Pooled histories may lead back to where they were."""
    graph = WorkflowGraph()
    end = chain(graph, "find_user", "get_order", weight=3)
    graph.add_decision(end, "root>find_user", graph.edges["root", "root>find_user"]["call"], 2)
    assert calls_of(graph, find_decisions(graph, meta_tool())) == ["find_user", "find_user", "get_order"]
