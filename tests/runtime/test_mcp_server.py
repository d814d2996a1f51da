"""Meta-tools over MCP, called by the client of the MCP package: a process over stdio, and in memory."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.shared.memory import create_connected_server_and_client_session

import langchain_awo
from langchain_awo.errors import PlanError
from langchain_awo.model.ir.binding import Parameter
from langchain_awo.model.ir.metatool import ParameterSpec
from langchain_awo.model.trace.effect import Effect
from langchain_awo.plan_file import write_plan
from langchain_awo.runtime.tool.mcp_server import mcp_server
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.runtime.desk import FIND, NOTE, ORDERS, REFUND, Desk, plan_of, routine, step

ROOT = Path(langchain_awo.__file__).parents[1]

TOOLS_OF_THE_DESK = """
from pathlib import Path
from langchain_core.tools import tool
from tests.runtime.desk import Desk

print("importing may print")
desk = Desk("served.db")
desk.broken["note"] = 1
TOOLS = desk.tools
say = TOOLS[0].func

def loud(email):
    print("and so may a call")
    return say(email)

TOOLS[0].func = loud
"""


def served(toolkit: Any, *meta_tools: Any) -> Any:
    return create_connected_server_and_client_session(mcp_server(toolkit(*meta_tools)))


async def test_a_client_over_stdio_lists_calls_and_resumes(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "served_tools.py").write_text(TOOLS_OF_THE_DESK)
    write_plan(plan_of(desk.tools, routine("help_user", FIND, NOTE)), tmp_path / "toolkit.json")
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "langchain_awo", "export", "toolkit.json", "--mcp", "--tools", "served_tools:TOOLS"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "LANGSMITH_TRACING": "false"},
    )
    with (tmp_path / "stderr").open("w") as log:
        async with stdio_client(command, errlog=log) as streams, ClientSession(*streams) as client:
            assert (await client.initialize()).serverInfo.version == langchain_awo.__version__
            assert [each.name for each in (await client.list_tools()).tools] == ["help_user"]
            stopped = await client.call_tool("help_user", {"email": "a@x"})
            token = stopped.structuredContent["resume_token"]
            ended = await client.call_tool("help_user", {"email": "a@x", "resume_token": token})
    assert (stopped.isError, stopped.structuredContent["failed"]["tool"]) == (True, "note")
    assert (ended.isError, ended.structuredContent["status"]) == (False, "completed")
    said = (tmp_path / "stderr").read_text()
    assert "serving 1 meta-tool of toolkit.json" in said
    assert "importing may print" in said
    assert said.count("and so may a call") == 1


async def test_the_text_and_the_structured_content_say_the_same(toolkit: Any) -> None:
    async with served(toolkit, routine("help_user", FIND, ORDERS)) as client:
        result = await client.call_tool("help_user", {"email": "a@x"})
    assert not result.isError
    assert json.loads(result.content[0].text) == result.structuredContent
    assert [each["tool"] for each in result.structuredContent["steps"]][:2] == ["find_user", "get_order"]


async def test_annotations_follow_the_effects_of_the_steps(toolkit: Any) -> None:
    destroys = step("refund", Effect.DESTRUCTIVE, args=REFUND.args)
    kinds = [
        routine("reads", FIND, ORDERS),
        routine("writes", FIND, NOTE),
        routine("destroys", FIND, ORDERS, destroys),
    ]
    async with served(toolkit, *kinds) as client:
        listed = {each.name: each.annotations for each in (await client.list_tools()).tools}
    hints = {name: (a.readOnlyHint, a.destructiveHint, a.idempotentHint) for name, a in listed.items()}
    assert hints == {
        "reads": (True, False, True),
        "writes": (False, False, False),
        "destroys": (False, True, False),
    }


async def test_a_schema_is_shown_as_it_is_and_names_that_clash_still_arrive(toolkit: Any) -> None:
    odd = {"type": "string", "pattern": ".@.", "description": "Whose."}
    find = step("find_user", args={"email": Parameter(name="config")})
    shaped = replace(routine("odd", find), parameters=(ParameterSpec(name="config", schema=odd),))
    async with served(toolkit, shaped) as client:
        (listed,) = (await client.list_tools()).tools
        result = await client.call_tool("odd", {"config_": "a@x"})
    assert listed.inputSchema["properties"] == {"config_": odd}
    assert listed.inputSchema["required"] == ["config_"]
    assert result.structuredContent["steps"][0]["args"] == {"email": "a@x"}


async def test_wrong_arguments_and_unknown_tools_are_errors_the_client_survives(toolkit: Any) -> None:
    async with served(toolkit, routine("help_user", FIND)) as client:
        unknown = await client.call_tool("nobody", {})
        wrong = await client.call_tool("help_user", {})
        right = await client.call_tool("help_user", {"email": "a@x"})
    assert (unknown.isError, wrong.isError, right.isError) == (True, True, False)
    assert "there are help_user" in unknown.content[0].text
    assert "email" in wrong.content[0].text


async def test_meta_tools_that_only_continue_a_call_are_offered_too(toolkit: Any) -> None:
    async with served(toolkit, routine("a", FIND), routine("b", FIND, ORDERS, mode="continue")) as client:
        assert [each.name for each in (await client.list_tools()).tools] == ["a", "b"]


def test_a_server_without_anything_to_run_is_refused_with_the_reason(desk: Desk) -> None:
    plan = plan_of(desk.tools, routine("m", FIND))
    with pytest.raises(PlanError, match="'find_user' is missing"):
        mcp_server(MetaToolkit(plan=plan, tools=desk.tools[1:]))


async def test_what_calls_a_tool_that_needs_approval_is_not_offered(desk: Desk) -> None:
    tools = desk.tools
    next(each for each in tools if each.name == "note").metadata = {"requires_approval": True}
    plan = plan_of(tools, routine("reads", FIND), routine("writes", FIND, NOTE))
    server = mcp_server(MetaToolkit(plan=plan, tools=tools))
    async with create_connected_server_and_client_session(server) as client:
        assert [each.name for each in (await client.list_tools()).tools] == ["reads"]
    alone = plan_of(tools, routine("writes", FIND, NOTE))
    with pytest.raises(PlanError, match="cannot ask for approval"):
        mcp_server(MetaToolkit(plan=alone, tools=tools))
