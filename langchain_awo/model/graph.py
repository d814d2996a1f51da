"""The workflow graph: nodes are histories of canonical calls, edges are decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import networkx as nx

from langchain_awo.model.ir.canonical import CanonicalCall
from langchain_awo.model.text.visible import make_visible

if TYPE_CHECKING:
    _DiGraph = nx.DiGraph[str]
else:
    _DiGraph = nx.DiGraph

ROOT: Final = "root"
"""Key of the empty history."""


class WorkflowGraph(_DiGraph):
    """Merged histories of many executions.

    Nodes are keys derived from content. Node attributes: `call`, the last canonical call (`None` for the root; where
    reads commute, the one that most executions made last); `count`, how many executions came by; `out_total`, how many
    of them went on, edges that were pruned included. Edge attributes: `weight`, the number of executions; `call`.
    """

    @property
    def ended(self) -> dict[str, int]:
        """How many executions ended in each node."""
        nodes = self.nodes
        return {node: nodes[node]["count"] - nodes[node]["out_total"] for node in sorted(nodes)}

    def add_decision(self, source: str, target: str, call: CanonicalCall, weight: int) -> None:
        """Adds executions that made a call in one history and so came to another; both nodes' counts follow."""
        for node in (source, target):
            if node not in self:
                self.add_node(node, call=None, count=0, out_total=0)
        before = self.edges[source, target]["weight"] if self.has_edge(source, target) else 0
        self.add_edge(source, target, weight=before + weight, call=call)
        self.nodes[source]["out_total"] += weight
        self.nodes[target]["count"] += weight
        if source == ROOT:
            self.nodes[source]["count"] += weight
        self.nodes[target]["call"] = self._usual_call(target)

    def _usual_call(self, node: str) -> CanonicalCall:
        into = self.in_edges(node, data=True)
        heaviest = min(into, key=lambda edge: (-edge[2]["weight"], edge[2]["call"], edge[0]))
        call: CanonicalCall = heaviest[2]["call"]
        return call

    def draw_mermaid(self) -> str:
        """The graph as Mermaid text, the same for the same graph."""
        names = {node: f"n{number}" for number, node in enumerate(self.in_order())}
        lines = ["graph TD"]
        for node, name in names.items():
            data = self.nodes[node]
            label = data["call"].label if data["call"] else "start"
            lines.append(f'  {name}["{_escape_label(label)} · {data["count"]}"]')
        position = {node: number for number, node in enumerate(names)}
        edges = sorted(self.edges, key=lambda edge: (position[edge[0]], position[edge[1]]))
        arrows = (f"{names[s]} -->|{self.edges[s, t]['weight']}| {names[t]}" for s, t in edges)
        return "\n".join([*lines, *(f"  {arrow}" for arrow in arrows)])

    def in_order(self) -> list[str]:
        """Nodes breadth first, heavy edges first; what the root does not reach follows by key."""
        order: dict[str, None] = {ROOT: None} if ROOT in self else {}
        queue = list(order)
        for node in queue:
            edges = self.out_edges(node, data=True)
            for _, target, _data in sorted(edges, key=lambda e: (-e[2]["weight"], e[2]["call"], e[1])):
                if target not in order:
                    order[target] = None
                    queue.append(target)
        return [*order, *sorted(node for node in self if node not in order)]


_SPECIAL: Final = str.maketrans({c: f"#{ord(c)};" for c in '"`#&<>'} | {"\n": " ", "\t": " "})


def _escape_label(text: str) -> str:
    """A label inside quotes; what means something to Mermaid or to a page that shows it stands as a character code."""
    return make_visible(text).translate(_SPECIAL)
