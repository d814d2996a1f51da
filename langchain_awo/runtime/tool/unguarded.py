"""A meta-tool as a plain tool, without middleware around it: it does not run where its calls would pass an approval.

This module defines functions that LangChain inspects: no postponed annotations here.
"""

from typing import Any

from langchain_core.callbacks import Callbacks
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import StructuredTool, ToolException
from langgraph.prebuilt import ToolRuntime

from langchain_awo.model.ir.metatool import MetaTool
from langchain_awo.runtime.approval.protection import Protection, read_approval_mark
from langchain_awo.runtime.approval.running_graph import find_approvals
from langchain_awo.runtime.inner.calling import guards


def watch_tool(tool: StructuredTool, meta_tool: MetaTool, bound: dict[str, Any]) -> StructuredTool:
    """The same tool, which looks around before it runs, and carries the marks of tools that need approval.

    Args:
        tool: of the meta-tool; it is changed.
        meta_tool: what it runs.
        bound: the live tools by name.
    """
    func, coroutine = tool.func, tool.coroutine

    def run_sync(
        *,
        config: RunnableConfig = None,  # type: ignore[assignment]  # LangChain finds it by this very type
        callbacks: Callbacks = None,
        runtime: ToolRuntime = None,  # type: ignore[assignment]  # not `ToolRuntime | None`: that breaks the schema
        **arguments: Any,
    ) -> Any:
        _check(meta_tool, config, _get_call_id(runtime))
        return func(config=config, callbacks=callbacks, runtime=runtime, **arguments)  # type: ignore[misc]

    async def run_async(
        *,
        config: RunnableConfig = None,  # type: ignore[assignment]  # as in run_sync
        callbacks: Callbacks = None,
        runtime: ToolRuntime = None,  # type: ignore[assignment]  # as in run_sync
        **arguments: Any,
    ) -> Any:
        _check(meta_tool, config, _get_call_id(runtime))
        return await coroutine(config=config, callbacks=callbacks, runtime=runtime, **arguments)  # type: ignore[misc]

    for function in (run_sync, run_async):  # LangChain evaluates them at every call: only what it looks for
        function.__annotations__ = {"config": RunnableConfig, "runtime": ToolRuntime}
    tool.func = run_sync if func else None
    tool.coroutine = run_async
    marks = {key: value for name in meta_tool.tools for key, value in read_approval_mark(bound[name]).items()}
    tool.metadata = {**(tool.metadata or {}), **marks}
    return tool


def _get_call_id(runtime: ToolRuntime | None) -> str:
    return (runtime.tool_call_id if runtime else None) or ""


def _check(meta_tool: MetaTool, config: RunnableConfig | None, call_id: str) -> None:
    """Refuses to run beside approvals that would not be asked.

    Raises:
        ToolException: LangChain tells it the model as the answer of the tool.
    """
    guarded = guards.get()
    if guarded is not None and guarded.call_id == call_id:
        return  # approvals are asked for inner calls
    if meta_tool.approval:
        raise ToolException(
            f"{meta_tool.name} was not run: a person is to be asked before {meta_tool.approval[0]!r}, and as a plain tool it "
            "cannot ask: install the toolkit with MetaToolMiddleware(toolkit)"
        )
    around = find_approvals(config)
    if around is None:
        if meta_tool.effect.is_read:
            return
        raise ToolException(
            f"{meta_tool.name} was not run: this release of LangGraph does not show which approvals the graph asks for; "
            "install it with MetaToolMiddleware(toolkit, protected=[...])"
        )
    if reason := Protection(tools=around.tools).reason(meta_tool, "append"):
        raise ToolException(
            f"{meta_tool.name} was not run: {reason}. As a plain tool it cannot ask: install the toolkit with "
            f"MetaToolMiddleware(toolkit, allow=[{meta_tool.name!r}]) instead of get_tools()"
        )
