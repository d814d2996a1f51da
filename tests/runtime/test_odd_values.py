"""Whatever value a model or a tool gives: the agent goes on as it would without us, and its traces compile."""

import json
import logging
import math
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, tool

import langchain_awo as awo
from langchain_awo.errors import PlanError
from langchain_awo.model.ir.binding import Constant, Output, Parameter
from langchain_awo.model.ir.metatool import MetaTool, ParameterSpec, Step, ToolkitPlan
from langchain_awo.model.ir.reviewing import accept
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.tool.signatures import read_signature
from langchain_awo.testing import ScriptedChatModel, ask_tools


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


ODD: dict[str, Any] = {
    "lone surrogate": "hi \ud83d",
    "surrogate key": {"\ud800": 1},
    "beyond 64 bits": 2**70,
    "NaN": math.nan,
    "infinity": -math.inf,
    "300 deep": nested(300),
    "key that is a number": {1: 2},
    "null": None,
}
MODES = ("append", "replace", "continue", "entry")


def _tools(output: Any, made: list[Any]) -> list[BaseTool]:
    @tool
    def search(q: Any) -> Any:
        """Searches."""
        return {"ref": "r", "extra": output}

    @tool(response_format="content_and_artifact")
    def fetch(ref: Any) -> Any:
        """Fetches."""
        return "page", {"structured_content": {"ref": ref, "extra": output}}

    @tool
    def send(ref: Any, text: Any) -> Any:
        """Sends."""
        made.append(text)
        return output

    return [search, fetch, send]


def _plan(tools: list[BaseTool], value: Any, *, mode: Any, writes: bool) -> ToolkitPlan:
    read = {"effect": Effect.READ, "eager": True}
    steps = [
        Step(tool="search", args={"q": Parameter(name="q")}, effect=Effect.READ),
        Step(tool="fetch", args={"ref": Output(step=1, path="/ref")}, **read),
    ]
    if writes:
        text = Constant(value=value)
        send = Step(tool="send", args={"ref": Output(step=2, path="/ref"), "text": text}, effect=Effect.WRITE)
        steps.append(send)
    meta = MetaTool(
        name="look_up", description="x", parameters=(ParameterSpec(name="q"),), steps=tuple(steps), mode=mode
    )
    signed = {each.name: read_signature(each, effect=Effect.READ) for each in tools}
    signed["send"] = read_signature(tools[2], effect=Effect.WRITE)
    return ToolkitPlan(meta_tools=(meta,), tools=signed)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ODD)
def test_an_odd_argument_or_output_does_not_end_the_run(name: str, mode: str, tmp_path: Path) -> None:
    value = ODD[name]
    tools = _tools(value, [])
    kit = awo.MetaToolkit(
        plan=_plan(tools, value, mode=mode, writes=mode == "append" and name != "300 deep"), tools=tools
    )
    asked = [ask_tools(("look_up" if mode in ("append", "replace") else "search", {"q": value})), "done"]
    middleware = [awo.MetaToolMiddleware(kit)]
    with awo.TraceRecorder(f"{tmp_path}/t.jsonl") as recorder:
        agent = create_agent(ScriptedChatModel(script=asked), tools, middleware=middleware)
        state = agent.invoke({"messages": [("user", "q")]}, {"callbacks": [recorder]})
    assert state["messages"][-1].text == "done"
    (trace,) = awo.load_traces(f"{tmp_path}/t.jsonl")
    assert trace.tool_calls


def test_a_constant_that_is_nested_too_deep_is_refused_with_a_reason() -> None:
    tools = _tools(1, [])
    plan = _plan(tools, nested(300), mode="append", writes=True)
    with pytest.raises(PlanError, match="nested too deep"):
        awo.MetaToolkit(plan=plan, tools=tools)


