"""How graphs and toolkits show themselves in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_awo.errors import MissingExtraError
from langchain_awo.model.graph import WorkflowGraph
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.reporting.drawing import draw_graph, tabulate_graph
from langchain_awo.reporting.frame import frame_page
from langchain_awo.reporting.meta_tools import describe_meta_tool
from langchain_awo.reporting.page import render

_EFFECTS: Final = "effects"


class DrawnGraph(WorkflowGraph):
    """A workflow graph that draws itself in a notebook.

    Effect classes by tool, for colours, are in `graph.graph["effects"]`.
    """

    @classmethod
    def of(cls, graph: WorkflowGraph, *, effects: Mapping[str, str]) -> DrawnGraph:
        """The same graph, able to draw itself."""
        drawn = cls(graph)
        drawn.graph[_EFFECTS] = dict(effects)
        return drawn

    def _repr_html_(self) -> str | None:
        """The interactive picture; nothing without the extra `report`, so that the plain form is shown."""
        try:
            return graph_html(self, effects=self.graph.get(_EFFECTS, {}))
        except MissingExtraError:
            return None


def graph_html(graph: WorkflowGraph, *, effects: Mapping[str, str] | None = None) -> str:
    """The picture of a graph, in a frame.

    Raises:
        MissingExtraError: the extra `report` is not installed.
    """
    shown: dict[str, Any] = {
        "drawing": draw_graph(graph, effects=effects),
        "table": tabulate_graph(graph, limit=100),
        "mermaid": "",
    }
    page = render("graph-only.html.j2", {"graphs": {"after": shown}}, scripts=("graph.js",))
    return frame_page(page, title="Workflow graph", height=680)


def render_plan(plan: ToolkitPlan) -> str | None:
    """The meta-tools of a plan, in a frame; nothing without the extra `report`."""
    values = {"meta_tools": [describe_meta_tool(each) for each in plan.meta_tools], "refused": plan.refused}
    try:
        page = render("toolkit-only.html.j2", values)
    except MissingExtraError:
        return None
    return frame_page(page, title="Meta-tools", height=min(900, 140 + 520 * len(plan.meta_tools)))
