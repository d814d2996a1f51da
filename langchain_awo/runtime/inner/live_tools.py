"""The one place that knows what `create_agent` takes as `tools`: LangChain tools, functions, and tools of the provider."""

from collections.abc import Iterable, Mapping
from typing import Any

from langchain_core.tools import BaseTool
from langchain_core.tools import tool as as_tool

from langchain_awo.errors import ToolMismatchError
from langchain_awo.model.ir.argument_checks import describe_kind


def as_tools(given: Iterable[Any] | None) -> list[BaseTool]:
    """Live tools, in their order; functions become tools as `create_agent` makes them.

    Tools that the provider runs, which are given as dictionaries, are left out: nobody else can call them.

    Raises:
        ToolMismatchError: it is no list of tools, or one of them is no tool.
    """
    if isinstance(given, str | bytes | Mapping | BaseTool) or not isinstance(given, Iterable | None):
        fix = "tools=list(tools.values())" if isinstance(given, Mapping) else "tools=[...]"
        raise ToolMismatchError(f"tools is {describe_kind(given)}, not a list of tools; write {fix}", tool="")
    if hasattr(given, "plan"):
        raise ToolMismatchError("tools is a compiled toolkit; give the original tools that it calls", tool="")
    return [_as_tool(each) for each in given or () if not isinstance(each, Mapping)]


def _as_tool(given: Any) -> BaseTool:
    if isinstance(given, BaseTool):
        return given
    if not callable(given):
        raise ToolMismatchError(
            f"{given!r:.200} is no LangChain tool; give one, a function or a provider's tool as a dictionary",
            tool="",
        )
    try:
        made: BaseTool = as_tool(given)
    except Exception as error:
        name = getattr(given, "__name__", type(given).__name__)
        raise ToolMismatchError(
            f"the function {name!r} makes no tool: {error}; give it a docstring and typed arguments",
            tool=name,
        ) from error
    return made
