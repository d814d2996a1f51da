"""Decisions as people and programs read them."""

from __future__ import annotations

from langchain_awo.model.ir.metatool import MetaTool, ToolkitPlan
from langchain_awo.model.ir.reviewing import all_of, standing_of, withheld
from langchain_awo.model.text.json_value import JSONValue
from langchain_awo.model.text.visible import visible_line


def decision_json(meta_tool: MetaTool) -> dict[str, JSONValue]:
    """What was decided about a meta-tool, and what follows, as plain data."""
    decision = meta_tool.decision
    return {
        "name": meta_tool.name,
        "standing": standing_of(meta_tool),
        "reason": decision.reason if decision else "",
        "by": decision.by if decision else "",
        "at": decision.at if decision else "",
        "mode": meta_tool.mode,
        "effect": str(meta_tool.effect),
        "approval": list(meta_tool.approval),
        "chosen": list(meta_tool.chosen),
        "withheld": withheld(meta_tool),
    }


def decision_line(meta_tool: MetaTool) -> str:
    """One line such as `accepted  refund_order: by Ann, 2026-03-02: checked with finance`."""
    decision = meta_tool.decision
    parts = [decision.at[:10] if decision else "", f"by {decision.by}" if decision and decision.by else ""]
    told = " ".join(part for part in parts if part)
    reasons = ": ".join(part for part in (told, decision.reason if decision else "") if part)
    return visible_line(f"{standing_of(meta_tool):<9} {meta_tool.name}" + (f": {reasons}" if reasons else ""))


def waiting(plan: ToolkitPlan) -> tuple[MetaTool, ...]:
    """The meta-tools that are not installed until a person decides."""
    return tuple(each for each in plan.meta_tools if withheld(each) and standing_of(each) != "rejected")


def decisions_text(plan: ToolkitPlan) -> str:
    """One line for each meta-tool of a plan; those that wait say why."""
    lines = []
    for each in all_of(plan):
        reason = withheld(each) if standing_of(each) in ("undecided", "changed") else ""
        lines.append(decision_line(each) + (f": {reason}" if reason else ""))
    return "\n".join(lines) or "no meta-tools"
