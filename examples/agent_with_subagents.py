"""An agent whose tool is an agent: both are recorded, no routine reaches from one into the other, each gets its own meta-tools.

The desk agent asks a stock agent through the tool `ask_stock`. Callbacks reach the sub-agent by themselves, so one recorder sees
both, each in a scope of its own. Middleware does not reach it: it is installed where the sub-agent is built.

Runs without a key: a scripted model stands in for an LLM.
"""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.tools import BaseTool, tool

import langchain_awo as awo
from langchain_awo.testing import ScriptedChatModel, ask_tools

ARTICLES = [f"A{number}" for number in range(100, 114)]


@tool
def find_article(article: str) -> dict:
    """Find an article: on which shelf it is."""
    return {"shelf": f"S-{article}"}


@tool
def count_shelf(shelf: str) -> dict:
    """Count the pieces on a shelf."""
    return {"shelf": shelf, "pieces": 7}


@tool
def find_customer(article: str) -> dict:
    """Find the customer who asked for an article."""
    return {"customer_id": f"C-{article}"}


@tool
def write_note(customer_id: str, text: str) -> str:
    """Write a note to a customer."""
    return f"noted for {customer_id}: {text}"


STOCK_TOOLS = [find_article, count_shelf]


def build_stock_agent(middleware: Sequence[Any] = ()) -> Any:
    """The sub-agent. Meta-tools for it are installed here, and nowhere else."""
    return create_agent(
        ScriptedChatModel(policy=stock_policy), tools=STOCK_TOOLS, middleware=list(middleware)
    )


def build_desk_agent(stock_agent: Any) -> tuple[Any, list[BaseTool]]:
    """The agent that the user talks to, and its tools, one of which runs the sub-agent."""

    @tool
    def ask_stock(article: str) -> str:
        """Ask the stock agent how many pieces of an article there are."""
        asked = {"messages": [("user", f"How many pieces of {article} are there?")]}
        return stock_agent.invoke(asked)["messages"][-1].text

    tools = [find_customer, ask_stock, write_note]
    return create_agent(ScriptedChatModel(policy=desk_policy), tools=tools), tools


def stock_policy(messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]) -> AIMessage:
    """What an LLM would do: find the shelf, count it, or leave both to a meta-tool that was installed."""
    article = re.findall(r"A\d+", messages[0].text)[0]
    names = {each["function"]["name"] for each in tools} - {each.name for each in STOCK_TOOLS}
    answers = [message.text for message in messages if isinstance(message, ToolMessage)]
    if any("pieces" in answer for answer in answers):
        return AIMessage("7 pieces.")
    if answers:
        return ask_tools(("count_shelf", {"shelf": f"S-{article}"}))
    return ask_tools((min(names, default="find_article"), {"article": article}))


def desk_policy(messages: Sequence[BaseMessage], _tools: Sequence[dict[str, Any]]) -> AIMessage:
    """What an LLM would do: find the customer, ask for the stock, write the note."""
    article = re.findall(r"A\d+", messages[0].text)[0]
    done = sum(isinstance(message, ToolMessage) for message in messages)
    turns = [
        ask_tools(("find_customer", {"article": article})),
        ask_tools(("ask_stock", {"article": article})),
        ask_tools(("write_note", {"customer_id": f"C-{article}", "text": messages[-1].text})),
    ]
    return turns[done] if done < len(turns) else AIMessage("Done.")


def main() -> None:
    store = Path(tempfile.mkdtemp()) / "traces.db"
    desk, desk_tools = build_desk_agent(build_stock_agent())
    with awo.TraceRecorder(store) as recorder:
        for article in ARTICLES:
            question = {"messages": [("user", f"Tell who asked for {article} how many there are.")]}
            desk.invoke(question, {"callbacks": [recorder], "metadata": {"task_id": article}})

    trace = awo.load_traces(store)[0]
    for scope in dict.fromkeys(call.scope for call in trace.tool_calls):
        inside = "sub-agent" if scope else "agent"
        print(f"{inside}: {', '.join(call.name for call in trace.tool_calls if call.scope == scope)}")

    toolkit = awo.compile_toolkit(store, tools=[*desk_tools, *STOCK_TOOLS])
    print(toolkit)

    for_stock = awo.MetaToolkit(
        plan=toolkit.plan, tools=STOCK_TOOLS
    )  # what these tools cannot run is disabled
    print(f"installed in the sub-agent: {', '.join(each.name for each in for_stock.meta_tools)}")
    middleware = awo.MetaToolMiddleware(for_stock, mode="append")
    desk, _ = build_desk_agent(build_stock_agent([middleware]))
    question = {"messages": [("user", "Tell who asked for A999 how many there are.")]}
    with awo.TraceRecorder(store) as recorder:
        desk.invoke(question, {"callbacks": [recorder], "metadata": {"task_id": "A999"}})
    (after,) = (each for each in awo.load_traces(store) if each.task_id == "A999")
    print(
        f"model calls: {len(trace.model_calls)} before, {len(after.model_calls)} with meta-tools in the sub-agent"
    )


if __name__ == "__main__":
    main()
