"""The notation fits the width it is read at, and the picture of a meta-tool cannot be broken by a name in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from langchain_awo.model.ir.binding import Item, Output, Parameter
from langchain_awo.model.ir.metatool import Condition, Guard, Map, MetaTool, ParameterSpec, Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.views.notation import format_meta_tool
from langchain_awo.model.views.notation_layout import lay_out

READ = Step(
    tool="get_account_of_customer", args={"customer_email": Parameter(name="email")}, effect=Effect.READ
)
EACH = Step(
    tool="get_invoice_with_all_lines",
    args={"invoice_id": Item(path="/id"), "account": Output(step=1, path="/account_id")},
    over=Map(source=Output(step=1, path="/invoices/*")),
    effect=Effect.READ,
)
WRITE = Step(
    tool="close_account",
    args={"account": Output(step=1, path="/account_id")},
    guard=Guard(source=Output(step=1, path="/state"), test="equals", value="overdue", otherwise="stop"),
    effect=Effect.WRITE,
)
TOOL = MetaTool(
    name="close_overdue_account",
    description="",
    steps=(READ, EACH, WRITE),
    parameters=(ParameterSpec(name="email"),),
)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_longer_than_the_width(width):
    assert max(map(len, lay_out(TOOL, width).splitlines())) <= width


def test_all_that_the_notation_says_is_said_at_every_width():
    words = format_meta_tool(TOOL).split()
    for width in (40, 80, 1_000):
        assert [each for each in lay_out(TOOL, width).split() if each != "!"] == words


def test_steps_that_may_write_are_marked():
    marked = [line for line in lay_out(TOOL, 80).splitlines() if line.startswith("!")]
    assert len(marked) == 1
    assert marked[0].startswith("! 3  close_account(")


def test_a_meta_tool_draws_a_box_for_each_step_and_an_arrow_for_each_flow():
    drawn = TOOL.to_mermaid().splitlines()
    assert drawn[0] == "flowchart LR"
    assert '  p0(["email"])' in drawn
    assert '  s2[["2 get_invoice_with_all_lines"]]' in drawn
    assert '  s1 -->|"account, each invoice_id"| s2' in drawn
    assert any(line.startswith("  s1 -.->") and "overdue" in line for line in drawn)
    assert drawn[-1] == "  class s3 write"


def test_a_list_from_a_parameter_and_every_condition_of_a_guard_have_arrows():
    limit = Condition(source=Parameter(name="limit"), test="at_least", value=2)
    listed = replace(EACH, args={"id": Item()}, over=Map(source=Parameter(name="ids")))
    guarded = replace(WRITE, guard=replace(WRITE.guard, also=(limit,)))
    names = tuple(ParameterSpec(name=name) for name in ("email", "ids", "limit"))
    drawn = replace(TOOL, steps=(READ, listed, guarded), parameters=names).to_mermaid()
    assert '  p1 -->|"each id"| s2' in drawn
    assert "  p2 -.->" in drawn
    assert "  s1 -.->" in drawn


def test_a_name_in_the_picture_ends_no_label():
    hostile = replace(TOOL, steps=(replace(READ, tool='x"] --> y["<script>'), EACH, WRITE))
    (line,) = (each for each in hostile.to_mermaid().splitlines() if each.startswith("  s1["))
    assert line.count('"') == 2
    assert "<" not in line
