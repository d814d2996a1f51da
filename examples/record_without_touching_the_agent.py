"""Record agents that somebody else built: everything inside `awo.record` is seen, nothing is passed through."""

import tempfile
from pathlib import Path

from langchain.agents import create_agent
from langchain_core.tools import tool

import langchain_awo as awo
from langchain_awo.testing import ScriptedChatModel, ask_tools


@tool
def get_weather(city: str) -> str:
    """Get the weather of a city."""
    return f"Sunny in {city}."


def somebody_elses_program() -> None:
    """It knows nothing of recording."""
    model = ScriptedChatModel(script=[ask_tools(("get_weather", {"city": "Porto"})), "Sunny."])
    agent = create_agent(model, tools=[get_weather])
    agent.invoke({"messages": [("user", "How is the weather in Porto?")]})


def main() -> None:
    store = Path(tempfile.mkdtemp()) / "traces.jsonl"
    with awo.record(store):
        somebody_elses_program()
    for trace in awo.load_traces(store):
        calls = [f"{call.name}({call.args}) -> {call.output!r}" for call in trace.tool_calls]
        print(f"{len(trace.model_calls)} model calls: {', '.join(calls)}")


if __name__ == "__main__":
    main()
