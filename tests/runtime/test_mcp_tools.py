"""Tools of a real MCP server, through LangChain's adapters: recorded, compiled, and called by meta-tools."""

import json
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.tools import BaseTool

import langchain_awo as awo
from langchain_awo.model.ir.binding import Constant, Item, Output, Parameter
from langchain_awo.model.ir.metatool import Map
from langchain_awo.model.trace.effect import Effect
from langchain_awo.model.trace.handback import split_fetched
from langchain_awo.runtime.tool.lowering import lower
from langchain_awo.testing import ScriptedChatModel, ask_tools
from tests.runtime.desk import ask, call, model_of, new_agent, routine, step, tool_messages
from tests.runtime.mcp_desk import parcels_of

adapters = pytest.importorskip("langchain_mcp_adapters", reason="the adapters need langchain-core 1.3.3")

SERVER = Path(__file__).with_name("mcp_desk.py")
PEOPLE = [*range(20, 32)]


@asynccontextmanager
async def served(path: Path) -> AsyncIterator[list[BaseTool]]:
    """The tools of a server in a process of its own, in one session: without it each call would start a server."""
    from langchain_mcp_adapters.client import MultiServerMCPClient
    from langchain_mcp_adapters.tools import load_mcp_tools

    server = {"transport": "stdio", "command": sys.executable, "args": [str(SERVER), str(path)]}
    async with MultiServerMCPClient({"desk": server}).session("desk") as session:
        yield await load_mcp_tools(session)


def calls(path: Path) -> Counter[tuple[str, str]]:
    db = sqlite3.connect(path)
    found = Counter(db.execute("SELECT tool, args FROM calls").fetchall())
    db.close()
    return found


def as_an_agent(person: int) -> ScriptedChatModel:
    """Looks a person up, lists the parcels, looks at each, and remarks on it."""
    return ScriptedChatModel(
        script=[
            ask_tools(("person", {"email": f"p{person}@x"})),
            ask_tools(("parcels", {"person_id": person})),
            ask_tools(*(("parcel", {"parcel_id": each}) for each in parcels_of(person))),
            ask_tools(("remark", {"person_id": person, "text": "seen"})),
            "done",
        ]
    )


async def test_the_whole_road_over_a_real_server(tmp_path: Path) -> None:
    """Recorded, compiled with the effects that the server claims, installed, and run for a person nobody asked for."""
    path, store = tmp_path / "desk.db", tmp_path / "traces.db"
    async with served(path) as tools:
        with awo.TraceRecorder(store) as recorder:
            for person in PEOPLE:
                question = ask(f"Look through the parcels of p{person}@x.")
                config = {"callbacks": [recorder], "metadata": {"task_id": f"p{person}"}}
                await create_agent(as_an_agent(person), tools).ainvoke(question, config)
        toolkit = awo.compile_toolkit(store, tools=tools)
        made = calls(path)
        (meta_tool,) = toolkit.meta_tools
        assert [(each.tool, each.effect) for each in meta_tool.steps] == [
            ("person", Effect.READ),
            ("parcels", Effect.READ),
            ("parcel", Effect.READ),
        ]
        assert [spec.name for spec in meta_tool.parameters] == ["email"]
        model = model_of(call(meta_tool.name, email="p7@x"), "done")
        agent = create_agent(model, tools, middleware=[awo.MetaToolMiddleware(toolkit, mode="append")])
        (message,) = tool_messages(await agent.ainvoke(ask()))
        assert message.status == "success"
        assert calls(path) - made == Counter(
            [("person", "p7@x"), ("parcels", "7"), *(("parcel", each) for each in parcels_of(7))]
        )
        await _plays_along(toolkit, tools, "continue", ["continued", "served"])
        await _plays_along(toolkit, tools, "prefetch", ["prefetched"])


async def _plays_along(toolkit: Any, tools: Any, mode: Any, used: list[str]) -> None:
    """The model asks for everything itself, and is told what it would be told without a toolkit."""
    installed = awo.MetaToolMiddleware(toolkit, mode=mode)
    told = []
    for middleware in ([], [installed]):
        agent = create_agent(as_an_agent(9), tools, middleware=middleware)
        messages = tool_messages(await agent.ainvoke(ask()))
        told.append([[block["text"] for block in split_fetched(each.content)[0]] for each in messages])
    assert told[0] == told[1]
    assert {what for _, what in installed.usage}.issuperset(used)


EACH = step(
    "parcel", Effect.READ, args={"parcel_id": Item()}, over=Map(source=Output(step=2, path="/*"), limit=5)
)
STEPS = (
    step("person", Effect.READ, args={"email": Parameter(name="email")}),
    step("parcels", Effect.READ, args={"person_id": Output(step=1, path="/id")}),
    EACH,
    step(
        "remark", Effect.WRITE, args={"person_id": Output(step=1, path="/id"), "text": Constant(value="hi")}
    ),
)


async def test_structured_content_lists_and_blocks_are_decoded_as_when_they_were_mined(
    kind: str, tmp_path: Path
) -> None:
    async with served(tmp_path / "desk.db") as tools:
        lowered = lower(routine("help_user", *STEPS), tools)
        agent = new_agent(kind, model_of(call("help_user", email="p4@x"), "done"), [*tools, lowered])
        (message,) = tool_messages(await agent.ainvoke(ask()))
    outputs = [done["output"] for done in message.artifact["steps"]]
    ids = parcels_of(4)
    assert outputs == [{"id": 4}, ids, *({"parcel": each, "total": len(each)} for each in ids), "remarked"]
    kept = message.artifact["messages"]
    assert kept[0].artifact == {"structured_content": {"id": 4}}
    assert kept[1].artifact == {"structured_content": {"result": ids}}
    assert [block["type"] for block in kept[2].content] == ["text"]


async def test_an_error_of_the_server_is_handed_back(kind: str, tmp_path: Path) -> None:
    async with served(tmp_path / "desk.db") as tools:
        lowered = lower(routine("help_user", *STEPS), tools)
        agent = new_agent(kind, model_of(call("help_user", email="p13@x"), "sorry"), [*tools, lowered])
        (message,) = tool_messages(await agent.ainvoke(ask()))
    told = json.loads(message.content)
    assert message.status == "error"
    assert told["failed"]["tool"] == "remark"
    assert "nothing may be said of 13" in told["failed"]["error"]


async def test_a_meta_tool_over_them_cannot_be_called_synchronously(tmp_path: Path) -> None:
    async with served(tmp_path / "desk.db") as tools:
        lowered = lower(routine("help_user", *STEPS), tools)
        with pytest.raises(NotImplementedError, match="does not support sync invocation"):
            lowered.invoke({"email": "p4@x"})


async def test_the_server_is_only_believed_where_it_says_something(tmp_path: Path) -> None:
    """A tool without annotations may do anything: nothing is claimed of it, and it is treated as a write."""
    from langchain_awo.optimizer.log.effects import classify_effect
    from langchain_awo.runtime.tool.signatures import read_spec

    async with served(tmp_path / "desk.db") as tools:
        found: dict[str, Any] = {tool.name: classify_effect(read_spec(tool)) for tool in tools}
    assert found == {
        "person": Effect.READ,
        "parcels": Effect.READ,
        "parcel": Effect.READ,
        "remark": Effect.WRITE,
        "unclear": Effect.UNKNOWN,
    }
