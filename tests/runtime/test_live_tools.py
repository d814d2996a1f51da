"""Tools are taken wherever `create_agent` takes them, in whatever form."""

from __future__ import annotations

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool

import langchain_awo as awo
from langchain_awo.cli.sources import load_live_tools
from langchain_awo.errors import ToolMismatchError
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.runtime.inner.live_tools import as_tools
from langchain_awo.testing import ScriptedChatModel, ask_tools


def get_order(order_id: str) -> dict[str, str]:
    """Looks up an order."""
    return {"order_id": order_id}


async def get_customer(customer_id: str) -> dict[str, str]:
    """Looks up a customer."""
    return {"customer_id": customer_id}


def nameless(x):
    return x


SEARCH = {"type": "web_search_20250305", "name": "web_search"}
TOOLS = [get_order, SEARCH, tool(get_customer)]


def test_whatever_create_agent_takes_is_taken(tmp_path):
    path = tmp_path / "traces.db"
    script = [ask_tools(("get_order", {"order_id": "7"})), "done"]
    with awo.TraceRecorder(path) as recorder:
        agent = create_agent(ScriptedChatModel(script=script), [get_order])
        agent.invoke({"messages": [("user", "x")]}, {"callbacks": [recorder]})
    toolkit = awo.compile_toolkit(path, tools=TOOLS)
    toolkit.save(tmp_path / "toolkit.json")
    loaded = awo.MetaToolkit.load(tmp_path / "toolkit.json", tools=TOOLS)
    recompiled, _ = awo.recompile(path, toolkit, tools=TOOLS)
    for each in (toolkit, loaded, recompiled, awo.MetaToolkit(plan=ToolkitPlan(), tools=TOOLS)):
        assert [live.name for live in each.tools] == ["get_order", "get_customer"]
    assert set(awo.tool_node(toolkit, TOOLS).tools_by_name) == {"get_order", "get_customer"}
    assert [live.name for live in load_live_tools(f"{__name__}:TOOLS")] == ["get_order", "get_customer"]


def test_a_tool_stays_the_tool_it_is():
    made = tool(get_order)
    assert as_tools([made])[0] is made
    assert as_tools(None) == []


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("get_order", "tools is the text 'get_order', not a list of tools"),
        ({"name": "x"}, "tools is a dict, not a list of tools"),
        (7, "tools is an int, not a list of tools"),
        ([7], "7 is no LangChain tool"),
        ([nameless], "the function 'nameless' makes no tool"),
    ],
)
def test_what_is_no_tool_is_refused_by_name(given, reason):
    with pytest.raises(ToolMismatchError, match=reason):
        as_tools(given)
