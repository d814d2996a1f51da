"""Graphs, toolkits and reports draw themselves in a notebook that knows nothing of them."""

from __future__ import annotations

import pytest
from IPython.core.formatters import DisplayFormatter

import langchain_awo as awo
from tests.reporting.material import orders

TRACES = list(orders(12))


@pytest.mark.parametrize(
    ("make", "holds"),
    [
        (lambda: awo.workflow_graph(TRACES), "Workflow graph"),
        (lambda: awo.compile_toolkit(TRACES), "find_user"),
        (lambda: awo.report(TRACES, awo.compile_toolkit(TRACES), evaluated=False), "Refused"),
    ],
    ids=["graph", "toolkit", "report"],
)
def test_what_ends_a_cell_is_drawn_in_a_frame(make, holds):
    """IPython finds the HTML form by itself, beside the plain one."""
    shown, _ = DisplayFormatter().format(make())
    assert shown["text/html"].startswith("<iframe")
    assert holds in shown["text/html"]
    assert "text/plain" in shown


def test_the_frames_work_in_a_browser(open_page):
    """The graph in a frame draws itself, the toolkit needs no program."""
    graph, toolkit = awo.workflow_graph(TRACES), awo.compile_toolkit(TRACES)
    page = open_page(f"<!doctype html><title>n</title>{graph._repr_html_()}{toolkit._repr_html_()}")
    first, second = (page.frame_locator("iframe").nth(place) for place in (0, 1))
    assert first.locator("#canvas g.state").count() == 3
    assert second.locator(".flow g.box").count() >= 2
