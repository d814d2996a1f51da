"""What recording costs beside what LangChain's own tracer and OpenInference's cost: the same run, in turns; the best of many rounds.

Run it with `python benchmarks/capture_overhead.py`; `--rounds 40` for steadier figures. Nothing is sent anywhere: each handler does all
that it does in the agent's threads, and what it makes is thrown away.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_core.tracers import LangChainTracer
from rich.console import Console
from rich.table import Table

from langchain_awo.capture.recorder import CallbackRecorder
from langchain_awo.model.trace.trace import Trace
from langchain_awo.testing import ScriptedChatModel, ask_tools

TURNS = 6
REPEATS = 10


class Nowhere:
    """A sink that forgets."""

    def append(self, traces: Sequence[Trace]) -> None:
        """Forgets."""


class NoClient:
    """What LangChainTracer needs of a LangSmith client; sends nothing."""

    tracing_queue = None

    def create_run(self, *_: Any, **__: Any) -> None:
        """Sends nothing."""

    def update_run(self, *_: Any, **__: Any) -> None:
        """Sends nothing."""


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


def cpu(
    run: Callable[[dict[str, Any]], None],
    configs: Sequence[dict[str, Any]],
    rounds: int,
    clock: Callable[[], float],
) -> list[float]:
    """The least CPU seconds of one run for each configuration; measured in turns."""
    times = [float("inf")] * len(configs)
    for _ in range(rounds):
        for index, config in enumerate(configs):
            _finish(config)
            start = clock()
            for _ in range(REPEATS):
                run(config)
            if clock is time.process_time:
                _finish(config)
            times[index] = min(times[index], (clock() - start) / REPEATS)
    return times


def _finish(config: dict[str, Any]) -> None:
    """What a handler does later counts too, where all threads are looked at."""
    for handler in config.get("callbacks", ()):
        if isinstance(handler, CallbackRecorder):
            handler.flush()


def handlers() -> dict[str, Any]:
    """The recorder first, then what it is compared with, as far as it is installed."""
    found: dict[str, Any] = {
        "awo.TraceRecorder": CallbackRecorder(Nowhere()),
        "LangChainTracer": LangChainTracer(client=NoClient()),  # type: ignore[arg-type]  # all that it calls is there
    }
    try:
        from openinference.instrumentation import OITracer, TraceConfig  # noqa: PLC0415  # where it is installed
        from openinference.instrumentation.langchain._tracer import OpenInferenceTracer  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    except ImportError:
        return found
    tracer = OITracer(TracerProvider().get_tracer("benchmark"), config=TraceConfig())
    found["OpenInference"] = OpenInferenceTracer(tracer, separate_trace_from_runtime_context=False)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    os.environ["LANGSMITH_TRACING"] = "false"
    console, known = Console(), handlers()
    configs: list[dict[str, Any]] = [{}, *({"callbacks": [each]} for each in known.values())]
    for title, run in (
        ("a tool that is called alone", run_tool),
        ("an agent with one call a turn", run_agent),
    ):
        table = Table(
            "handler", "agent's thread, us", "of LangChainTracer", "all threads, us", "of LangChainTracer"
        )
        table.title = f"{title}: CPU for each tool call"
        own, every = (cpu(run, configs, rounds, clock) for clock in (time.thread_time, time.process_time))
        mine, all_of_it = ([(each - times[0]) / TURNS * 1e6 for each in times[1:]] for times in (own, every))
        for name, here, everywhere in zip(known, mine, all_of_it, strict=True):
            table.add_row(
                name,
                f"{here:.0f}",
                f"1/{mine[1] / here:.1f}",
                f"{everywhere:.0f}",
                f"1/{all_of_it[1] / everywhere:.1f}",
            )
        console.print(table)


if __name__ == "__main__":
    main()
