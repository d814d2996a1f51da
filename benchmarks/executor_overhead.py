"""What a meta-tool costs beyond a hand-written tool that calls the same five tools in the same order.

    python benchmarks/executor_overhead.py [--rounds 60]

Prints microseconds of processor time for one call, the best of many interleaved rounds (so that a busy machine does
not decide), and the ratio of the two: with tools that do nothing, with tools that read a SQLite database, and as one turn of an agent.
"""

import argparse
import asyncio
import contextlib
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from typing import Any

from langchain.agents import create_agent
from langchain_core.callbacks import Callbacks
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import patch_config
from langchain_core.tools import BaseTool, StructuredTool, tool

from langchain_awo.model.ir.binding import Output, Parameter
from langchain_awo.model.ir.metatool import MetaTool, ParameterSpec, Step
from langchain_awo.model.trace.effect import Effect
from langchain_awo.runtime.tool.lowering import lower
from langchain_awo.testing import ScriptedChatModel, ask_tools

STEPS = 5
CALLS = 4
"""Calls in one timed round."""

IN_GRAPH: RunnableConfig = {"metadata": {"thread_id": "t", "langgraph_node": "tools", "langgraph_step": 2}}
"""What LangGraph hands every tool, so that both forms inherit it."""


@tool("advance")
def nothing(number: int) -> dict:
    """Returns the next number, as a small JSON object like tools do."""
    return {"number": number + 1, "name": "x", "tags": ["a", "b"]}


def reading(path: str) -> BaseTool:
    """The same from a row of a SQLite database, opened at each call as tools do that run in any thread."""
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE rows (number INTEGER PRIMARY KEY, name TEXT)")
        db.executemany(
            "INSERT INTO rows VALUES (?, ?)", ((number, f"row {number}") for number in range(1000))
        )

    @tool("advance")
    def read(number: int) -> dict:
        """Returns the row after a number."""
        with contextlib.closing(sqlite3.connect(path)) as db:
            query = "SELECT number, name FROM rows WHERE number = ?"
            found, name = db.execute(query, (number + 1,)).fetchone()
        return {"number": found, "name": name, "tags": ["a", "b"]}

    return read


def by_hand(advance: BaseTool) -> BaseTool:
    """What a careful person would write: children of the tool's own run, real tool calls, structured results."""

    def call(number: int, at: int, config: RunnableConfig, callbacks: Callbacks) -> tuple[int, Any]:
        child = patch_config(config, callbacks=callbacks)
        request = {"name": "advance", "args": {"number": number}, "id": f"call_{at}", "type": "tool_call"}
        message = advance.invoke(request, child)
        return json.loads(message.content)["number"], message

    async def acall(number: int, at: int, config: RunnableConfig, callbacks: Callbacks) -> tuple[int, Any]:
        child = patch_config(config, callbacks=callbacks)
        request = {"name": "advance", "args": {"number": number}, "id": f"call_{at}", "type": "tool_call"}
        message = await advance.ainvoke(request, child)
        return json.loads(message.content)["number"], message

    def run(number: int, config: RunnableConfig, callbacks: Callbacks = None) -> tuple[str, Any]:
        messages = []
        for at in range(STEPS):
            number, message = call(number, at, config, callbacks)
            messages.append(message)
        return json.dumps([message.content for message in messages]), messages

    async def arun(number: int, config: RunnableConfig, callbacks: Callbacks = None) -> tuple[str, Any]:
        messages = []
        for at in range(STEPS):
            number, message = await acall(number, at, config, callbacks)
            messages.append(message)
        return json.dumps([message.content for message in messages]), messages

    return StructuredTool.from_function(
        run, arun, name="five", description="Five steps.", response_format="content_and_artifact"
    )


def compiled(advance: BaseTool) -> BaseTool:
    """The same five steps as a meta-tool."""
    first = Step(tool="advance", args={"number": Parameter(name="number")}, effect=Effect.READ)
    rest = [
        Step(tool="advance", args={"number": Output(step=at, path="/number")}, effect=Effect.READ)
        for at in range(1, STEPS)
    ]
    parameters = (ParameterSpec(name="number", schema={"type": "integer"}),)
    meta_tool = MetaTool(name="five", description="Five steps.", parameters=parameters, steps=(first, *rest))
    return lower(meta_tool, [advance])


def best(forms: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Microseconds for one call of each form, the best round of each, the rounds interleaved."""
    found = dict.fromkeys(forms, float("inf"))
    for _ in range(rounds):
        for name, form in forms.items():
            started = time.process_time()
            form()
            found[name] = min(found[name], (time.process_time() - started) / CALLS * 1e6)
    return found


def in_loop(subject: BaseTool) -> Callable[[], Any]:
    """Calls a tool synchronously."""
    return lambda: [subject.invoke({"number": 1}, IN_GRAPH) for _ in range(CALLS)]


def in_event_loop(subject: BaseTool, loop: asyncio.AbstractEventLoop) -> Callable[[], Any]:
    """Calls a tool asynchronously, one call after the other."""

    async def calls() -> None:
        for _ in range(CALLS):
            await subject.ainvoke({"number": 1}, IN_GRAPH)

    return lambda: loop.run_until_complete(calls())


def in_agent(subject: BaseTool) -> Callable[[], Any]:
    """One turn of an agent that calls a tool once."""

    def policy(messages: Any, tools: Any) -> Any:  # noqa: ARG001  # as models are asked
        return "done" if messages[-1].type == "tool" else ask_tools(("five", {"number": 1}))

    agent = create_agent(ScriptedChatModel(policy=policy), [subject])
    return lambda: [agent.invoke({"messages": [HumanMessage("go")]}) for _ in range(CALLS)]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory() as folder:
        sqlite = reading(f"{folder}/rows.db")
        table = {
            "nothing, sync": [in_loop(form(nothing)) for form in (by_hand, compiled)],
            "nothing, async": [in_event_loop(form(nothing), loop) for form in (by_hand, compiled)],
            "SQLite, sync": [in_loop(form(sqlite)) for form in (by_hand, compiled)],
            "SQLite, async": [in_event_loop(form(sqlite), loop) for form in (by_hand, compiled)],
            "agent turn": [in_agent(form(sqlite)) for form in (by_hand, compiled)],
        }
        print(f"{'':16}{'by hand':>12}{'meta-tool':>12}{'ratio':>8}   µs for {STEPS} steps")
        for name, (one, other) in table.items():
            found = best(
                {"hand": one, "meta": other}, rounds if name != "agent turn" else max(3, rounds // 4)
            )
            ratio = found["meta"] / found["hand"]
            print(f"{name:16}{found['hand']:12.0f}{found['meta']:12.0f}{ratio:8.2f}")
    loop.close()


if __name__ == "__main__":
    main()
