"""`awo report` writes a page about real files, and says what is wrong with others."""

from __future__ import annotations

import pytest


@pytest.fixture
def toolkit(awo, store):
    assert awo("compile", store, "-o", "toolkit.json").exit_code == 0
    return store.parent / "toolkit.json"


def test_a_store_and_a_toolkit_become_a_page(awo, store, toolkit, folder):
    """Where it was written is said on stderr; stdout stays empty."""
    result = awo("report", store, "--toolkit", toolkit)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "40 traces and 1 meta-tool in report.html" in result.stderr
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert "get_user_order" in html
    assert "held-out tasks" in html


def test_the_evaluation_can_be_left_out_and_traces_selected(awo, store, toolkit, folder):
    """Twenty of the forty runs are of one domain."""
    options = ("--no-evaluate", "--domain", "shop", "-o", "shop.html")
    assert awo("report", store, "-t", toolkit, *options).exit_code == 0
    html = (folder / "shop.html").read_text(encoding="utf-8")
    assert "it was not asked for" in html
    assert "Replayed on all 20 traces" in html


def test_a_file_that_is_no_report_is_not_overwritten(awo, store, toolkit, folder):
    """That is found out before the work begins."""
    (folder / "report.html").write_text("<p>mine</p>")
    result = awo("report", store, "--toolkit", toolkit)
    assert result.exit_code == 2
    assert "is not a report" in result.stderr
    assert (folder / "report.html").read_text() == "<p>mine</p>"


def test_bad_input_is_one_line_and_exit_code_two(awo, store, toolkit, folder):
    """A missing toolkit, one that is torn, and rules that are none."""
    (folder / "torn.json").write_text(toolkit.read_text()[:200])
    (folder / "rules.yaml").write_text("rules: [{kind: nonsense}]")
    for arguments in (
        (store, "--toolkit", "none.json"),
        (store, "--toolkit", "torn.json"),
        ("none.db", "--toolkit", toolkit),
        (store, "--toolkit", toolkit, "--rules", "rules.yaml"),
    ):
        result = awo("report", *arguments)
        assert result.exit_code == 2
        assert len(result.stderr.strip().splitlines()) == 1
    assert not (folder / "report.html").exists()


def test_traces_without_a_tool_call_become_a_page_too(awo, talk, toolkit, folder):
    """There is nothing to draw but the start."""
    result = awo("report", talk, "--toolkit", toolkit)
    assert result.exit_code == 0
    assert "leaves one side empty" in (folder / "report.html").read_text(encoding="utf-8")
