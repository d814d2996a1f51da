"""Tables of every verb fit the terminal, and no word in them is split."""

from __future__ import annotations

import pytest

from langchain_awo.cli.terminal import put_table

COLUMNS = ["meta-tool", "installed", "applied", "over-fetch", "unwanted writes"]
ROWS = [
    ["get_customer_with_all_orders_and_shipments", "continue", "1,234", "0.4 of 1.2", "0"],
    ["get_alert > get_metrics > page_engineer", "append", "12", "", "none at all"],
    ["界面_read", "append", "7", "1.0", "3"],
]


@pytest.fixture(params=[30, 60, 72, 80, 100, 160])
def shown(request, monkeypatch, capsys):
    """What is printed at a width, and that width."""
    monkeypatch.setenv("COLUMNS", str(request.param))
    put_table("What was used, where it applied, and what it fetched in vain", COLUMNS, ROWS)
    return capsys.readouterr().out, request.param


def test_no_word_is_split(shown):
    text, _ = shown
    words = {word for row in [COLUMNS[1:], *ROWS] for cell in row for word in cell.split()}
    printed = {word.removesuffix(":") for word in text.split()}
    assert words <= printed


def test_no_line_is_longer_than_the_terminal_unless_a_word_is(shown):
    text, width = shown
    longest_word = max(len(word) for word in text.split() if "─" not in word)
    assert max(map(len, map(str.rstrip, text.splitlines()))) <= max(width, longest_word)


def test_where_a_table_is_too_wide_each_row_is_a_block(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    put_table("Used", COLUMNS, ROWS[:1])
    assert capsys.readouterr().out.splitlines()[:3] == ["Used", ROWS[0][0], "  installed: continue"]
