"""`tool_node` for hand-written graphs."""

import json
from typing import Any

from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import tools_condition

from langchain_awo.runtime.agent.node import tool_node
from tests.runtime.desk import FIND, NOTE, ORDERS, ask, call, model_of, routine, tool_messages


def test_a_hand_written_graph_runs_original_and_meta_tools_in_one_node(desk: Any, toolkit: Any) -> None:
    built = toolkit(routine("help_user", FIND, ORDERS, NOTE))
    model = model_of(call("find_user", email="x@y"), call("help_user", email="a@b"), "done")
    bound = model.bind_tools([*desk.tools, *built.get_tools()])
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [bound.invoke(state["messages"])]})
    graph.add_node("tools", tool_node(built, desk.tools, name="tools"))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    first, second = tool_messages(graph.compile().invoke(ask()))
    assert json.loads(first.content)["id"] == 7
    assert json.loads(second.content)["status"] == "completed"
