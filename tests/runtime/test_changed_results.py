"""Middleware in front of ours that changes calls and results does so once, also where an answer was known before it was asked for."""

import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, wrap_tool_call
from langchain_core.messages import ToolMessage

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from langchain_awo.testing import ScriptedChatModel
from tests.runtime.clinic import ROUTINE, Clinic, ask, go
from tests.runtime.desk import plan_of

READS = (
    ask("find_patient", email="x@y"),
    ask("list_visits", patient="x"),
    ask("get_visit", visit="x1"),
    "done",
)
THINKS = 0.1


class Stamp(AgentMiddleware):
    """Counts in every result how often it was changed."""

    def wrap_tool_call(self, request: Any, handler: Any) -> Any:
        return self._stamp(handler(request))

    async def awrap_tool_call(self, request: Any, handler: Any) -> Any:
        return self._stamp(await handler(request))

    def _stamp(self, reply: ToolMessage) -> ToolMessage:
        own, sep, fetched = str(reply.content).partition("\n\n")
        told = json.loads(own)
        told["stamps"] = told.get("stamps", 0) + 1
        return reply.model_copy(update={"content": json.dumps(told) + sep + fetched})


class Shift(AgentMiddleware):
    """Makes every call about the next visit: what it was changed to could be asked for too, and is something else then."""

    def wrap_tool_call(self, request: Any, handler: Any) -> Any:
        return handler(self._shift(request))

    async def awrap_tool_call(self, request: Any, handler: Any) -> Any:
        return await handler(self._shift(request))

    def _shift(self, request: Any) -> Any:
        call = request.tool_call
        if call["name"] != "get_visit":
            return request
        visit = call["args"]["visit"]
        return request.override(tool_call={**call, "args": {"visit": f"x{int(visit[1:]) + 1}"}})


def _agent(
    clinic: Clinic, *middleware: Any, mode: Any, script: Any = READS
) -> tuple[Any, MetaToolMiddleware]:
    tools = clinic.tools
    installed = MetaToolMiddleware(MetaToolkit(plan=plan_of(tools, ROUTINE), tools=tools), mode=mode)
    model = ScriptedChatModel(script=list(script), seconds_per_call=THINKS if mode == "prefetch" else 0)
    return create_agent(model, tools, middleware=[*middleware, installed]), installed


def _told(clinic: Clinic, agent: Any) -> list[str]:
    return [message.content.partition("\n\n")[0] for message in go(agent, clinic) if message.type == "tool"]


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def clinic(request: pytest.FixtureRequest) -> Clinic:
    return Clinic(is_async=request.param)


@pytest.mark.parametrize("mode", ["continue", "prefetch"])
def test_a_result_is_changed_once(clinic: Clinic, mode: str) -> None:
    agent, installed = _agent(clinic, Stamp(), mode=mode)
    assert [json.loads(each)["stamps"] for each in _told(clinic, agent)] == [1, 1, 1]
    assert mode == "prefetch" or installed.usage["get_visit", "served"] == 1  # what is not read yet is made


def test_so_is_what_a_meta_tool_read(clinic: Clinic) -> None:
    """Another routine continues calls, so that reads are remembered."""
    tools, script = clinic.tools, (ask("overview", email="x@y"), ask("get_visit", visit="x1"), "done")
    plan = plan_of(tools, ROUTINE, replace(ROUTINE, name="overview", mode="append"))
    installed = MetaToolMiddleware(
        MetaToolkit(plan=plan, tools=tools), mode={"patient_overview": "continue", "overview": "append"}
    )
    agent = create_agent(ScriptedChatModel(script=list(script)), tools, middleware=[Stamp(), installed])
    assert json.loads(_told(clinic, agent)[1])["stamps"] == 1
    assert installed.usage["get_visit", "served"] == 1


@pytest.mark.parametrize("mode", ["continue", "prefetch"])
def test_an_answer_is_that_of_the_arguments_that_the_model_means(clinic: Clinic, mode: str) -> None:
    """The model reads on as the routine does, from what it is told."""
    agent, _ = _agent(clinic, Shift(), mode=mode)
    assert json.loads(_told(clinic, agent)[2])["visit"] == "x2"


def test_whoever_reads_results_with_more_below_them_is_named(caplog: pytest.LogCaptureFixture) -> None:
    @wrap_tool_call
    def redact(request: Any, handler: Any) -> Any:
        return handler(request)

    with caplog.at_level(logging.WARNING):
        _agent(Clinic(), redact, mode="prefetch")
        assert not caplog.messages
        _agent(Clinic(), redact, mode="continue")
    assert ["redact stands before MetaToolMiddleware" in each for each in caplog.messages] == [True]
