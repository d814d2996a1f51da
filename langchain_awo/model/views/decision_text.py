"""Decisions as people and programs read them."""

from __future__ import annotations

from langchain_awo.model.ir.metatool import MetaTool, ToolkitPlan
from langchain_awo.model.ir.reviewing import explain_withholding, get_standing, list_decidable
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.visible import make_visible_line


def encode_decision(meta_tool: MetaTool) -> dict[str, JSONValue]:
    """What was decided about a meta-tool, and what follows, as plain data."""
    decision = meta_tool.decision
    return {
        "name": meta_tool.name,
        "standing": get_standing(meta_tool),
        "reason": decision.reason if decision else "",
        "by": decision.by if decision else "",
        "at": decision.at if decision else "",
        "mode": meta_tool.mode,
        "effect": str(meta_tool.effect),
        "approval": list(meta_tool.approval),
        "chosen": list(meta_tool.chosen),
        "withheld": explain_withholding(meta_tool),
    }


def format_decision(meta_tool: MetaTool) -> str:
    """One line such as `accepted  refund_order: by Ann, 2026-03-02: checked with finance`."""
    decision = meta_tool.decision
    parts = [decision.at[:10] if decision else "", f"by {decision.by}" if decision and decision.by else ""]
    told = " ".join(part for part in parts if part)
    reasons = ": ".join(part for part in (told, decision.reason if decision else "") if part)
    return make_visible_line(
        f"{get_standing(meta_tool):<9} {meta_tool.name}" + (f": {reasons}" if reasons else "")
    )


def list_waiting(plan: ToolkitPlan) -> tuple[MetaTool, ...]:
    """The meta-tools that are not installed until a person decides."""
    return tuple(
        each for each in plan.meta_tools if explain_withholding(each) and get_standing(each) != "rejected"
    )


def format_decisions(plan: ToolkitPlan) -> str:
    """One line for each meta-tool of a plan; those that wait say why."""
    lines = []
    for each in list_decidable(plan):
        reason = explain_withholding(each) if get_standing(each) in ("undecided", "changed") else ""
        lines.append(format_decision(each) + (f": {reason}" if reason else ""))
    return "\n".join(lines) or "no meta-tools"
