"""Vertical merging: the paper's Algorithm 1.

Take the heaviest edge of at least T; extend its pair by a child as long as the child's weight exceeds half of the sum
over all children; compress the routine into one node; repeat. What the paper leaves open is decided in
`docs/decisions/0001-algorithm-1.md`, with an option where it matters.

before (T = 5; start > a weighs 10)::

    a > b 10,  b > c 8,  b > d 2,  c > e 4,  c > f 4

after::

    routine  a > b > c    support 8
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeAlias

import networkx as nx

from langchain_awo.errors import CompileError
from langchain_awo.model.graph import ROOT, WorkflowGraph
from langchain_awo.model.ir.canonical import CanonicalCall, CanonicalRoutine

MAX_LENGTH: Final = 32
"""Calls of one routine; a cycle in a graph of pooled histories must end somewhere."""

Edge: TypeAlias = tuple[str, str]
Body: TypeAlias = tuple[CanonicalCall, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm1:
    """What the paper leaves open.

    Attributes:
        guard_first_pair: the half rule holds for the first pair too, not only for its extensions.
        child_reaches_threshold: an edge that extends a routine weighs at least T as well.
        count_endings: executions that end at a node count as a child that nobody follows.
    """

    guard_first_pair: bool = False
    child_reaches_threshold: bool = True
    count_endings: bool = False


def extract(
    graph: WorkflowGraph, *, threshold: int, options: Algorithm1 | None = None
) -> list[CanonicalRoutine]:
    """The routines of a graph, in the order in which the algorithm finds them.

    Args:
        graph: the merged histories; if it was pruned, then not above T.
        threshold: T, a number of executions.
        options: what the paper leaves open.

    Returns:
        Candidates with distinct calls; none when no edge weighs T. Their tasks are not counted here.

    Raises:
        CompileError: the threshold is below 1.
    """
    if threshold < 1:
        raise CompileError(
            f"the threshold T is a number of executions and must be at least 1, not {threshold}"
        )
    flow = _Flow(graph, threshold, options or Algorithm1())
    support: dict[Body, int] = {}
    while routine := flow.heaviest_routine():
        body, weight = flow.compress(routine)
        support[body] = support.get(body, 0) + weight
    return [CanonicalRoutine(calls=body, support=weight) for body, weight in support.items()]


@dataclass(slots=True)
class _Flow:
    """A working copy of a graph, in which compressed routines become nodes.

    Attributes:
        body: the calls made on an edge; several where it leads to a compressed routine.
        total: sum over all children of a node, pruned edges included.
        depth: decisions between the start and a node, on the shortest way.
    """

    graph: WorkflowGraph
    threshold: int
    options: Algorithm1
    weight: dict[Edge, int] = field(default_factory=dict)
    body: dict[Edge, Body] = field(default_factory=dict)
    total: dict[str, int] = field(default_factory=dict)
    depth: dict[str, int] = field(default_factory=dict)
    out_of: defaultdict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    into: defaultdict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    made: int = 0

    def __post_init__(self) -> None:
        measure = "count" if self.options.count_endings else "out_total"
        self.total = {node: data[measure] for node, data in self.graph.nodes(data=True)}
        if ROOT in self.graph:
            self.depth = dict(nx.single_source_shortest_path_length(self.graph, ROOT))
        for source, target, data in self.graph.edges(data=True):
            self._add(source, target, data["weight"], (data["call"],))

    def heaviest_routine(self) -> list[str]:
        """The nodes of the next routine, or nothing when no edge is heavy enough."""
        pairs = [edge for edge, weight in self.weight.items() if self._may_start(edge, weight)]
        if not pairs:
            return []
        source, target = min(pairs, key=self._order)
        nodes = [source, target]
        while len(self._body_of(nodes)) < MAX_LENGTH:
            child = self._extension(nodes[-1])
            if child is None or child in nodes:
                break
            nodes.append(child)
        return nodes

    def _may_start(self, edge: Edge, weight: int) -> bool:
        source = edge[0]
        if source == ROOT or weight < self.threshold or not self._opening(source):
            return False
        guarded = self.options.guard_first_pair
        return (not guarded or self._is_more_than_half(edge)) and len(self._body_of(list(edge))) <= MAX_LENGTH

    def _order(self, edge: Edge) -> tuple[int, int, Body, Edge]:
        """Heaviest first; ties by the way from the start, then by the calls, then by keys, which content alone makes."""
        far = len(self.depth)
        return (-self.weight[edge], self.depth.get(edge[0], far), self._body_of(list(edge)), edge)

    def _extension(self, node: str) -> str | None:
        children = [(node, child) for child in self.out_of[node]]
        fitting = [
            edge
            for edge in children
            if self._is_more_than_half(edge)
            and (self.weight[edge] >= self.threshold or not self.options.child_reaches_threshold)
        ]
        return fitting[0][1] if fitting else None  # two cannot both be more than half

    def _is_more_than_half(self, edge: Edge) -> bool:
        return 2 * self.weight[edge] > self.total[edge[0]]

    def _body_of(self, nodes: list[str]) -> Body:
        return self._opening(nodes[0]) + tuple(
            call for edge in _list_edges(nodes) for call in self.body[edge]
        )

    def _opening(self, node: str) -> Body:
        """The calls that led to a node on its heaviest edge."""
        into = [(source, node) for source in self.into[node]]
        if into:
            return self.body[min(into, key=lambda edge: (-self.weight[edge], self.body[edge], edge))]
        call = self.graph.nodes[node]["call"] if node in self.graph else None
        return (call,) if call else ()

    def compress(self, nodes: list[str]) -> tuple[Body, int]:
        """Sends the executions that go through all of a routine through one new node instead.

        In a tree this is exact. Where states were reached in several ways, what comes in and goes out is shared in
        proportion.
        """
        body, weight = self._body_of(nodes), min(self.weight[edge] for edge in _list_edges(nodes))
        rest = body[len(self._opening(nodes[0])) :]
        self.made += 1
        node = f"routine {self.made}"
        first, last = nodes[0], nodes[-1]
        self.depth[node] = self.depth.get(first, len(self.depth))
        arrived = sum(self.weight[source, last] for source in self.into[last])
        onward = {
            child: (self.weight[last, child] * weight // arrived, self.body[last, child])
            for child in sorted(self.out_of[last])
        }
        for edge in _list_edges(nodes):
            self._take(edge, weight)
            self.total[edge[0]] -= weight
        for child, (share, onward_body) in onward.items():
            self._move((last, child), (node, child), share, onward_body)
        moved = self.total[last] * weight // arrived
        self.total[node] = moved
        self.total[last] -= moved
        self._redirect(first, node, weight, rest)
        return body, weight

    def _redirect(self, first: str, node: str, weight: int, rest: Body) -> None:
        heavy_first = sorted(self.into[first], key=lambda s: (-self.weight[s, first], self.body[s, first], s))
        for source in heavy_first:
            share = min(weight, self.weight[source, first])
            self._move((source, first), (source, node), share, self.body[source, first] + rest)
            weight -= share

    def _move(self, old: Edge, new: Edge, weight: int, body: Body) -> None:
        weight = min(weight, self.weight.get(old, 0))
        if weight:
            self._take(old, weight)
            self._add(*new, weight, body)

    def _add(self, source: str, target: str, weight: int, body: Body) -> None:
        self.weight[source, target] = weight
        self.body[source, target] = body
        self.out_of[source][target] = None
        self.into[target][source] = None

    def _take(self, edge: Edge, weight: int) -> None:
        self.weight[edge] -= weight
        if self.weight[edge] <= 0:
            source, target = edge
            del self.weight[edge], self.body[edge]
            del self.out_of[source][target], self.into[target][source]


def _list_edges(nodes: list[str]) -> list[Edge]:
    return list(pairwise(nodes))
