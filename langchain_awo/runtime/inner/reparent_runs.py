"""A tool whose runs are children of a meta-tool's run, whoever invokes it.

LangGraph's tool node invokes whatever tool a request of middleware names, and with the node's own configuration:
the runs of inner calls would stand beside the run of their meta-tool, not below it. The tool itself is the one thing
in the request that says how it is invoked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.callbacks import Callbacks
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool


def adopt_tool(
    tool: BaseTool, callbacks: Callbacks, *, tags: Sequence[str], metadata: Mapping[str, Any]
) -> BaseTool:
    """A copy of a tool that runs below another run than that of its caller, and is marked.

    Args:
        tool: any tool; it stays as it is.
        callbacks: of the run to be below of.
        tags: added to those of the tool.
        metadata: added to that of the tool.
    """
    marks = {"metadata": {**(tool.metadata or {}), **metadata}, "tags": [*(tool.tags or []), *tags]}
    child = tool.model_copy(update=marks)
    invoke, ainvoke = child.invoke, child.ainvoke

    def invoke_below(call: Any, config: RunnableConfig | None = None, **options: Any) -> Any:
        return invoke(call, _replace_callbacks(config, callbacks), **options)

    async def ainvoke_below(call: Any, config: RunnableConfig | None = None, **options: Any) -> Any:
        return await ainvoke(call, _replace_callbacks(config, callbacks), **options)

    # not a subclass: classes of tools may do anything when they are subclassed
    object.__setattr__(child, "invoke", invoke_below)
    object.__setattr__(child, "ainvoke", ainvoke_below)
    return child


def _replace_callbacks(config: RunnableConfig | None, callbacks: Callbacks) -> RunnableConfig:
    below = config.copy() if config else RunnableConfig()
    below["callbacks"] = callbacks
    return below
