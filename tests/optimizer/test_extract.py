"""Algorithm 1 on graphs made by hand."""

from __future__ import annotations

import pytest

from langchain_awo.errors import CompileError
from langchain_awo.model.graph import ROOT, WorkflowGraph
from langchain_awo.model.ir.canonical import CanonicalCall, CanonicalRoutine
from langchain_awo.optimizer.baseline.extract import MAX_LENGTH, Algorithm1, extract


def graph_of(*decisions):
    """A graph of (source, target, weight); a node's first letter is the call that leads to it."""
    graph = WorkflowGraph()
    for source, target, weight in decisions:
        graph.add_decision(source, target, CanonicalCall(target[0]), weight)
    return graph


def routines(graph, threshold, **options):
    found = extract(graph, threshold=threshold, options=Algorithm1(**options))
    return [("".join(each.labels), each.support) for each in found]


def test_a_routine_that_two_states_share_is_one_candidate():
    """The same calls from different states unite, and their support adds up."""
    graph = graph_of((ROOT, "a1", 5), ("a1", "b1", 5), (ROOT, "a2", 3), ("a2", "b2", 3))
    assert routines(graph, 3) == [("ab", 8)]


def test_equal_weights_near_the_start_come_first_then_the_calls_decide():
    """Ties never depend on the order in which a graph was built."""
    decisions = [(ROOT, "c", 4), ("c", "d", 4), (ROOT, "a", 4), ("a", "b", 4)]
    assert routines(graph_of(*decisions), 2) == [("ab", 4), ("cd", 4)]
    assert routines(graph_of(*reversed(decisions)), 2) == [("ab", 4), ("cd", 4)]


def test_the_half_rule_counts_children_that_were_pruned():
    """A child that is more than half of the children left, but not of all, does not extend."""
    graph = graph_of((ROOT, "a", 10), ("a", "b", 10), ("b", "c", 4))
    graph.nodes["b"]["out_total"] = 9
    assert routines(graph, 4) == [("ab", 10), ("abc", 4)]
    graph.nodes["b"]["out_total"] = 7
    assert routines(graph, 4) == [("abc", 4), ("ab", 6)]


def test_a_child_below_the_threshold_extends_only_if_it_may():
    """The paper does not say that a child must reach T; here it must, unless the option says otherwise."""
    graph = graph_of((ROOT, "a", 5), ("a", "b", 5), ("b", "c", 2))
    assert routines(graph, 3) == [("ab", 5)]
    assert routines(graph, 3, child_reaches_threshold=False) == [("abc", 2), ("ab", 3)]


def test_only_an_edge_between_two_calls_starts_a_routine():
    """The first call of a run alone merges nothing, however often it is made."""
    assert routines(graph_of((ROOT, "a", 99)), 1) == []


def test_a_threshold_above_every_weight_gives_an_empty_list():
    assert extract(graph_of((ROOT, "a", 5), ("a", "b", 5)), threshold=6) == []


def test_an_empty_graph_gives_an_empty_list():
    assert extract(WorkflowGraph(), threshold=1) == []


@pytest.mark.parametrize("threshold", [0, -1])
def test_a_threshold_below_one_is_refused(threshold):
    with pytest.raises(CompileError, match=f"at least 1, not {threshold}"):
        extract(WorkflowGraph(), threshold=threshold)


def test_a_long_cycle_ends_at_the_longest_length_allowed():
    """Pooled states may go round; a routine does not."""
    graph = graph_of((ROOT, "a", 99), ("a", "b", 99), ("b", "a", 98))
    found = extract(graph, threshold=1)
    assert found
    assert all(len(candidate.calls) <= MAX_LENGTH for candidate in found)


def test_the_graph_that_was_given_is_not_changed():
    graph = graph_of((ROOT, "a", 5), ("a", "b", 5))
    before = graph.draw_mermaid()
    assert extract(graph, threshold=2) == [
        CanonicalRoutine(calls=(CanonicalCall("a"), CanonicalCall("b")), support=5)
    ]
    assert graph.draw_mermaid() == before


def test_endings_are_what_did_not_go_on():
    graph = graph_of((ROOT, "a", 5), ("a", "b", 3))
    assert graph.ended == {"a": 2, "b": 3, ROOT: 0}


def test_labels_in_a_drawing_cannot_break_it():
    """Selecting values are data from outside; Mermaid reads quotes and angle brackets as its own."""
    graph = WorkflowGraph()
    graph.add_decision(ROOT, "x", CanonicalCall("click", (("at", '"]<b>'),)), 1)
    assert '"click(#34;]#60;b#62;) · 1"' in graph.draw_mermaid()
