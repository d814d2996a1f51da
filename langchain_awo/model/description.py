"""What the model is told a meta-tool does."""

from __future__ import annotations

from langchain_awo.model.metatool import MetaTool


def runs_line(meta_tool: MetaTool) -> str:
    """One line that names the steps, such as `Runs: find_user, then get_order for each.`."""
    steps = (f"{step.tool} for each" if step.over else step.tool for step in meta_tool.steps)
    return f"Runs: {', then '.join(steps)}."


def full_description(meta_tool: MetaTool) -> str:
    """The description with a line that names the steps, added if there is none."""
    line = runs_line(meta_tool)
    if any(each.startswith("Runs: ") for each in meta_tool.description.splitlines()):
        return meta_tool.description
    return f"{meta_tool.description.rstrip()}\n{line}" if meta_tool.description.strip() else line
