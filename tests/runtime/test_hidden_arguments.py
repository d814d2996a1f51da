"""Arguments that the graph fills, for inner tools as for any others: however they are annotated, whatever the state is."""

import json
from typing import Annotated, Any

import langchain_core
import pytest
from langchain.agents import create_agent
from langchain_core.messages import AnyMessage
from langchain_core.tools import BaseTool
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode
from langgraph.store.memory import InMemoryStore
from pydantic import BaseModel

from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.model.ir.binding import Constant
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.tool.toolkit import MetaToolkit
from tests.runtime import postponed
from tests.runtime.desk import ask, call, model_of, new_agent, plan_of, routine, step, tool_messages
from tests.runtime.watching import Watcher

TOOLS: list[BaseTool] = [
    postponed.said,
    postponed.whole,
    postponed.kept,
    postponed.called,
    postponed.configured,
    postponed.running,
]
CORE = tuple(int(part) for part in langchain_core.__version__.split(".")[:2])
CONFIG = {"configurable": {"thread_id": "t", "tenant": "acme"}}


def _toolkit(*tools: BaseTool) -> MetaToolkit:
    steps = [step(each.name, Effect.READ, args={"user": Constant(value=7)}) for each in tools]
    return MetaToolkit(plan=plan_of(list(tools), routine("help_user", *steps)), tools=tools)


def _agent(kind: str, tools: list[BaseTool], **compiled: Any) -> Any:
    model, toolkit = model_of(call("help_user", email="a@b"), "done"), _toolkit(*tools)
    if kind == "middleware":
        return create_agent(model, tools, middleware=[MetaToolMiddleware(toolkit)], **compiled)
    return new_agent(kind, model, [*tools, *toolkit.get_tools()], **compiled)


def _outputs(state: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    (message,) = tool_messages(state)
    told = json.loads(message.content)
    assert told["status"] == "completed", told
    return message.tool_call_id, {each["tool"]: each["output"] for each in told["steps"]}


@pytest.mark.parametrize("kind", ["create_agent", "state_graph", "middleware"])
async def test_postponed_annotations_are_understood(kind: str) -> None:
    store = InMemoryStore()
    store.put(("users",), "7", {"name": "Ada"})
    state = await _agent(kind, TOOLS, store=store).ainvoke(ask(), CONFIG)
    outer, outputs = _outputs(state)
    assert outputs["said"] == {"user": 7, "messages": 2}
    assert "messages" in outputs["whole"]["fields"]
    assert outputs["kept"] == {"user": 7, "name": "Ada"}
    assert outputs["called"] == {"user": 7, "call_id": f"{outer}__4"}
    assert outputs["configured"] == {"user": 7, "tenant": "acme"}
    assert outputs["running"] == {"user": 7, "call_id": f"{outer}__6", "messages": 2}


@pytest.mark.skipif(CORE < (1, 6), reason="LangChain before 1.6 gives such a tool no runtime itself")
@pytest.mark.parametrize("kind", ["create_agent", "state_graph", "middleware"])
def test_a_runtime_that_the_schema_does_not_name_is_filled_and_not_shown(kind: str) -> None:
    watcher = Watcher()
    agent = _agent(kind, [postponed.beside])
    outer, outputs = _outputs(agent.invoke(ask(), {"callbacks": [watcher]}))
    assert outputs == {"beside": {"user": 7, "call_id": f"{outer}__1"}}
    (inner,) = watcher.named("beside")
    assert inner["inputs"] == {"user": 7}


class Desk(BaseModel):
    messages: Annotated[list[AnyMessage], add_messages] = []
    open_cases: int = 3


def test_the_state_may_be_a_pydantic_model() -> None:
    toolkit = _toolkit(postponed.said, postponed.whole)
    graph = StateGraph(Desk)
    graph.add_node("tools", ToolNode([*toolkit.tools, *toolkit.get_tools()]))
    graph.add_edge(START, "tools")
    asked = call("help_user", email="a@b")
    asked.tool_calls[0]["id"] = "c1"
    _, outputs = _outputs(graph.compile().invoke({"messages": [asked]}))
    assert outputs["said"]["messages"] == 1
    assert outputs["whole"]["fields"] == ["messages", "open_cases"]


def test_what_the_model_claims_of_a_hidden_argument_is_dropped() -> None:
    """A routine could only bind one if its file was written by hand."""
    bound = {"user": Constant(value=7), "call_id": Constant(value="forged")}
    forged = routine("help_user", step("called", Effect.READ, args=bound))
    toolkit = MetaToolkit(plan=plan_of([postponed.called], forged), tools=[postponed.called])
    assert "has no argument 'call_id'" in toolkit.disabled["help_user"]
