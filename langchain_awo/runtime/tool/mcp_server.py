"""The meta-tools of a toolkit as an MCP server over the original tools.

A call is delivered as an agent delivers it, so that a failed step comes back as a hand-back that a model can act on.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import TextIOWrapper
from typing import Any, Final
from uuid import uuid4

from langchain_core.tools import BaseTool

from langchain_awo.errors import MissingExtraError, PlanError
from langchain_awo.model.secrets.failures import describe_kind_and_place
from langchain_awo.model.text.encoding import loads
from langchain_awo.runtime.approval.protection import LEAVING_OUT, collect_approvals, find_marked_tools
from langchain_awo.runtime.inner.schemas import read_parameters
from langchain_awo.runtime.tool.toolkit import MetaToolkit

try:
    import anyio
    from mcp import types
    from mcp.server.lowlevel import Server
    from mcp.server.stdio import stdio_server
except ImportError as error:
    raise MissingExtraError("mcp", extra="mcp") from error

logger = logging.getLogger(__name__)

_INSTRUCTIONS: Final = (
    "Each tool runs a verified routine of several calls. An answer with status 'stopped' says what was done, what failed "
    "and what remains; pass its resume_token to go on."
)


def mcp_server(toolkit: MetaToolkit, *, version: str = "") -> Server[Any, Any]:
    """A server that offers every meta-tool that can run, whatever its mode: a client has no other way to run it.

    Args:
        toolkit: over live tools.
        version: what the server says its version is.

    Raises:
        PlanError: no meta-tool can run over these tools.
    """
    ordered = sorted(toolkit.meta_tools, key=lambda meta_tool: meta_tool.mode in LEAVING_OUT)
    protection = find_marked_tools(toolkit.tools)
    toolkit.tell_withheld()
    asking = {
        meta_tool.name: f"{reason}; a server cannot ask for approval"
        for meta_tool in ordered
        if (reason := (protection | collect_approvals(meta_tool)).reason(meta_tool, "append"))
    }
    refused = {**asking, **toolkit.disabled, **toolkit.withheld}
    offered = [
        toolkit.get_tool(meta_tool.name, whole=True) for meta_tool in ordered if meta_tool.name not in refused
    ]
    if not offered:
        reasons = "; ".join(f"{name}: {why}" for name, why in sorted(refused.items()))
        raise PlanError(
            f"no meta-tool of this toolkit can run over these tools: {reasons or 'it has none'}; pass the tools it calls"
        )
    server: Server[Any, Any] = Server("langchain-awo", version=version or None, instructions=_INSTRUCTIONS)
    _answer_requests(server, offered)
    return server


def serve_stdio(toolkit: MetaToolkit, *, version: str = "") -> None:
    """Serves until stdin ends; what tools print goes to stderr, because stdout carries the protocol.

    Raises:
        PlanError: no meta-tool can run over these tools.
    """
    server = mcp_server(toolkit, version=version)
    protocol = TextIOWrapper(sys.stdout.buffer, encoding="utf-8")

    async def serve() -> None:
        async with stdio_server(stdout=anyio.wrap_file(protocol)) as (requests, replies):
            await server.run(requests, replies, server.create_initialization_options())

    with redirect_stdout(sys.stderr):
        asyncio.run(serve())


def _answer_requests(server: Server[Any, Any], offered: Sequence[BaseTool]) -> None:
    by_name = {tool.name: tool for tool in offered}

    async def list_tools(_request: types.ListToolsRequest) -> types.ServerResult:
        return types.ServerResult(types.ListToolsResult(tools=[_describe_tool(tool) for tool in offered]))

    async def call_tool(request: types.CallToolRequest) -> types.ServerResult:
        tool = by_name.get(request.params.name)
        if tool is None:
            problem = f"there is no tool {request.params.name!r}; there are {', '.join(sorted(by_name))}"
            return types.ServerResult(_build_error(problem))
        return types.ServerResult(await _answer_call(tool, request.params.arguments or {}))

    server.request_handlers[types.ListToolsRequest] = list_tools
    server.request_handlers[types.CallToolRequest] = call_tool


def _describe_tool(tool: BaseTool) -> types.Tool:
    hints = tool.metadata or {}
    return types.Tool(
        name=tool.name,
        description=tool.description,
        inputSchema={"type": "object", "properties": {}, **read_parameters(tool)},
        annotations=types.ToolAnnotations(
            readOnlyHint=hints["readOnlyHint"],
            destructiveHint=hints["destructiveHint"],
            idempotentHint=hints["idempotentHint"],
        ),
    )


async def _answer_call(tool: BaseTool, arguments: dict[str, Any]) -> types.CallToolResult:
    call = {"type": "tool_call", "id": f"mcp_{uuid4().hex}", "name": tool.name, "args": arguments}
    try:
        message = await tool.ainvoke(call)
    except Exception as error:  # noqa: BLE001  # whatever is wrong with a call is told to the client, which goes on
        logger.debug("the call of %s failed: %s", tool.name, describe_kind_and_place(error))
        return _build_error(f"{type(error).__name__}: {error}")
    text = str(message.text)
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)],
        structuredContent=_parse_object(text),
        isError=message.status == "error",
    )


def _build_error(problem: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=problem)], isError=True)


def _parse_object(text: str) -> dict[str, Any] | None:
    try:
        value = loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
