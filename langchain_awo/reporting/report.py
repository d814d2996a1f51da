"""A report: everything that was found out, and the page that shows it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from langchain_awo.errors import ReportError
from langchain_awo.model.graph import WorkflowGraph
from langchain_awo.model.ir.metatool import Refused, ToolkitPlan
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.phrasing import format_count
from langchain_awo.model.views.refusals import group_refusals
from langchain_awo.model.views.token_costs import describe_token_costs
from langchain_awo.reporting.drawing import draw_graph, tabulate_graph
from langchain_awo.reporting.frame import frame_page
from langchain_awo.reporting.headline import headline_of
from langchain_awo.reporting.meta_tools import describe_meta_tool
from langchain_awo.reporting.page import GENERATOR, render
from langchain_awo.reporting.savings import tabulate_evaluation, tabulate_replay
from langchain_awo.small_files import replace_file

TABLE_ROWS: Final = 500
"""Decisions of each graph that are listed in words."""

MERMAID_EDGES: Final = 300
"""A graph with more is given as Mermaid text by its most detailed level that is not larger."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Results in, one self-contained page out; it fetches nothing and needs no server.

    In a notebook it shows itself.

    Attributes:
        source: what the traces are called.
        plan: the toolkit.
        before: the workflow graph with only equal histories joined, and `after` the merged one.
        effects: effect class by tool.
        replay: JSON form of a replay of the toolkit on the traces.
        evaluation: JSON form of an evaluation on held-out tasks; `None` with the reason in `not_evaluated`.
        timeline: rows by day, see `timeline_of`.
        monitoring: JSON form of what monitoring found; `None` if it was not asked for.

    Example:
        >>> awo.report("traces.db", "toolkit.json").save("report.html")  # doctest: +SKIP
    """

    plan: ToolkitPlan
    before: WorkflowGraph
    after: WorkflowGraph
    source: str = "traces"
    effects: Mapping[str, str] = field(default_factory=dict)
    replay: Mapping[str, Any]
    evaluation: Mapping[str, Any] | None = None
    not_evaluated: str = ""
    timeline: Sequence[Mapping[str, JSONValue]] = ()
    monitoring: Mapping[str, Any] | None = None

    @cached_property
    def html(self) -> str:
        """The page.

        Raises:
            MissingExtraError: the extra `report` is not installed.
        """
        return render("report.html.j2", self._values(), scripts=("graph.js", "tables.js", "timeline.js"))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the page; nothing but an earlier report is overwritten.

        Raises:
            ReportError: the path cannot be written, or holds something else.
            MissingExtraError: the extra `report` is not installed.
        """
        check_page_target(path)
        target = Path(path)
        try:
            replace_file(target, self.html)
        except OSError as error:
            raise _build_write_error(target, error) from error

    def __repr__(self) -> str:
        """Bounded, whatever the report holds."""
        return f"<Report on {self.source!r:.80}: {format_count(len(self.plan.meta_tools), 'meta-tool')}>"

    def _repr_html_(self) -> str:
        return frame_page(self.html, title="Report on meta-tools", height=820)

    def _values(self) -> dict[str, Any]:
        refused = _sort_nearest_first(self.plan.refused)
        return {
            "report": self,
            "meta_tools": [describe_meta_tool(each) for each in self.plan.meta_tools],
            "refused": refused,
            "codes": sorted(Counter(each.code for each in refused).items()),
            "evaluated": tabulate_evaluation(self.evaluation) if self.evaluation else None,
            "replayed": tabulate_replay(self.replay),
            "headline": headline_of(self.evaluation or self.replay),
            "token_costs": describe_token_costs(self.plan),
            "graphs": self._graphs(),
            "timeline": list(self.timeline),
        }

    def _graphs(self) -> dict[str, Any]:
        named = {"before": self.before, "after": self.after}
        return {
            name: {
                "drawing": draw_graph(graph, effects=self.effects, meta_tools=self.plan.meta_tools),
                "table": tabulate_graph(graph, limit=TABLE_ROWS),
                "mermaid": graph.draw_mermaid() if graph.number_of_edges() <= MERMAID_EDGES else "",
            }
            for name, graph in named.items()
        }


def _sort_nearest_first(refused: Iterable[Refused]) -> list[Refused]:
    """Near misses by routine, then what a meta-tool covers, then tools that no routine may call."""
    grouped = group_refusals(refused)
    return [
        each
        for part in (grouped.routines, grouped.covered, grouped.kept_out)
        for group in part
        for each in group.refused
    ]


def check_page_target(path: str | os.PathLike[str]) -> None:
    """Makes sure before long work that a report could be written there, and would overwrite nothing but a report.

    Raises:
        ReportError: the path cannot be written, or holds something else.
    """
    target = Path(path)
    try:
        if target.is_dir():
            raise ReportError(f"{target} is a folder; give a file in it, such as {target / 'report.html'}")
        if not target.parent.is_dir():
            raise ReportError(f"there is no folder {target.parent}; create it, or choose another path")
        if not os.access(target if target.exists() else target.parent, os.W_OK):
            raise ReportError(f"{target} cannot be written: permission denied; choose another path")
        is_other = target.exists() and target.stat().st_size > 0 and not _is_page(target)
    except OSError as error:
        raise _build_write_error(target, error) from error
    if is_other:
        raise ReportError(f"{target} exists and is not a report; choose another path, or remove it")


def _is_page(path: Path) -> bool:
    with path.open("rb") as file:
        return GENERATOR.encode() in file.read(2_000)


def _build_write_error(target: Path, error: OSError) -> ReportError:
    return ReportError(f"{target} cannot be written: {error.strerror or error}; choose another path")
