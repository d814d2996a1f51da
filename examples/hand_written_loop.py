"""Record a loop without any framework: `awo.session` makes one trace of what happens inside."""

import tempfile
from pathlib import Path

from langchain_core.messages import HumanMessage
from langchain_core.tools import tool

import langchain_awo as awo
from langchain_awo.testing import ScriptedChatModel, ask_tools


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def answer(question: str, recorder: awo.TraceRecorder) -> str:
    """The usual loop: ask the model, run the tools it wants, until it wants none."""
    script = [ask_tools(("add", {"a": 1, "b": 2})), ask_tools(("add", {"a": 3, "b": 3})), "It is 6."]
    model = ScriptedChatModel(script=script).bind_tools([add])
    config = {"callbacks": [recorder]}
    messages = [HumanMessage(question)]
    while True:
        turn = model.invoke(messages, config)
        messages.append(turn)
        if not turn.tool_calls:
            return turn.text
        messages += [add.invoke(call, config) for call in turn.tool_calls]


def main() -> None:
    store = Path(tempfile.mkdtemp()) / "traces.db"
    with awo.TraceRecorder(store) as recorder, awo.session("sums", task_id="sum-1") as run:
        print(answer("What is 1 + 2, and that plus 3?", recorder))
        run.succeeded()
    (trace,) = awo.load_traces(store)
    print(f"task {trace.task_id}: {len(trace.model_calls)} model calls, {len(trace.tool_calls)} tool calls")


if __name__ == "__main__":
    main()
