"""From traces and a toolkit to a report; and the graph on its own."""

from __future__ import annotations

from dataclasses import replace
from html import unescape

import pytest

import langchain_awo as awo
from langchain_awo.errors import PlanError
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.rules import Ignore, RuleSet
from langchain_awo.model.trace.trace import ReplayMark
from langchain_awo.reporting import notebook
from langchain_awo.reporting.timeline import Timeline
from tests.reporting.material import call, meta_tool, orders, trace


@pytest.fixture(scope="module")
def traces():
    return list(orders(40))


@pytest.fixture(scope="module")
def toolkit(traces):
    return awo.compile_toolkit(traces)


def test_a_report_holds_what_replay_and_evaluation_measure(traces, toolkit):
    """The figures are those of the optimizer, the graphs those of the rules."""
    assert len(toolkit.plan.meta_tools) > 0
    report = awo.report(traces, toolkit)
    assert report.replay["traces"] == 40
    assert report.evaluation["tasks_train"] + report.evaluation["tasks_held_out"] == 40
    assert f"{report.evaluation['result']['chooser'] * 100:.1f} %" in report.html
    assert report.after.number_of_nodes() <= report.before.number_of_nodes()
    for each in toolkit.plan.meta_tools:
        assert each.name in report.html


def test_a_report_says_why_nothing_was_evaluated(traces, toolkit):
    """Not asked for, or one task only, which cannot be split."""
    report = awo.report(traces, toolkit.plan, evaluated=False)
    assert report.evaluation is None
    assert "it was not asked for" in report.html
    alone = awo.report(traces[:1], ToolkitPlan())
    assert "leaves one side empty" in alone.html
    assert "The toolkit has no meta-tools" in alone.html


def test_a_report_of_no_traces_is_a_page_too():
    """Nothing was recorded yet."""
    html = awo.report([], ToolkitPlan()).html
    assert "No routine in these traces could be compiled" in html
    assert "The traces have no times" in html


def test_paths_are_read_and_name_the_report(traces, toolkit, tmp_path):
    """A store and a saved toolkit give the page that the objects give, but for its name."""
    with awo.open_store(tmp_path / "runs.db") as store:
        store.append(traces)
    toolkit.save(tmp_path / "toolkit.json")
    report = awo.report(tmp_path / "runs.db", tmp_path / "toolkit.json", evaluated=False)
    assert report.source == "runs.db"
    assert report.replay == awo.report(traces, toolkit, evaluated=False).replay


def test_settings_that_no_compilation_wrote_are_an_error(traces):
    """The file was edited by hand."""
    with pytest.raises(PlanError, match="settings of the toolkit"):
        awo.report(traces, ToolkitPlan(settings={"effects": {"find": "harmless"}}))


def test_the_workflow_graph_of_traces_is_one_call():
    """Rules say what is merged; it is a graph of networkx, and draws itself as Mermaid text."""
    traces = [trace(number, "login", "find_user", "get_order") for number in range(3)]
    graph = awo.workflow_graph(traces)
    assert [data["weight"] for _, _, data in graph.edges(data=True)] == [3, 3, 3]
    without = awo.workflow_graph(traces, rules=RuleSet((Ignore(tool="find_user"),)))
    assert without.number_of_nodes() == graph.number_of_nodes() - 1
    assert graph.draw_mermaid().startswith('graph TD\n  n0["start · 3"]')
    assert awo.workflow_graph(traces, history=1).number_of_nodes() == 4


def test_a_graph_and_a_toolkit_show_themselves_in_a_notebook(traces, toolkit, monkeypatch):
    """In frames; and in their plain form where the extra is not installed."""
    graph = awo.workflow_graph(traces)
    assert 'id="canvas"' in unescape(graph._repr_html_())
    assert toolkit.plan.meta_tools[0].name in toolkit._repr_html_()

    def missing(*_arguments, **_options):
        raise awo.errors.MissingExtraError("jinja2", extra="report")

    monkeypatch.setattr(notebook, "render", missing)
    assert graph._repr_html_() is None
    assert toolkit._repr_html_() is None


def test_days_count_runs_and_the_meta_tools_they_used():
    """Called by the model or run for it; a run without a time is left out."""
    tool = meta_tool().name
    replayed = call("get_order", 9, 0, replay=ReplayMark(meta_tool=tool, step=2))
    runs = [
        trace(1, "find_user", day=0),
        trace(2, tool, day=0),
        trace(3, "find_user", day=2),
    ]
    continued = replace(trace(4, day=2), tool_calls=(replayed,))
    timeless = replace(trace(5, "find_user"), started_at=None)
    timeline = Timeline([tool])
    for each in (*runs, continued, timeless):
        timeline.add(each)
    rows = timeline.rows()
    assert [(row["day"], row["runs"], row["using"], row["model_calls"]) for row in rows] == [
        ("2026-01-01", 2, 1, 4),
        ("2026-01-03", 2, 1, 3),
    ]
    assert rows[1]["uses"] == {tool: 1}


def test_a_report_on_agents_that_had_the_toolkit_says_what_monitoring_decides(traces, toolkit):
    """Others never used it, and there is nothing to decide."""
    assert awo.report(traces, toolkit, evaluated=False).monitoring is None
    mode = {each.name: "append" for each in toolkit.plan.meta_tools}
    marked = [replace(each, metadata={"awo": {"modes": mode, "held_out": False}}) for each in traces]
    report = awo.report(marked, toolkit, evaluated=False)
    assert report.monitoring["with_toolkit"] == 40
    assert report.monitoring["decision"]["action"] == "adjust"
    assert "used in 0 of 40 runs in which it applied" in report.html
