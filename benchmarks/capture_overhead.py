"""What recording costs: an agent run with and without the recorder, in turns; the best of many rounds.

Run it with `python benchmarks/capture_overhead.py`; `--rounds 40` for steadier figures.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from langchain.agents import create_agent
from langchain_core.messages import ToolMessage
from langchain_core.tools import tool
from rich.console import Console
from rich.table import Table

from langchain_awo.capture.assembly import assemble
from langchain_awo.capture.events import EventHandler
from langchain_awo.capture.recorder import CallbackRecorder
from langchain_awo.capture.redaction import Redactor
from langchain_awo.capture.state import Recording
from langchain_awo.model.trace import Trace
from langchain_awo.testing import ScriptedChatModel, ask_tools

TURNS = 6
REPEATS = 10


class Nowhere:
    """A sink that forgets."""

    def append(self, traces: Sequence[Trace]) -> None:
        """Forgets."""


@tool
def get_order(order_id: str) -> dict[str, Any]:
    """Looks up an order."""
    return {"id": order_id, "status": "shipped", "items": [{"sku": f"s-{i}", "count": i} for i in range(4)]}


def run_agent(config: dict[str, Any]) -> None:
    """An agent that makes one tool call in each of its turns."""
    script = [*[ask_tools(("get_order", {"order_id": "#1"}))] * TURNS, "done"]
    agent = create_agent(ScriptedChatModel(script=script), [get_order])
    agent.invoke({"messages": [("user", "go")]}, config=config)


def run_tool(config: dict[str, Any]) -> None:
    """A tool that is called without an agent."""
    for turn in range(TURNS):
        call = {"name": "get_order", "args": {"order_id": "#1"}, "type": "tool_call", "id": f"c{turn}"}
        get_order.invoke(call, config=config)


def best(
    run: Callable[[dict[str, Any]], None], configs: Sequence[dict[str, Any]], rounds: int
) -> list[float]:
    """The least CPU seconds of this thread for one run, for each configuration; measured in turns."""
    times = [float("inf")] * len(configs)
    for _ in range(rounds):
        for index, config in enumerate(configs):
            start = time.thread_time()
            for _ in range(REPEATS):
                run(config)
            times[index] = min(times[index], (time.thread_time() - start) / REPEATS)
    return times


def handlers_alone(rounds: int) -> float:
    """CPU seconds of the recorder's own handlers for one tool call."""
    handler, root, times = EventHandler(lambda _: None), uuid4(), []
    metadata = {"langgraph_checkpoint_ns": "tools:a628e2e3", "langgraph_step": 2, "thread_id": "t"}
    output = ToolMessage('{"id": "#1", "status": "shipped"}', tool_call_id="c")
    handler.on_chain_start({}, {}, run_id=root, metadata=metadata)
    for _ in range(rounds):
        ids = [uuid4() for _ in range(100)]
        start = time.thread_time()
        for run_id in ids:
            event = {
                "run_id": run_id,
                "parent_run_id": root,
                "metadata": metadata,
                "tool_call_id": str(run_id),
            }
            handler.on_tool_start({"name": "get_order"}, "", inputs={"order_id": "#1"}, **event)
            handler.on_tool_end(output, run_id=run_id)
        times.append((time.thread_time() - start) / len(ids))
    return min(times)


def background(rounds: int) -> float:
    """CPU seconds for making and masking the trace of one agent run."""
    recordings: list[Recording] = []
    run_agent({"callbacks": [EventHandler(recordings.append)]})
    redactor, times = Redactor(True), []
    for _ in range(rounds):
        start = time.thread_time()
        redactor.redact(assemble(recordings[0]))
        times.append(time.thread_time() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    table = Table(
        "what", "without, ms", "with, ms", "ratio", "us for each tool call", title="capture overhead"
    )
    for name, run in (("agent, 6 turns", run_agent), ("tool alone, 6 calls", run_tool)):
        recorder = CallbackRecorder(Nowhere())
        without, recorded = best(run, [{}, {"callbacks": [recorder]}], rounds)
        extra = (recorded - without) / TURNS * 1e6
        table.add_row(
            name, f"{without * 1e3:.2f}", f"{recorded * 1e3:.2f}", f"{recorded / without:.2f}", f"{extra:.0f}"
        )
    console = Console()
    console.print(table)
    console.print(f"the handlers alone, for one tool call: {handlers_alone(rounds) * 1e6:.0f} us")
    console.print(f"in the background, for one agent run: {background(rounds) * 1e6:.0f} us")


if __name__ == "__main__":
    main()
