"""Install meta-tools into a hand-written LangGraph: `awo.tool_node` stands where `ToolNode` stood.

Runs without a key: a scripted model stands in for an LLM. With an LLM only the line that makes the model changes.
"""

import tempfile
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

import langchain_awo as awo
from langchain_awo.testing import ScriptedChatModel, ask_tools


@tool
def find_city(name: str) -> dict:
    """Find a city by name: its station's id."""
    return {"station": f"ST-{len(name)}"}


@tool
def get_forecast(station: str) -> dict:
    """Get the forecast of a station."""
    return {"station": station, "sky": "clear"}


TOOLS = [find_city, get_forecast]
CITIES = [f"City{'x' * length}" for length in range(12)]


def build_graph(model: ScriptedChatModel, tools: list, node: ToolNode) -> Any:
    """Model, tools, and back: what is hand-written here may be as involved as you like."""
    bound = model.bind_tools(tools)

    def think(state: MessagesState) -> dict[str, list[BaseMessage]]:
        return {"messages": [bound.invoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("think", think)
    graph.add_node("tools", node)
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", tools_condition)
    graph.add_edge("tools", "think")
    return graph.compile()


def model_for(city: str) -> ScriptedChatModel:
    """What an LLM would do for this question."""
    station = f"ST-{len(city)}"
    script = [
        ask_tools(("find_city", {"name": city})),
        ask_tools(("get_forecast", {"station": station})),
        "Clear skies.",
    ]
    return ScriptedChatModel(script=script)


def main() -> None:
    store = Path(tempfile.mkdtemp()) / "traces.db"
    with awo.TraceRecorder(store) as recorder:
        for city in CITIES:
            graph = build_graph(model_for(city), TOOLS, ToolNode(TOOLS))
            question = {"messages": [("user", f"How is the weather in {city}?")]}
            graph.invoke(question, {"callbacks": [recorder], "metadata": {"task_id": city}})

    toolkit = awo.compile_toolkit(store, tools=TOOLS)
    print(toolkit)

    meta_tool = toolkit.get_tool(
        toolkit.meta_tools[0].name
    )  # whatever its mode: only the middleware continues calls
    tools = [*TOOLS, meta_tool]
    model = ScriptedChatModel(script=[ask_tools((meta_tool.name, {"name": "Porto"})), "Clear skies."])
    graph = build_graph(model, tools, awo.tool_node(toolkit, tools))
    answer = graph.invoke({"messages": [("user", "How is the weather in Porto?")]})
    print(answer["messages"][-2].content)


if __name__ == "__main__":
    main()
