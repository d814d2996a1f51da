"""What the model is told a meta-tool does."""

from __future__ import annotations

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.model.text.visible import make_visible


def describe_steps(meta_tool: MetaTool) -> str:
    """One line that names the steps, such as `Runs: find_user, then get_order for each.`; for people and polishing."""
    steps = (f"{step.tool} for each" if step.over else step.tool for step in meta_tool.steps)
    return f"Runs: {', then '.join(steps)}."


def describe_fully(meta_tool: MetaTool) -> str:
    """The description, with control characters made visible; a line that names the steps if there is none, so that a model knows what it calls."""
    return make_visible(meta_tool.description.strip() or describe_steps(meta_tool))
