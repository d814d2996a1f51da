"""Tools of an MCP server: record the agent, compile, and let meta-tools call the server.

A real server runs in a process of its own and speaks MCP over its standard input and output. What its annotations claim (`readOnlyHint`)
can only raise suspicion, so that tools whose names do not say that they read are declared; tools of MCP servers are async, and so are meta-tools of them.

Runs without a key: a scripted model stands in for an LLM. Needs `pip install 'langchain-awo[mcp,langchain]'`.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from langchain.agents import create_agent
from langchain_core.tools import BaseTool
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools
from mcp.server.fastmcp import FastMCP
from mcp.types import ToolAnnotations

import langchain_awo as awo
from langchain_awo.testing import ScriptedChatModel, ask_tools

PARCELS = [f"P-{number}" for number in range(500, 512)]
READS = ToolAnnotations(readOnlyHint=True)


def serve() -> None:
    """The server: two tools that only read, by its own word."""
    server = FastMCP("parcels", log_level="WARNING")

    @server.tool(annotations=READS)
    def track(parcel: str) -> dict[str, str]:
        """Track a parcel: the depot it is in."""
        return {"parcel": parcel, "depot": f"D-{parcel[2:]}"}

    @server.tool(annotations=READS)
    def depot_hours(depot: str) -> dict[str, str]:
        """When a depot is open."""
        return {"depot": depot, "open": "8 to 18"}

    server.run()


def model_for(parcel: str) -> ScriptedChatModel:
    """What an LLM would do for this question."""
    script = [
        ask_tools(("track", {"parcel": parcel})),
        ask_tools(("depot_hours", {"depot": f"D-{parcel[2:]}"})),
        "From 8 to 18.",
    ]
    return ScriptedChatModel(script=script)


async def work(tools: list[BaseTool]) -> None:
    store = Path(tempfile.mkdtemp()) / "traces.db"
    with awo.TraceRecorder(store) as recorder:
        for parcel in PARCELS:
            agent = create_agent(model_for(parcel), tools=tools)
            question = {"messages": [("user", f"When can I collect {parcel}?")]}
            await agent.ainvoke(question, {"callbacks": [recorder], "metadata": {"task_id": parcel}})

    effects = {
        "track": "read",
        "depot_hours": "read",
    }  # no verb in their names says so, and a claim alone is not enough
    toolkit = awo.compile_toolkit(store, tools=tools, effects=effects)
    print(toolkit)

    meta_tool = toolkit.get_tool(toolkit.meta_tools[0].name)
    model = ScriptedChatModel(script=[ask_tools((meta_tool.name, {"parcel": "P-999"})), "From 8 to 18."])
    agent = create_agent(model, tools=[*tools, meta_tool])
    answer = await agent.ainvoke({"messages": [("user", "When can I collect P-999?")]})
    print(answer["messages"][-2].content)


async def main() -> None:
    server = {"transport": "stdio", "command": sys.executable, "args": [__file__, "serve"]}
    client = MultiServerMCPClient({"parcels": server})
    async with client.session("parcels") as session:  # without it each call would start a server
        await work(await load_mcp_tools(session))


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        asyncio.run(main())
