"""A node for hand-written graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.tools import BaseTool
from langgraph.prebuilt import ToolNode

from langchain_awo.runtime.live_tools import as_tools
from langchain_awo.runtime.toolkit import MetaToolkit


def tool_node(
    toolkit: MetaToolkit, tools: Sequence[BaseTool | Callable[..., Any] | dict[str, Any]], **options: Any
) -> ToolNode:
    """A `ToolNode` that runs the original tools and the meta-tools.

    Bind the same tools to the model: `model.bind_tools([*tools, *toolkit.get_tools()])`.

    Args:
        toolkit: the meta-tools.
        tools: the original tools.
        options: of `ToolNode`.
    """
    return ToolNode([*as_tools(tools), *toolkit.get_tools()], **options)
