"""The page as text: self-contained, safe, readable, and written where nothing is lost."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from langchain_awo.errors import MissingExtraError, ReportError
from langchain_awo.model.graph import WorkflowGraph
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.reporting import library
from langchain_awo.reporting.embedding import embed_json
from langchain_awo.reporting.page import _get_environment, load_asset
from tests.reporting.material import HOSTILE, chain, hostile_report, meta_tool, report_of
from tests.reporting.monitored import monitored


class Elements(HTMLParser):
    """Every element with its attributes."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def graph():
    found = WorkflowGraph()
    chain(found, "find_user", "get_order", weight=3)
    return found


def test_the_page_refers_to_nothing_outside_itself():
    """No source, no style sheet, no link but to its own places."""
    html = report_of(graph(), plan=ToolkitPlan(meta_tools=(meta_tool(),))).html
    for tag, attributes in Elements(html).found:
        assert tag not in {"link", "iframe", "img", "object", "embed", "base"}
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
        assert not any(name.startswith("on") for name in attributes)


def test_what_is_embedded_is_the_data_and_no_markup():
    """It parses to what was put in, visible; no character in it could end the element or a line."""
    text = embed_json({HOSTILE: [HOSTILE, 1, None]})
    assert not re.search("[<>&\u2028\u2029\u202e\x00]", text)
    ((key, value),) = json.loads(text).items()
    assert key == value[0]
    assert "</script><img src=x onerror=alert(1)>{{7*7}}\\u202egnp.exe" in key


def test_a_hostile_report_has_the_same_elements_as_a_harmless_one():
    """What was recorded adds text only."""
    harmless = report_of(
        graph(),
        plan=ToolkitPlan(
            meta_tools=(meta_tool(mode_reason="x"),), corpus={"a": "b"}, settings={"rules": ["c"]}
        ),
    )
    tags = {tag for tag, _ in Elements(harmless.html).found} | {"option"}
    assert {tag for tag, _ in Elements(hostile_report().html).found} == tags
    assert "{{7*7}}" in hostile_report().html


def test_every_picture_has_words_beside_it():
    """A label on each drawing, a table or notation in the page, headings in order."""
    html = report_of(graph(), plan=ToolkitPlan(meta_tools=(meta_tool(),))).html
    elements = Elements(html).found
    assert all(attributes.get("aria-label") for tag, attributes in elements if tag == "svg")
    assert "graph TD" in html
    levels = [int(tag[1]) for tag, _ in elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_what_monitoring_decided_stands_beside_its_evidence():
    """Each decision in words, shares with their interval, unknown where nothing was counted."""
    tool = meta_tool()
    plan = ToolkitPlan(meta_tools=(tool,))
    text = re.sub(
        r"\s+",
        " ",
        re.sub("<[^>]+>", " ", report_of(graph(), plan=plan, monitoring=monitored(tool.name)).html),
    )
    assert "90 runs, 2026-03-01 to 2026-03-14" in text
    assert "The toolkit: keep look again by 2026-04-01" in text
    assert "change mode to continue seldom chosen" in text
    assert "7.5 % 3 of 40, 2 to 20 %" in text
    assert "Completed unknown" in text
    assert "0.25 model calls, \u221212 tokens net" in text
    assert "two runs have no times" in text


def test_the_same_results_give_the_same_bytes():
    """A report can be kept under version control."""
    assert report_of(graph()).html == report_of(graph()).html


def luminance(colour):
    def linear(channel):
        value = int(channel, 16) / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(colour[place : place + 2]) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_stands_out_from_what_is_behind_it(scheme):
    """Contrast is 4.5 or more (WCAG 2.2, AA) for all text, in light and in dark; 3 or more for marks."""
    colours = dict(re.findall(r"--([\w-]+): (#\w{6});", load_asset("page.css").split(":root {")[scheme + 1]))
    backgrounds = [colours[name] for name in ("bg", "panel", "soft")]
    for name in ("ink", "muted", "accent"):
        assert min(contrast(colours[name], each) for each in backgrounds) >= 4.5, name
    assert contrast(colours["accent"], colours["accent-soft"]) >= 4.5
    assert contrast(colours["ink"], colours["accent-soft"]) >= 4.5
    for name in ("read", "write", "destructive", "unknown"):
        assert contrast(colours[name], colours["panel"]) >= 3, name


def test_a_report_overwrites_a_report_and_nothing_else(tmp_path):
    """Somebody's file of that name is left alone."""
    report = report_of(graph())
    target = tmp_path / "report.html"
    report.save(target)
    report.save(target)
    assert target.read_text(encoding="utf-8") == report.html
    target.write_text("<p>mine</p>")
    with pytest.raises(ReportError, match="exists and is not a report"):
        report.save(target)
    with pytest.raises(ReportError, match="is a folder"):
        report.save(tmp_path)
    with pytest.raises(ReportError, match="there is no folder"):
        report.save(tmp_path / "none" / "report.html")


def test_what_is_not_installed_is_named_with_the_extra(monkeypatch):
    """The message says what to install."""
    library.load_d3.cache_clear()
    _get_environment.cache_clear()
    monkeypatch.setattr(library, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match=r"langchain-awo\[report\]"):
        _ = report_of(graph()).html
    monkeypatch.undo()
    _get_environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match="jinja2"):
        _ = report_of(graph()).html
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "igraph", None)
    with pytest.raises(MissingExtraError, match="igraph"):
        _ = report_of(graph()).html
    monkeypatch.undo()
    library.load_d3.cache_clear()
    _get_environment.cache_clear()


def test_a_notebook_shows_graph_and_report_in_frames():
    """A frame holds the whole page, quoted, and may not reach the notebook."""
    shown = report_of(graph())._repr_html_()
    ((tag, attributes),) = Elements(shown).found
    assert tag == "iframe"
    assert "allow-same-origin" not in attributes["sandbox"]
    assert attributes["srcdoc"] == report_of(graph()).html
