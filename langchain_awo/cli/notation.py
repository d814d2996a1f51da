"""Meta-tools in notation, laid out for the terminal in which somebody reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_awo.model.ir.metatool import MetaTool, ToolkitPlan


def lay_out_plan(plan: ToolkitPlan, width: int | None) -> str:
    """As `format_plan`, for the width of a terminal if there is one."""
    from langchain_awo.model.views.notation import format_plan

    if width is None:
        return format_plan(plan)
    *_, last = format_plan(plan).split("\n\n")
    shown = [lay_out_meta_tool(each, width) for each in plan.meta_tools]
    return "\n\n".join([*shown, *([last] if plan.refused or not shown else [])])


def lay_out_meta_tool(meta_tool: MetaTool, width: int | None) -> str:
    """As `format_meta_tool`, for the width of a terminal if there is one."""
    from langchain_awo.model.views.notation import format_meta_tool
    from langchain_awo.model.views.notation_layout import lay_out

    return format_meta_tool(meta_tool) if width is None else lay_out(meta_tool, width)
