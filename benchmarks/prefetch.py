"""How long tasks of the demo's back office take with and without prefetch mode, sync and async.

    python benchmarks/prefetch.py [--tasks 60] [--seed 11] [--model-seconds 1.0] [--tool-seconds 0.05 0.5] [--scale 0.4] [--json]

An agent is recorded at most of the tasks and its routines are compiled; the others are done without and with the toolkit in prefetch
mode, each on a copy of the database of its own, several side by side. The scripted model takes a second for each turn, each call of a
tool between 50 and 500 ms, the same call always the same time. All of it is slept through `scale` times as fast: the machine's own
time then weighs more than it would, and the ratios are rather too high than too low.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool
from rich.console import Console
from rich.table import Table

import langchain_awo as awo
from langchain_awo.api.middleware import MetaToolMiddleware
from langchain_awo.demo.agent.agent import build_agent, run_tasks, scripted_model
from langchain_awo.demo.backoffice.tasks import Task, generate_tasks
from langchain_awo.demo.backoffice.tools import back_office_tools
from langchain_awo.demo.backoffice.world import World
from langchain_awo.demo.run import WORLD_SEED, split_tasks
from langchain_awo.model.ir.metatool import ToolkitPlan
from langchain_awo.model.text.encoding import compute_digest
from langchain_awo.runtime.tool.toolkit import MetaToolkit

AT_ONCE = 6
"""Tasks side by side: they mostly sleep."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds that things take, before they are scaled."""

    model: float
    fastest: float
    slowest: float
    scale: float

    def of(self, tool: str, args: dict[str, Any]) -> float:
        """Scaled seconds of a call: evenly spread, and the same for the same call."""
        share = int(compute_digest([tool, args])[:8], 16) / 0xFFFFFFFF
        return self.scale * (self.fastest + share * (self.slowest - self.fastest))


@dataclass(frozen=True, kw_only=True)
class Row:
    """The unseen tasks, one way.

    Attributes:
        plain: mean seconds of a task without prefetch, `ahead` with it; not scaled any more.
        waited: mean seconds that a task without prefetch waits for tools.
        ratio: `ahead` by `plain`, task by task, on average.
        same: tasks in which the model said and was told the same.
    """

    way: str
    tasks: int
    plain: float
    waited: float
    ahead: float
    ratio: float
    prefetched: int
    served: int
    unused: int
    same: int


def slow_tools(world: World, pace: Pace, waited: list[float], *, is_async: bool) -> list[BaseTool]:
    """The tools of the back office, which take their time."""
    return [_slow(tool, pace, waited, is_async=is_async) for tool in back_office_tools(world)]


def _slow(tool: Any, pace: Pace, waited: list[float], *, is_async: bool) -> BaseTool:
    act = tool.func

    def run(**args: Any) -> Any:
        waited.append(pace.of(tool.name, args))
        time.sleep(waited[-1])
        return act(**args)

    async def arun(**args: Any) -> Any:
        waited.append(pace.of(tool.name, args))
        await asyncio.sleep(waited[-1])
        return act(**args)

    slow: BaseTool = tool.model_copy(update={"coroutine": arun} if is_async else {"func": run})
    return slow


@dataclass(frozen=True, kw_only=True)
class Work:
    """One task, done: seconds it took, seconds its tools slept, and the conversation."""

    seconds: float
    waited: float
    said: list[Any]
    usage: Counter[tuple[str, str]]


def do_task(task: Task, fresh: World, plan: ToolkitPlan | None, pace: Pace, *, is_async: bool) -> Work:
    """Does one task on a world of its own."""
    waited: list[float] = []
    with fresh.copy() as world:
        tools = slow_tools(world, pace, waited, is_async=is_async)
        model = scripted_model(seconds_per_call=pace.model * pace.scale)
        added = [MetaToolMiddleware(MetaToolkit(plan=plan, tools=tools), mode="prefetch")] if plan else []
        agent = build_agent(model, tools, middleware=added)
        state = {"messages": [("user", task.instruction)]}
        began = time.perf_counter()
        ended = asyncio.run(agent.ainvoke(state)) if is_async else agent.invoke(state)
        seconds = time.perf_counter() - began
        time.sleep(pace.slowest * pace.scale)  # a call that was given up may still be at work in its thread
    said = [(each.type, each.text, _calls(each)) for each in ended["messages"]]
    usage = added[0].usage if added else Counter[tuple[str, str]]()
    return Work(seconds=seconds, waited=sum(waited), said=said, usage=usage)


def _calls(message: Any) -> list[Any]:
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    return [(call["name"], call["args"]) for call in calls]


def measure(tasks: int, seed: int, pace: Pace) -> list[Row]:
    """One row for sync, one for async."""
    with World.create(seed=WORLD_SEED) as world, tempfile.TemporaryDirectory() as folder:
        train, unseen = split_tasks(generate_tasks(world, tasks, seed=seed), held_out=0.3, seed=seed)
        fresh = world.copy()
        tools = back_office_tools(world)
        traces = Path(folder) / "traces.db"
        with awo.TraceRecorder(traces) as recorder:
            run_tasks(build_agent(scripted_model(), tools), train, callbacks=[recorder])
        plan = awo.compile_toolkit(traces, tools=tools).plan
        return [_row(way, unseen, fresh, plan, pace) for way in ("sync", "async")]


def _row(way: str, unseen: Sequence[Task], fresh: World, plan: ToolkitPlan, pace: Pace) -> Row:
    def work(toolkit: ToolkitPlan | None) -> list[Work]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(
                pool.map(lambda task: do_task(task, fresh, toolkit, pace, is_async=way == "async"), unseen)
            )

    plain, ahead = work(None), work(plan)
    pairs = list(zip(plain, ahead, strict=True))
    usage: Counter[str] = Counter()
    for each in ahead:
        for (_, what), number in each.usage.items():
            usage[what] += number
    return Row(
        way=way,
        tasks=len(unseen),
        plain=sum(each.seconds for each in plain) / len(plain) / pace.scale,
        waited=sum(each.waited for each in plain) / len(plain) / pace.scale,
        ahead=sum(each.seconds for each in ahead) / len(ahead) / pace.scale,
        ratio=sum(two.seconds / one.seconds for one, two in pairs) / len(pairs),
        prefetched=usage["prefetched"],
        served=usage["served"],
        unused=usage["unused"],
        same=sum(one.said == two.said for one, two in pairs),
    )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=60, help="tasks to make up; 30 %% are not recorded")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--model-seconds", type=float, default=1.0)
    parser.add_argument("--tool-seconds", type=float, nargs=2, default=(0.05, 0.5))
    parser.add_argument("--scale", type=float, default=0.4)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    fastest, slowest = options.tool_seconds
    pace = Pace(model=options.model_seconds, fastest=fastest, slowest=slowest, scale=options.scale)
    rows = measure(options.tasks, options.seed, pace)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    table = Table("", title=f"{rows[0].tasks} unseen tasks of the demo, seconds for a task")
    headings = ("plain", "of it tools", "prefetch", "ratio", "read ahead", "served", "unused", "same")
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in rows:
        seconds = (f"{each:.2f}" for each in (row.plain, row.waited, row.ahead, row.ratio))
        counts = (row.prefetched, row.served, row.unused, row.same)
        table.add_row(row.way, *seconds, *map(str, counts))
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
