"""The public face as a user's type checker sees it: checked by mypy in `make lint` and by pyright in `make public-types`, never run."""

from pathlib import Path
from typing import assert_type

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool, tool

import langchain_awo as awo


@tool
def get_order(order_id: str) -> str:
    """An order."""
    return order_id


def record(model: BaseChatModel) -> None:
    """Records an agent, an own loop, and everything inside a block."""
    recorder = awo.TraceRecorder("traces.db")
    agent = create_agent(model, tools=[get_order])
    agent.invoke({"messages": [HumanMessage("O-1?")]}, config={"callbacks": [recorder]})
    assert_type(recorder.close(), bool)
    with awo.record(Path("traces.db")), awo.session("loop", task_id="7"):
        get_order.invoke({"order_id": "O-1"})


def compile_and_install(model: BaseChatModel) -> None:
    """Compiles with every kind of option, and installs."""
    options = awo.Options(max_tools=5)
    toolkit = awo.compile_toolkit(
        "traces.db", tools=[get_order], effects={"get_order": awo.Effect.READ}, options=options
    )
    assert_type(toolkit, awo.MetaToolkit)
    assert_type(toolkit.get_tools(), list[BaseTool])
    toolkit.save("toolkit.json")
    loaded = awo.MetaToolkit.load("toolkit.json", tools=[get_order])
    middleware = awo.MetaToolMiddleware(
        loaded, record="traces.db", mode="continue", hold_out=0.1, protected=["refund_order"]
    )
    create_agent(model, tools=[get_order], middleware=[middleware])
    awo.tool_node(loaded, [get_order])


def watch() -> None:
    """Reads, estimates, reports and recompiles."""
    assert_type(awo.load_traces("traces.db"), list[awo.Trace])
    awo.estimate("traces.db", runs_a_day=100)
    awo.monitor("traces.db", "toolkit.json")
    awo.report("traces.db", toolkit="toolkit.json")
    fresh, what_changed = awo.recompile("traces.db", "toolkit.json", tools=[get_order])
    assert_type(fresh, awo.MetaToolkit)
    assert what_changed
    with awo.open_store("traces.db") as store:
        assert_type(store, awo.TraceStore)
