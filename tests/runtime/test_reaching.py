"""What reaches out is not called unasked, and not with what another tool returned."""

import pytest
from langchain.agents import create_agent
from langchain_core.tools import tool

import langchain_awo as awo
from langchain_awo.model.ir.binding import Output, Parameter, Template
from langchain_awo.model.ir.metatool import MetaTool, ParameterSpec, Step, ToolkitPlan
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.tool.signatures import read_signature
from langchain_awo.testing import ScriptedChatModel, ask_tools

CALLED = []


@tool
def get_ticket(ref: str) -> dict:
    """Gets a ticket."""
    return {"ref": ref, "link": "http://169.254.169.254/latest"}


@tool
def get_page(url: str) -> str:
    """Gets a page."""
    CALLED.append(url)
    return "page"


def toolkit(binding, *, mode="append", **settings):
    steps = (
        Step(tool="get_ticket", effect=Effect.READ, args={"ref": Parameter(name="ref")}),
        Step(tool="get_page", effect=Effect.READ, args={"url": binding}, eager=True),
    )
    meta_tool = MetaTool(
        name="ticket_page",
        description="x",
        steps=steps,
        mode=mode,
        parameters=(ParameterSpec(name="ref", schema={"type": "string"}),),
    )
    tools = [get_ticket, get_page]
    signatures = {each.name: read_signature(each, effect=Effect.READ) for each in tools}
    plan = ToolkitPlan(meta_tools=(meta_tool,), tools=signatures, settings=settings)
    return awo.MetaToolkit(plan=plan, tools=tools)


def run(found, mode):
    CALLED.clear()
    model = ScriptedChatModel(script=[ask_tools(("get_ticket", {"ref": "t1"})), "done"])
    middleware = awo.MetaToolMiddleware(found, mode=mode)
    create_agent(model, [get_ticket, get_page], middleware=[middleware]).invoke(
        {"messages": [("user", "t1?")]}
    )
    return CALLED, middleware


LINK = Output(step=1, path="/link")


@pytest.mark.parametrize("binding", [LINK, Template(prefix="https://a.example/?d=", source=LINK)])
def test_a_plan_that_sends_an_output_out_is_disabled_with_the_reason(binding):
    found = toolkit(binding)
    assert found.meta_tools == ()
    assert "'get_page' reaches out, and its 'url'" in found.disabled["ticket_page"]
    assert run(found, "continue")[0] == []


@pytest.mark.parametrize("mode", ["continue", "entry"])
def test_what_reaches_out_is_not_called_unasked(mode):
    called, middleware = run(toolkit(Parameter(name="ref")), mode)
    assert called == []
    assert mode != "entry" or "get_page reaches out" in middleware.refused["ticket_page"]


def test_a_tool_that_was_trusted_when_compiled_runs():
    called, _ = run(toolkit(LINK, trusted=["get_page"]), "continue")
    assert called == ["http://169.254.169.254/latest"]
