"""`make bench` writes what it measured into docs/benchmarks.md, and draws the picture there from the same file."""

from __future__ import annotations

import re
import sys
from xml.etree import ElementTree as ET

import pytest

from tests.docs.pages import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import bench_figures
import bench_picture

PRINTED = """
Welcome to a library
| store | calls | times |
|---|---|---|
| SQLite | 1,000 | 12.5 |
| Parquet | 1,000, from files | - |

took a while
"""


@pytest.fixture
def figures():
    tables, notes = bench_figures.read_printed("reading", PRINTED)
    return bench_figures.Figures(
        measured="2026-01-02", machine="a machine", quick=True, tables=tables, notes={"reading": notes}
    )


def test_what_a_program_prints_is_read_as_tables_and_numbers(figures):
    table = figures.tables["reading 1"]
    assert table.column("store") == ["SQLite", "Parquet"]
    assert table.numbers("calls") == [1000, 1000]
    assert str(table.numbers("times")) == "[12.5, nan]"
    assert figures.notes == {"reading": ["took a while"]}


def test_what_was_measured_is_read_back_as_it_was(figures, tmp_path):
    bench_figures.write_figures(figures, tmp_path / "figures.json")
    assert bench_figures.load_figures(tmp_path / "figures.json") == figures


def test_tables_go_where_the_markers_are_and_nothing_else_changes(figures):
    page = "before\n<!-- bench: reading 1 -->\nold | rows\n<!-- end of bench -->\nafter | with a bar\n"
    once = bench_figures.write_tables(page, figures)
    assert once.startswith(
        "before\n<!-- bench: reading 1 -->\n<!-- measured 2026-01-02, a machine, small logs"
    )
    assert "| SQLite | 1,000 | 12.5 |" in once
    assert "old | rows" not in once
    assert once.endswith("<!-- end of bench -->\nafter | with a bar\n")
    assert bench_figures.write_tables(once, figures) == once


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("<!-- bench: reading 9 -->\n<!-- end of bench -->", "reading 9"),
        ("<!-- bench: reading 1 -->\n", "end of bench"),
        ("<!-- bench: reading 1 -->\n<!-- bench: reading 1 -->\n<!-- end of bench -->", "end of bench"),
    ],
)
def test_a_marker_without_a_table_or_an_end_is_an_error(figures, page, told):
    with pytest.raises(ValueError, match=told):
        bench_figures.write_tables(page, figures)


def test_the_page_shows_the_committed_figures():
    page = bench_figures.PAGE.read_text(encoding="utf-8")
    assert page.count("<!-- bench: ") >= 4
    assert bench_figures.write_tables(page, bench_figures.load_figures()) == page


def test_the_picture_was_made_from_the_committed_figures_and_says_so():
    svg = ET.fromstring(bench_picture.PICTURE.read_text(encoding="utf-8"))  # noqa: S314  # our own file
    words = {each.get("id"): each.text for each in svg}
    assert svg.get("role") == "img"
    assert svg.get("aria-labelledby") == "title desc"
    assert words["desc"] == bench_figures.describe_figures(bench_figures.load_figures())


def test_the_same_figures_give_the_same_picture():
    """It takes the colours of the page: nothing in it is black or white."""
    figures = bench_figures.load_figures()
    drawn = bench_picture.draw_figures(figures)
    assert drawn == bench_picture.draw_figures(figures)
    assert "prefers-color-scheme:dark" in drawn
    assert not re.search(r"#000000|#ffffff|stroke: black|fill: white", drawn)