@pytest.mark.parametrize("name", sorted(ODD.keys() - {"300 deep"}))
def test_an_odd_constant_survives_the_file_and_an_odd_output_a_stop(name: str, tmp_path: Path) -> None:
    value, made = ODD[name], []
    tools = _tools(value, made)
    plan = accept(_plan(tools, value, mode="append", writes=True), "look_up")
    awo.MetaToolkit(plan=plan, tools=tools).save(tmp_path / "k.json")
    kit = awo.MetaToolkit.load(tmp_path / "k.json", tools=tools)
    look_up = kit.get_tool("look_up")
    request = {"name": "look_up", "args": {"q": "x"}, "id": "1", "type": "tool_call"}
    message = look_up.invoke(request)
    assert message.status == "success"
    assert len(made) == 1
    assert made[0] == value or isinstance(made[0], str | dict | list)
    assert json.loads(message.content)["status"] == "completed"


@pytest.mark.parametrize("store", ["t.jsonl", "t.db"])
def test_one_deep_trace_keeps_no_other_out(store: str, tmp_path: Path) -> None:
    @tool
    def find(email: str) -> str:
        """Finds."""
        deep = f', "x": {"[" * 260 + "]" * 260}' if email == "u7@x" else ""
        return f'{{"id": "I{email}"{deep}}}'

    @tool
    def get(id: str) -> str:  # noqa: A002  # names as agents have them
        """Gets."""
        return "o"

    path = f"{tmp_path}/{store}"
    with awo.TraceRecorder(path) as recorder:
        for n in range(30):
            mail = f"u{n}@x"
            script = [ask_tools(("find", {"email": mail})), ask_tools(("get", {"id": f"I{mail}"})), "done"]
            agent = create_agent(ScriptedChatModel(script=script), [find, get])
            agent.invoke(
                {"messages": [("user", f"look at {mail}")]},
                {"callbacks": [recorder], "metadata": {"task_id": str(n)}},
            )
    assert len(list(awo.load_traces(path))) == 30
    assert awo.compile_toolkit(path, tools=[find, get]).meta_tools


MALFORMED: dict[str, list[Any]] = {
    "an answer to no call": [ToolMessage("x", tool_call_id="none")],
    "two answers to one call": [
        AIMessage("", tool_calls=[{"name": "search", "args": {"q": 1}, "id": "a", "type": "tool_call"}]),
        ToolMessage("x", tool_call_id="a"),
        ToolMessage("y", tool_call_id="a"),
    ],
    "an artifact that looks like ours": [
        AIMessage("", tool_calls=[{"name": "search", "args": {"q": 1}, "id": "a", "type": "tool_call"}]),
        ToolMessage(
            "x", tool_call_id="a", artifact={"meta_tool": "look_up", "steps": [7, {"tool": 1}, None]}
        ),
    ],
    "fetched results that are none": [
        AIMessage("", tool_calls=[{"name": "search", "args": {"q": 1}, "id": "a", "type": "tool_call"}]),
        ToolMessage("x", tool_call_id="a", additional_kwargs={"awo_fetched": [{"tool": "search"}, 7]}),
    ],
    "a call without an id": [
        AIMessage("", tool_calls=[{"name": "search", "args": {"q": 1}, "id": None, "type": "tool_call"}]),
        ToolMessage("x", tool_call_id=""),
    ],
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_history_does_not_end_the_run(name: str, mode: str, caplog: Any) -> None:
    caplog.set_level(logging.CRITICAL)
    tools = _tools("x", [])
    kit = awo.MetaToolkit(plan=_plan(tools, "x", mode=mode, writes=False), tools=tools)
    asked = [ask_tools(("look_up" if mode in ("append", "replace") else "search", {"q": "y"})), "done"]
    agent = create_agent(ScriptedChatModel(script=asked), tools, middleware=[awo.MetaToolMiddleware(kit)])
    history = [HumanMessage("q"), *MALFORMED[name], HumanMessage("and?"), *MALFORMED[name]]
    assert agent.invoke({"messages": history})["messages"][-1].text == "done"
