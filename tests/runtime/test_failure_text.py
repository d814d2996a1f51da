"""A tool that tells a failure as text has failed: at run time, in the recording and after an import."""

import json
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import convert_to_openai_messages
from langchain_core.tools import BaseTool, tool

import langchain_awo as awo
from langchain_awo.model.ir.binding import Output, Parameter
from langchain_awo.model.ir.metatool import MetaTool, ParameterSpec, Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.tool.lowering import lower
from langchain_awo.testing import ScriptedChatModel, ask_tools

TOLD = [
    "Error: the parcel is sealed",
    "Failed to open the parcel",
    "ValueError: sealed",
    '{"success": false, "message": "sealed"}',
    {"status": "error", "detail": "sealed"},
]


def _tools(told: Any, sent: list[str]) -> list[BaseTool]:
    @tool
    def open_parcel(parcel: str) -> Any:
        """Opens a parcel."""
        return told

    @tool
    def send_parcel(parcel: str) -> str:
        """Sends a parcel."""
        sent.append(parcel)
        return "sent"

    return [open_parcel, send_parcel]


def _forward() -> MetaTool:
    parcel = {"parcel": Parameter(name="parcel")}
    steps = (
        Step(tool="open_parcel", args=parcel, effect=Effect.WRITE),
        Step(tool="send_parcel", args=parcel, effect=Effect.WRITE),
    )
    return MetaTool(name="forward", description="", steps=steps, parameters=(ParameterSpec(name="parcel"),))


@pytest.mark.parametrize("told", TOLD)
def test_no_write_follows_a_failure_that_a_tool_tells_as_text(told: Any) -> None:
    sent: list[str] = []
    request = {"name": "forward", "args": {"parcel": "P1"}, "id": "1", "type": "tool_call"}
    message = lower(_forward(), _tools(told, sent)).invoke(request)
    answer = json.loads(message.content)
    assert message.status == "error"
    assert answer["failed"]["tool"] == "open_parcel"
    assert [left["tool"] for left in answer["remaining"]] == ["send_parcel"]
    assert sent == []


def test_nor_does_one_follow_an_answer_that_may_be_a_failure() -> None:
    sent: list[str] = []
    message = lower(_forward(), _tools("Unable to open it", sent)).invoke(
        {"name": "forward", "args": {"parcel": "P1"}, "id": "1", "type": "tool_call"}
    )
    assert "may have failed" in json.loads(message.content)["reason"]
    assert sent == []


@pytest.mark.parametrize("told", [*TOLD, "opened", "Unable to open it", '{"open": 1}'])
def test_recording_and_import_agree_whether_a_call_failed(told: Any, tmp_path: Path) -> None:
    tools = _tools(told, [])
    with awo.TraceRecorder(f"{tmp_path}/t.jsonl") as recorder:
        agent = create_agent(
            ScriptedChatModel(script=[ask_tools(("open_parcel", {"parcel": "P1"})), "so it is"]), tools
        )
        state = agent.invoke({"messages": [("user", "open P1")]}, {"callbacks": [recorder]})
    line = {"id": "i", "messages": convert_to_openai_messages(state["messages"])}
    (tmp_path / "m.jsonl").write_text(json.dumps(line))
    said = [
        [(call.status, call.error) for trace in awo.load_traces(tmp_path / name) for call in trace.tool_calls]
        for name in ("t.jsonl", "m.jsonl")
    ]
    assert said[0] == said[1]
    assert said[0][0][0] == ("error" if told in TOLD else "ok")


@pytest.mark.parametrize(
    "told", ["Rooms:\nBlue #1\nGarden: none", "Room: B #12\nRoom: C", '{"room": "B", "room": "C"}']
)
def test_the_model_is_told_text_as_it_came(told: str) -> None:
    read = Step(tool="open_parcel", args={"parcel": Parameter(name="parcel")}, effect=Effect.READ)
    meta = MetaTool(name="look", description="", steps=(read,), parameters=(ParameterSpec(name="parcel"),))
    message = lower(meta, _tools(told, [])).invoke(
        {"name": "look", "args": {"parcel": "P1"}, "id": "1", "type": "tool_call"}
    )
    assert json.loads(message.content)["steps"][0]["output"] == told


def test_a_binding_reads_what_the_model_is_told_as_text() -> None:
    sent: list[str] = []
    tools = _tools("Parcel: P #7\nState: open", sent)
    steps = (
        Step(tool="open_parcel", args={"parcel": Parameter(name="parcel")}, effect=Effect.READ),
        Step(tool="send_parcel", args={"parcel": Output(step=1, path="/Parcel")}, effect=Effect.WRITE),
    )
    meta = MetaTool(name="go", description="", steps=steps, parameters=(ParameterSpec(name="parcel"),))
    lower(meta, tools).invoke({"name": "go", "args": {"parcel": "x"}, "id": "1", "type": "tool_call"})
    assert sent == ["P #7"]
